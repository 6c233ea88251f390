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
import { assertFinite } from '../tools/finite.ts'
import { Found, Measured, Read } from './environment.ts'

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

/** The facts under the names of the CEL environment. */
interface Variables {
  findings: readonly Found[]
  measurements: Readonly<Record<string, Measured>>
  codes: readonly Read[]
  scores: Readonly<Record<string, number>>
  quality: ImageQuality
  registration: { dxPx: number; dyPx: number; angleDeg: number; score: number }
  part: Readonly<Record<'product' | 'lot' | 'supplier' | 'workOrder', string>>
  line: Readonly<Record<'line' | 'station' | 'shift', string>>
}

/** @throws INS_RULE for a fact that is NaN or infinite: no comparison with it would hold */
export function toVariables(facts: RuleFacts): Variables {
  const variables = {
    findings: facts.findings.map((f) => new Found(f)),
    measurements: Object.fromEntries(
      facts.measurements.map((m) => [m.characteristic, new Measured(m.value, m.unit, limitState(m))]),
    ),
    codes: facts.codes.map((c) => new Read(c)),
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
  if (!allFinite(variables)) assertFinite(numbersOf(variables), 'INS_RULE', 'facts')
  return variables
}

function allFinite(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (value === null || typeof value !== 'object') return true
  for (const key in value) if (!allFinite((value as Record<string, unknown>)[key])) return false
  return true
}

/** With the names of their places, which to make for every number of many findings takes a millisecond. */
function* numbersOf(value: unknown, path = ''): Generator<readonly [string, number]> {
  if (typeof value === 'number') yield [path, value]
  else if (value !== null && typeof value === 'object')
    for (const [key, item] of Object.entries(value)) yield* numbersOf(item, path ? `${path}.${key}` : key)
}
