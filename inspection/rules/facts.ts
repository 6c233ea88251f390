import type {
  CodeRead,
  Finding,
  ImageQuality,
  Measurement,
  PartContext,
  Registration,
  RuleTrace,
  Verdict,
} from '../../contracts/index.ts'
import { Measured } from './environment.ts'

/** Everything a rule may look at. */
export interface RuleFacts {
  findings: readonly Finding[]
  measurements: readonly Measurement[]
  codes: readonly CodeRead[]
  scores: Readonly<Record<string, number>>
  quality: ImageQuality | null
  registration: Registration | null
  context: PartContext
}

/** The part of a verdict that rules decide. */
export type RuleDecision = Pick<Verdict, 'result' | 'disposition' | 'severity' | 'reasons' | 'defects'> & {
  trace: RuleTrace
}

/**
 * Where a measured value lies, with the guard band of ISO 14253-1: `in` and `out` are proven with the expanded
 * uncertainty, `uncertain` is neither.
 */
export type LimitState = 'in' | 'out' | 'uncertain'

export function limitState(m: Measurement): LimitState {
  const u = m.uncertainty ?? 0
  const { lsl = -Infinity, usl = Infinity } = m
  if (m.value - u > usl || m.value + u < lsl) return 'out'
  if (m.value + u <= usl && m.value - u >= lsl) return 'in'
  return 'uncertain'
}

/** Plain values under the names of the CEL environment. */
export function toVariables(facts: RuleFacts, hasMm: boolean): Record<string, unknown> {
  const finding = (f: Finding): Record<string, unknown> => ({
    id: f.id,
    tool: f.tool,
    class: f.class,
    score: f.score,
    areaPx: f.areaPx,
    widthPx: f.box[2] - f.box[0],
    heightPx: f.box[3] - f.box[1],
    rois: f.rois,
    ...(hasMm ? { areaMm2: f.areaMm2 ?? 0, lengthMm: f.lengthMm ?? 0 } : {}),
  })
  return {
    findings: facts.findings.map(finding),
    measurements: Object.fromEntries(
      facts.measurements.map((m) => [m.characteristic, new Measured(m.value, m.unit, limitState(m))]),
    ),
    codes: facts.codes.map((c) => ({ tool: c.tool, ok: c.ok, text: c.text, symbology: c.symbology })),
    scores: facts.scores,
    quality: facts.quality ?? { focus: 0, meanGrey: 0, glare: 0, dark: 0, blurAnisotropy: 1 },
    registration: {
      dxPx: facts.registration?.dxPx ?? 0,
      dyPx: facts.registration?.dyPx ?? 0,
      angleDeg: ((facts.registration?.angleRad ?? 0) * 180) / Math.PI,
      score: facts.registration?.score ?? 1,
    },
    part: {
      product: facts.context.product,
      lot: facts.context.lot ?? '',
      supplier: facts.context.supplier ?? '',
      workOrder: facts.context.workOrder ?? '',
    },
    line: { line: facts.context.line, station: facts.context.station, shift: facts.context.shift },
  }
}
