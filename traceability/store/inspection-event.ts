import type { InspectionCompleted, QEvent } from '../../contracts/index.ts'
import { CLOCK_SET_MS } from '../../contracts/thread.ts'
import type { StoredImage } from './image-files.ts'
import type { CaptureRecord } from './record-codec.ts'

/** What an inspection says its unit is made of. */
export type Origin = NonNullable<InspectionCompleted['genealogy']>

/** The unit as the store names it. */
export interface UnitFacts {
  serial: string
  uri: string
  identifiedBy: 'code' | 'trigger'
  lot: string | null
  /** Null: as events were before they told it. */
  origin: Origin | null
}

const stationSource = (plant: string, line: string, station: string): string =>
  `/plants/${plant}/lines/${line}/stations/${station}`

export const schemaUri = (type: string): string => `urn:sightline:schema:${type}`

/** RFC 6920 name of an image: says what it is, not where. */
export const imageUri = (sha256: string): string =>
  `ni:///sha-256;${Buffer.from(sha256, 'hex').toString('base64url')}`

/**
 * `qe.inspection.completed.v1` of one capture. Its id is the inspection id, so that a repeated capture cannot give a
 * second event. Frames of a trigger without image count as expected, not received. All keys are in the order of
 * canonical JSON, which makes that cheap.
 *
 * @param hashes of the capture as it is stored and of its rows; events did not always tell them
 */
export function inspectionEvent(
  request: CaptureRecord,
  unit: UnitFacts,
  image: StoredImage | null,
  hashes: Pick<InspectionCompleted, 'recordSha256' | 'rowsSha256'> = {},
): Omit<QEvent<InspectionCompleted>, 'sequence'> {
  const { context, outcome, meta } = request
  const type = 'qe.inspection.completed.v1'
  return {
    data: {
      defects: defectsOf(request),
      ...(unit.origin === null ? {} : { genealogy: unit.origin }),
      image: imageOf(request, image),
      inspectionId: request.inspectionId,
      measurements: outcome.verdict.measurements.map((m) => ({
        characteristic: m.characteristic,
        ...(m.lsl === undefined ? {} : { lsl: m.lsl }),
        ...(m.target === undefined ? {} : { target: m.target }),
        ...(m.uncertainty === undefined ? {} : { uncertainty: m.uncertainty }),
        unit: m.unit,
        ...(m.usl === undefined ? {} : { usl: m.usl }),
        value: m.value,
      })),
      models: outcome.verdict.models.map(({ id, version, sha256, provider }) => ({
        name: id,
        provider,
        sha256,
        version,
      })),
      place: {
        ...(request.place?.cavity === undefined ? {} : { cavity: request.place.cavity }),
        equipment: request.station,
        ...(request.place?.fixture === undefined ? {} : { fixture: request.place.fixture }),
        line: context.line,
        plant: context.plant,
        station: request.station,
      },
      process: processOf(request, unit),
      ...hashes,
      runType: request.runType,
      simulated: meta?.simulated ?? false,
      timing: timingOf(request),
      trigger: request.trigger,
      unit: {
        identifiedBy: unit.identifiedBy,
        lot: unit.lot ?? '',
        product: request.product.id,
        revision: request.product.revision,
        reworkCount: request.reworkCount ?? 0,
        serial: unit.serial,
        ...(context.workOrder === undefined ? {} : { workOrder: context.workOrder }),
      },
      verdict: verdictOf(request),
    },
    datacontenttype: 'application/json',
    dataschema: schemaUri(type),
    id: request.inspectionId,
    partitionkey: context.line,
    source: stationSource(context.plant, context.line, request.station),
    specversion: '1.0',
    subject: `unit/${unit.serial}`,
    time: meta?.capturedAt ?? request.startedAt,
    type,
  }
}

function processOf(request: CaptureRecord, unit: UnitFacts): InspectionCompleted['process'] {
  const { context } = request
  const recipe = request.outcome.verdict.recipe
  const at = recipe.lastIndexOf('@')
  const lot = context.lot ?? unit.lot
  return {
    cycleMs: Math.max(0, Date.parse(request.endedAt) - Date.parse(request.startedAt)),
    endedAt: request.endedAt,
    materials: lot
      ? [
          {
            item: request.product.id,
            lot,
            ...(context.supplier === undefined ? {} : { supplier: context.supplier }),
          },
        ]
      : [],
    operation: 'inspect',
    // Without a routing from the plant's MES each station is its own operation.
    operationSeq: 1,
    ...(context.operator === undefined ? {} : { operatorRef: context.operator }),
    recipe: at < 0 ? recipe : recipe.slice(0, at),
    recipeVersion: at < 0 ? '' : recipe.slice(at + 1),
    shift: context.shift,
    startedAt: request.startedAt,
  }
}

function imageOf(request: CaptureRecord, image: StoredImage | null): InspectionCompleted['image'] {
  const quality = request.outcome.verdict.quality
  return {
    framesExpected: 1,
    framesReceived: request.meta === null ? 0 : 1,
    ...(quality === null ? {} : { sharpness: quality.focus }),
    views: image === null ? [] : [viewOf(image)],
  }
}

export const viewOf = (image: StoredImage): InspectionCompleted['image']['views'][number] => ({
  height: image.heightPx,
  sha256: image.sha256,
  uri: imageUri(image.sha256),
  view: image.view,
  width: image.widthPx,
})

function defectsOf(request: CaptureRecord): InspectionCompleted['defects'] {
  const { verdict } = request.outcome
  const condemned = new Set(verdict.defects)
  return verdict.findings
    .filter((f) => condemned.has(f.id))
    .map((f) => ({
      ...(f.areaMm2 === undefined ? {} : { areaMm2: f.areaMm2 }),
      bbox: [...f.box] as [number, number, number, number],
      classCode: f.class,
      confidence: f.score,
      ...(f.rois[0] === undefined ? {} : { feature: f.rois[0] }),
      id: f.id,
      ...(f.lengthMm === undefined ? {} : { lengthMm: f.lengthMm }),
      ...(f.partXY === undefined ? {} : { partXY: [f.partXY[0], f.partXY[1]] as [number, number] }),
      // Rules give the verdict a severity, not each finding; an unstated one counts as major.
      severity: verdict.severity ?? 'major',
      view: request.meta?.view ?? '',
    }))
}

function verdictOf(request: CaptureRecord): InspectionCompleted['verdict'] {
  const { verdict } = request.outcome
  return {
    decidedBy: 'auto',
    disposition: verdict.disposition,
    noVerdict: verdict.noVerdict?.reason ?? null,
    pDefect: verdict.findings.reduce((max, f) => Math.max(max, f.score), 0),
    result: verdict.result,
    rules: verdict.trace.steps.filter((s) => s.matched).map((s) => s.rule),
    ruleset: verdict.trace.ruleset,
  }
}

function timingOf(request: CaptureRecord): InspectionCompleted['timing'] {
  const { meta, outcome } = request
  const t = outcome.timing
  const captureAt = meta?.capturedAt ?? request.startedAt
  // How far the clock of the system was set since the process began; `startedAt` is the trigger by the clock as set.
  const aheadMs = meta === null ? 0 : Date.parse(request.startedAt) - Math.trunc(meta.triggeredAtMs)
  const setMs = Math.abs(aheadMs) > CLOCK_SET_MS ? aheadMs : 0
  return {
    captureAt,
    deadlineMs: request.budgetMs,
    inferMs: t.inferMs,
    preprocMs: t.decodeMs + t.gateMs,
    queueMs: t.queueMs,
    ruleMs: t.ruleMs,
    totalMs: t.totalMs,
    transferMs: meta === null ? 0 : transferOf(Date.parse(captureAt) - meta.triggeredAtMs, setMs, request),
  }
}

/** @param ms from the trigger to the capture, `setMs` too long where the clock had been set by then, and not where after */
function transferOf(ms: number, setMs: number, { startedAt, endedAt }: CaptureRecord): number {
  const tookMs = Date.parse(endedAt) - Date.parse(startedAt)
  const fits = (t: number): boolean => t >= 0 && t <= tookMs
  return setMs !== 0 && !fits(ms - setMs) && fits(ms) ? ms : Math.max(0, ms - setMs)
}
