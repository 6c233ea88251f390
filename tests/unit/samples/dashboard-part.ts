import {
  NO_VERDICT_TEXT,
  uuidv5,
  type Finding,
  type NoVerdictReason,
  type QEvent,
  type ScoreMap,
  type Verdict,
} from '../../../contracts/index.ts'
import type { PartDetail, PartRow } from '../../../dashboard/index.ts'
import { BOARD_PX, type Flaw } from './dashboard-board.ts'

const NAMESPACE = '6ba7b810-9dad-11d1-80b4-00c04fd430c8'
export const RECIPE = 'board-top@3'
export const BUDGET_MS = 120

export interface PartPlan {
  position: number
  trigger: number
  station: string
  serial: string
  at: string
  image: string | null
  golden: string
  flaws: readonly Flaw[]
  /** Judged inconclusive by a rule. */
  grey?: boolean
  noVerdict?: NoVerdictReason
  totalMs: number
  attempt?: number
}

/** Everything about one inspection, consistent in itself, from a short plan. */
export function makePart(plan: PartPlan): PartDetail {
  const findings = plan.flaws.map(finding)
  const verdict = makeVerdict(plan, findings)
  const inspectionId = uuidv5(NAMESPACE, `${plan.station}/${plan.trigger}/${plan.attempt ?? 1}`)
  const row: PartRow = {
    position: plan.position,
    inspectionId,
    station: plan.station,
    trigger: plan.trigger,
    attempt: plan.attempt ?? 1,
    serial: plan.serial,
    identifiedBy: plan.noVerdict ? 'trigger' : 'code',
    product: 'BRD-640',
    lot: 'LOT-2407',
    result: verdict.result,
    disposition: verdict.disposition,
    severity: verdict.severity,
    noVerdict: plan.noVerdict ?? null,
    reasons: verdict.reasons,
    defects: findings.map((f) => ({ class: f.class, score: f.score, box: f.box })),
    image: plan.image === null ? null : { sha256: plan.image, widthPx: BOARD_PX, heightPx: BOARD_PX },
    registration: verdict.registration,
    recipe: RECIPE,
    at: plan.at,
    totalMs: plan.totalMs,
    budgetMs: BUDGET_MS,
  }
  const action = verdict.result === 'pass' ? 'release' : verdict.result === 'fail' ? 'reject' : 'hold'
  const command = { station: plan.station, trigger: plan.trigger, inspectionId, action } as const
  return {
    row,
    verdict,
    reads: [],
    timing: {
      queueMs: 1.2,
      decodeMs: 3.4,
      gateMs: 0.8,
      toolsMs: { locate: 6.1, pcb: plan.totalMs * 0.6, gap: 1.3, code: 2.2 },
      inferMs: plan.totalMs * 0.55,
      ruleMs: 0.3,
      totalMs: plan.totalMs,
    },
    images: [
      ...(row.image ? [{ ...row.image, role: 'frame' as const, view: 'top' }] : []),
      { sha256: plan.golden, widthPx: BOARD_PX, heightPx: BOARD_PX, role: 'golden', view: 'top' },
    ],
    worker: 'local/1',
    simulated: true,
    source: 'sample-line seed 1',
    gate: [
      {
        command: { ...command, result: verdict.result, disposition: verdict.disposition, deadlineMs: 120 },
        ack: { ok: true, atMs: plan.totalMs + 4 },
      },
    ],
    late:
      plan.noVerdict === 'deadline'
        ? [{ at: plan.at, result: 'pass', reasons: [{ zh: '全部合格', en: 'All good' }] }]
        : [],
    reviews: [],
    review: null,
    siblings: [row],
    edges: [
      { kind: 'transform', child: plan.serial, parent: 'lot/LOT-2407', certainty: 'certain' },
      { kind: 'transform', child: 'lot/LOT-2407', parent: 'supplier/ACME-PCB', certainty: 'certain' },
    ],
    events: [
      {
        position: plan.position,
        at: plan.at,
        type: 'qe.inspection.completed.v1',
        subject: `unit/${plan.serial}`,
        result: verdict.result,
        inspectionId,
      },
    ],
  }
}

function finding(flaw: Flaw, n: number): Finding {
  const [x1, y1, x2, y2] = flaw.box
  return {
    id: `pcb/${n}`,
    tool: 'pcb',
    use: 'model@1',
    class: flaw.class,
    score: 0.97 - n * 0.13,
    box: flaw.box,
    areaPx: (x2 - x1) * (y2 - y1),
    areaMm2: ((x2 - x1) * (y2 - y1)) / 48 / 48,
    lengthMm: Math.max(x2 - x1, y2 - y1) / 48,
    partXY: [(x1 + x2) / 96, (y1 + y2) / 96],
    rois: ['copper'],
    modelSha256: 'ab'.repeat(32),
  }
}

function makeVerdict(plan: PartPlan, findings: Finding[]): Verdict {
  const condemned = plan.grey || plan.noVerdict ? [] : findings.map((f) => f.id)
  const result = plan.noVerdict || plan.grey ? 'inconclusive' : condemned.length > 0 ? 'fail' : 'pass'
  const classes = [...new Set(findings.map((f) => f.class))].join(', ')
  return {
    result,
    disposition: result === 'pass' ? 'release' : result === 'fail' ? 'rework' : 'hold',
    severity: result === 'fail' ? 'major' : null,
    noVerdict: plan.noVerdict
      ? { reason: plan.noVerdict, code: 'INS_DEADLINE', message: 'verdict after 131 ms, budget 120 ms' }
      : null,
    reasons: plan.noVerdict
      ? [NO_VERDICT_TEXT[plan.noVerdict]]
      : plan.grey
        ? [{ zh: '分数在灰区内,需人工复核', en: 'Score in the grey zone: review needed' }]
        : result === 'fail'
          ? [{ zh: `铜层缺陷:${classes}`, en: `Copper defect: ${classes}` }]
          : [{ zh: '全部规则通过', en: 'All rules passed' }],
    findings,
    defects: condemned,
    measurements: [
      {
        characteristic: 'trace-gap',
        tool: 'gap',
        value: plan.flaws.some((f) => f.class === 'short') ? 0.11 : 0.318,
        unit: 'mm',
        lsl: 0.25,
        usl: 0.4,
        target: 0.32,
        uncertainty: 0.006,
        line: [380, 299, 380, 341],
      },
    ],
    codes: [
      {
        tool: 'code',
        ok: plan.noVerdict === undefined,
        symbology: 'DataMatrix',
        text: plan.noVerdict ? '' : `\u001d0106901234567892\u001d21${plan.serial}`,
        symbologyId: ']d2',
        corners: [],
        ...(plan.noVerdict ? { error: 'no symbol found' } : {}),
      },
    ],
    scores: { 'pcb.max': findings[0]?.score ?? 0.04 },
    maps: [scoreMap(findings)],
    registration: { dxPx: 3, dyPx: -2, angleRad: 0.004, score: 0.98 },
    quality: { focus: 812, meanGrey: 64.2, glare: 0.001, dark: 0.02, blurAnisotropy: 1.08 },
    trace: {
      ruleset: RECIPE,
      steps: [
        {
          rule: 'grey-zone',
          when: 'scores.pcb.max > 0.4 && scores.pcb.max < 0.6',
          matched: plan.grey === true,
          inputs: { 'scores.pcb.max': findings[0]?.score ?? 0.04 },
          defects: [],
        },
        {
          rule: 'copper-defect',
          when: 'findings.exists(f, f.tool == "pcb")',
          matched: condemned.length > 0,
          inputs: { findings: findings.length },
          defects: condemned,
        },
        {
          rule: 'gap-out',
          when: 'measurements["trace-gap"].state == "out"',
          matched: condemned.length > 0,
          inputs: { 'measurements.trace-gap.state': 'out' },
          defects: [],
        },
      ],
      decidedBy: plan.noVerdict
        ? 'no-verdict'
        : plan.grey
          ? 'grey-zone'
          : condemned.length > 0
            ? 'copper-defect+gap-out'
            : 'default',
    },
    recipe: RECIPE,
    recipeSha256: 'cd'.repeat(32),
    models: [{ id: 'pcb-pair', version: '1.0.0', sha256: 'ab'.repeat(32), provider: 'cpu' }],
  }
}

/** 32 × 32 cells, hot where the findings are. */
function scoreMap(findings: readonly Finding[]): ScoreMap {
  const cells = Buffer.alloc(32 * 32, 12)
  for (const { box } of findings) {
    const cx = (box[0] + box[2]) / 40 - 0.5
    const cy = (box[1] + box[3]) / 40 - 0.5
    for (let y = 0; y < 32; y++)
      for (let x = 0; x < 32; x++) {
        const d2 = (x - cx) ** 2 + (y - cy) ** 2
        cells[y * 32 + x] = Math.max(cells[y * 32 + x] ?? 0, Math.round(255 * Math.exp(-d2 / 3)))
      }
  }
  return { tool: 'pcb', widthPx: 32, heightPx: 32, data: cells.toString('base64'), min: 0, max: 1 }
}

/** The part of `qe.inspection.completed.v1` that readers of the log look at. */
export function inspectionEvent(part: PartDetail): QEvent {
  const { row, verdict } = part
  return {
    specversion: '1.0',
    id: row.inspectionId,
    source: `/plants/p/lines/demo/stations/${row.station}`,
    type: 'qe.inspection.completed.v1',
    subject: `unit/${row.serial}`,
    time: row.at,
    datacontenttype: 'application/json',
    dataschema: 'urn:sightline:schema:qe.inspection.completed.v1',
    partitionkey: 'demo',
    data: {
      inspectionId: row.inspectionId,
      place: { plant: 'p', line: 'demo', station: row.station, equipment: row.station },
      verdict: { result: verdict.result, disposition: verdict.disposition, noVerdict: row.noVerdict },
      timing: {
        captureAt: row.at,
        transferMs: 1,
        queueMs: 1.2,
        preprocMs: 4.2,
        inferMs: row.totalMs * 0.55,
        ruleMs: 0.3,
        totalMs: row.totalMs,
        deadlineMs: row.budgetMs,
      },
    },
  }
}
