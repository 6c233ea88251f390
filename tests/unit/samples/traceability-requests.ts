import type {
  CaptureRequest,
  CodeRead,
  GateNote,
  PartContext,
  Verdict,
  VerdictReviewed,
} from '../../../contracts/index.ts'
import { newEvent, noVerdict, uuidv7 } from '../../../contracts/index.ts'

export const context: PartContext = {
  line: 'caps-a',
  plant: 'p1',
  station: 'st10',
  product: 'cap',
  shift: 'day',
}

export const RECIPE = { id: 'cap-top@4', sha256: 'ab'.repeat(32) }

export const at = (trigger: number): string =>
  new Date(Date.UTC(2026, 0, 5, 6, 0, 0) + trigger * 1000).toISOString()

/** GS1 DataMatrix of GTIN 09506000134352 (GS1's own example company prefix) with serial and lot. */
export const gs1Code = (serial: string, lot?: string): CodeRead => ({
  tool: 'dm',
  ok: true,
  symbology: 'DataMatrix',
  symbologyId: ']d2',
  text: `010950600013435221${serial}${lot === undefined ? '' : `\u001d10${lot}`}`,
  corners: [],
})

export const plainCode = (text: string, tool = 'bc'): CodeRead => ({
  tool,
  ok: true,
  symbology: 'Code128',
  symbologyId: ']C0',
  text,
  corners: [],
})

export const failedRead: CodeRead = {
  tool: 'dm',
  ok: false,
  symbology: '',
  symbologyId: '',
  text: '',
  corners: [],
  error: 'no symbol found',
}

export const passVerdict = (patch: Partial<Verdict> = {}): Verdict => ({
  result: 'pass',
  disposition: 'release',
  severity: null,
  noVerdict: null,
  reasons: [],
  findings: [],
  defects: [],
  measurements: [],
  codes: [],
  scores: {},
  maps: [],
  registration: null,
  quality: null,
  trace: { ruleset: RECIPE.id, steps: [], decidedBy: 'default' },
  recipe: RECIPE.id,
  recipeSha256: RECIPE.sha256,
  models: [],
  ...patch,
})

export const failVerdict = (patch: Partial<Verdict> = {}): Verdict =>
  passVerdict({
    result: 'fail',
    disposition: 'scrap',
    severity: 'major',
    reasons: [{ zh: '划痕', en: 'Scratch' }],
    findings: [
      {
        id: 'pair/0',
        tool: 'pair',
        use: 'model@1',
        class: 'scratch',
        score: 0.93,
        box: [10, 20, 30, 44],
        areaPx: 480,
        areaMm2: 1.2,
        lengthMm: 1.2,
        partXY: [2.5, 4],
        rois: ['rim'],
        modelSha256: 'cd'.repeat(32),
      },
      {
        id: 'pair/1',
        tool: 'pair',
        use: 'model@1',
        class: 'dust',
        score: 0.2,
        box: [1, 1, 3, 3],
        areaPx: 4,
        rois: [],
      },
    ],
    defects: ['pair/0'],
    measurements: [
      {
        characteristic: 'gapMm',
        tool: 'gap',
        value: 1.51,
        unit: 'mm',
        lsl: 1.4,
        usl: 1.6,
        uncertainty: 0.01,
      },
    ],
    trace: {
      ruleset: RECIPE.id,
      steps: [
        { rule: 'scratch', when: 'true', matched: true, inputs: { n: 1 }, defects: ['pair/0'] },
        { rule: 'late', when: 'false', matched: false, inputs: {}, defects: [] },
      ],
      decidedBy: 'scratch',
    },
    ...patch,
  })

const missedVerdict = (): Verdict =>
  noVerdict(RECIPE, { reason: 'missed', code: 'CAM_TIMEOUT', message: 'no frame' })

/** One judged trigger with a 4 × 2 grey image. */
export function request(
  trigger: number,
  verdict: Verdict,
  patch: Partial<CaptureRequest> = {},
): CaptureRequest {
  return {
    inspectionId: uuidv7(),
    station: 'st10',
    trigger,
    attempt: 1,
    runType: 'production',
    meta: {
      frameId: uuidv7(),
      station: 'st10',
      view: 'top',
      trigger,
      cameraCounter: trigger,
      capturedAt: at(trigger),
      triggeredAtMs: Date.parse(at(trigger)) - 4,
      format: { kind: 'raw', pixel: 'mono8', widthPx: 4, heightPx: 2 },
      byteLength: 8,
      source: 'sample',
      simulated: true,
    },
    image: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, trigger % 251),
    context,
    product: { id: 'cap', revision: 'A', gtin: '09506000134352' },
    identity: 'optional',
    identityTools: ['dm', 'bc'],
    outcome: {
      verdict,
      timing: {
        queueMs: 1,
        decodeMs: 0,
        gateMs: 0.5,
        toolsMs: { pair: 9 },
        inferMs: 8,
        ruleMs: 0.1,
        totalMs: 11,
      },
      widthPx: 4,
      heightPx: 2,
      worker: 'local/0',
    },
    budgetMs: 120,
    startedAt: at(trigger),
    endedAt: at(trigger),
    ...patch,
  }
}

export const missed = (trigger: number): CaptureRequest =>
  request(trigger, missedVerdict(), { meta: null, image: null })

/** The event of a person who looked at an inspection: found bad what the line had failed, unless `data` says otherwise. */
/** What became of the command for an inspection that the gate did not take. */
export function gateFailed(inspectionId: string): Required<GateNote> {
  const [station, trigger, action, code] = ['st10', 1, 'reject', 'CAM_IO'] as const
  const data = { inspectionId, station, trigger, action, code, message: 'the cable is out' }
  return {
    command: { station, trigger, inspectionId, action, result: 'fail', disposition: 'scrap', deadlineMs: 1 },
    ack: { ok: false, code, message: 'the cable is out', atMs: 1 },
    failed: newEvent({
      type: 'qe.gate.failed.v1',
      source: '/plants/p1/lines/caps-a/stations/st10',
      subject: `inspection/${inspectionId}`,
      partitionkey: 'caps-a',
      data,
    }),
  }
}

export const reviewed = (inspectionId: string, data: Partial<VerdictReviewed> = {}) => ({
  ...newEvent<VerdictReviewed>({
    type: 'qe.verdict.reviewed.v1',
    source: '/plants/p1/lines/caps-a/stations/st10',
    subject: `inspection/${inspectionId}`,
    partitionkey: 'caps-a',
    data: {
      inspectionId,
      reviewer: 'li',
      before: 'fail',
      after: 'fail',
      reason: 'seen',
      labels: [],
      ...data,
    },
  }),
  time: at(900),
})
