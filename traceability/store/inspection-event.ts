import type { InspectionCompleted, QEvent } from '../../contracts/index.ts'
import type { StoredImage } from './image-files.ts'
import type { CaptureRecord } from './record-codec.ts'

/** The unit as the store names it. */
export interface UnitFacts {
  serial: string
  uri: string
  identifiedBy: 'code' | 'trigger'
  lot: string | null
}

export const stationSource = (plant: string, line: string, station: string): string =>
  `/plants/${plant}/lines/${line}/stations/${station}`

export const schemaUri = (type: string): string => `urn:sightline:schema:${type}`

/** RFC 6920 name of an image: says what it is, not where. */
export const imageUri = (sha256: string): string =>
  `ni:///sha-256;${Buffer.from(sha256, 'hex').toString('base64url')}`

/**
 * `qe.inspection.completed.v1` of one capture. Its id is the inspection id, so that a repeated capture cannot give a
 * second event. Frames of a trigger without image count as expected, not received.
 */
export function inspectionEvent(
  request: CaptureRecord,
  unit: UnitFacts,
  image: StoredImage | null,
): Omit<QEvent<InspectionCompleted>, 'sequence'> {
  const { context, outcome, meta } = request
  const type = 'qe.inspection.completed.v1'
  return {
    specversion: '1.0',
    id: request.inspectionId,
    source: stationSource(context.plant, context.line, request.station),
    type,
    subject: `unit/${unit.serial}`,
    time: meta?.capturedAt ?? request.startedAt,
    datacontenttype: 'application/json',
    dataschema: schemaUri(type),
    partitionkey: context.line,
    data: {
      inspectionId: request.inspectionId,
      runType: request.runType,
      simulated: meta?.simulated ?? false,
      unit: {
        serial: unit.serial,
        product: request.product.id,
        revision: request.product.revision,
        lot: unit.lot ?? '',
        ...(context.workOrder === undefined ? {} : { workOrder: context.workOrder }),
        reworkCount: request.reworkCount ?? 0,
        identifiedBy: unit.identifiedBy,
      },
      place: {
        plant: context.plant,
        line: context.line,
        station: request.station,
        equipment: request.station,
      },
      process: processOf(request, unit),
      trigger: request.trigger,
      image: imageOf(request, image),
      models: outcome.verdict.models.map(({ id, version, sha256, provider }) => ({
        name: id,
        version,
        sha256,
        provider,
      })),
      defects: defectsOf(request),
      measurements: outcome.verdict.measurements.map((m) => ({
        characteristic: m.characteristic,
        value: m.value,
        unit: m.unit,
        ...(m.lsl === undefined ? {} : { lsl: m.lsl }),
        ...(m.usl === undefined ? {} : { usl: m.usl }),
        ...(m.target === undefined ? {} : { target: m.target }),
        ...(m.uncertainty === undefined ? {} : { uncertainty: m.uncertainty }),
      })),
      verdict: verdictOf(request),
      timing: timingOf(request),
    },
  }
}

function processOf(request: CaptureRecord, unit: UnitFacts): InspectionCompleted['process'] {
  const { context } = request
  const recipe = request.outcome.verdict.recipe
  const at = recipe.lastIndexOf('@')
  const lot = context.lot ?? unit.lot
  return {
    operation: 'inspect',
    // Without a routing from the plant's MES each station is its own operation.
    operationSeq: 1,
    recipe: at < 0 ? recipe : recipe.slice(0, at),
    recipeVersion: at < 0 ? '' : recipe.slice(at + 1),
    materials: lot
      ? [
          {
            item: request.product.id,
            lot,
            ...(context.supplier === undefined ? {} : { supplier: context.supplier }),
          },
        ]
      : [],
    shift: context.shift,
    cycleMs: Math.max(0, Date.parse(request.endedAt) - Date.parse(request.startedAt)),
    startedAt: request.startedAt,
    endedAt: request.endedAt,
  }
}

function imageOf(request: CaptureRecord, image: StoredImage | null): InspectionCompleted['image'] {
  const quality = request.outcome.verdict.quality
  return {
    views: image
      ? [
          {
            view: image.view,
            uri: imageUri(image.sha256),
            sha256: image.sha256,
            width: image.widthPx,
            height: image.heightPx,
          },
        ]
      : [],
    ...(quality === null ? {} : { sharpness: quality.focus }),
    framesExpected: 1,
    framesReceived: request.meta === null ? 0 : 1,
  }
}

function defectsOf(request: CaptureRecord): InspectionCompleted['defects'] {
  const { verdict } = request.outcome
  const condemned = new Set(verdict.defects)
  return verdict.findings
    .filter((f) => condemned.has(f.id))
    .map((f) => ({
      id: f.id,
      classCode: f.class,
      // Rules give the verdict a severity, not each finding; an unstated one counts as major.
      severity: verdict.severity ?? 'major',
      confidence: f.score,
      bbox: [...f.box] as [number, number, number, number],
      view: request.meta?.view ?? '',
      ...(f.areaMm2 === undefined ? {} : { areaMm2: f.areaMm2 }),
      ...(f.lengthMm === undefined ? {} : { lengthMm: f.lengthMm }),
      ...(f.partXY === undefined ? {} : { partXY: [f.partXY[0], f.partXY[1]] as [number, number] }),
      ...(f.rois[0] === undefined ? {} : { feature: f.rois[0] }),
    }))
}

function verdictOf(request: CaptureRecord): InspectionCompleted['verdict'] {
  const { verdict } = request.outcome
  return {
    result: verdict.result,
    disposition: verdict.disposition,
    noVerdict: verdict.noVerdict?.reason ?? null,
    pDefect: verdict.findings.reduce((max, f) => Math.max(max, f.score), 0),
    rules: verdict.trace.steps.filter((s) => s.matched).map((s) => s.rule),
    ruleset: verdict.trace.ruleset,
    decidedBy: 'auto',
  }
}

function timingOf(request: CaptureRecord): InspectionCompleted['timing'] {
  const { meta, outcome } = request
  const t = outcome.timing
  const captureAt = meta?.capturedAt ?? request.startedAt
  return {
    captureAt,
    transferMs: meta === null ? 0 : Math.max(0, Date.parse(captureAt) - meta.triggeredAtMs),
    queueMs: t.queueMs,
    preprocMs: t.decodeMs + t.gateMs,
    inferMs: t.inferMs,
    ruleMs: t.ruleMs,
    totalMs: t.totalMs,
    deadlineMs: request.budgetMs,
  }
}
