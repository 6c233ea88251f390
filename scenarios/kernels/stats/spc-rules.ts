import type { I18n } from '../../../contracts/index.ts'

/** The four zone tests of the Western Electric Statistical Quality Control Handbook (1956), in words. */
export const WESTERN_ELECTRIC: Record<WesternElectricRule, I18n> = {
  1: { zh: '1 点超出 3σ 控制限', en: 'one point beyond 3 sigma' },
  2: {
    zh: '连续 3 点中 2 点在同侧 2σ 以外',
    en: 'two of three successive points beyond 2 sigma on one side',
  },
  3: {
    zh: '连续 5 点中 4 点在同侧 1σ 以外',
    en: 'four of five successive points beyond 1 sigma on one side',
  },
  4: { zh: '连续 8 点在中心线同侧', en: 'eight successive points on one side of the centre line' },
}
export type WesternElectricRule = 1 | 2 | 3 | 4

export interface RuleSignal {
  rule: WesternElectricRule
  side: 'above' | 'below'
}

const ZONES: { rule: WesternElectricRule; of: number; need: number; beyond: number }[] = [
  { rule: 1, of: 1, need: 1, beyond: 3 },
  { rule: 2, of: 3, need: 2, beyond: 2 },
  { rule: 3, of: 5, need: 4, beyond: 1 },
  { rule: 4, of: 8, need: 8, beyond: 0 },
]

/**
 * Signals at the newest point. A signal needs the newest point itself in the zone, so that one run is reported
 * where it is completed and not again by the points that only follow it.
 *
 * @param z standardised points in time order, newest last
 */
export function westernElectricAtLast(z: readonly number[]): RuleSignal[] {
  const signals: RuleSignal[] = []
  const last = z.at(-1)
  if (last === undefined) return signals
  for (const side of ['above', 'below'] as const) {
    const sign = side === 'above' ? 1 : -1
    for (const t of ZONES) {
      const window = z.slice(-t.of)
      if (window.length < t.need || sign * last <= t.beyond) continue
      if (window.filter((v) => sign * v > t.beyond).length >= t.need) signals.push({ rule: t.rule, side })
    }
  }
  return signals.sort((a, b) => a.rule - b.rule)
}
