import { percentText } from '../look/format.ts'
import { lineNow } from '../look/line-clock.ts'

/** A small share: per cent down to 0.1 %, ppm below. */
export function rateText(rate: number | null): string {
  if (rate === null) return '–'
  if (rate === 0) return '0'
  if (rate >= 0.001) return percentText(rate, 2)
  return rate < 0.5e-6 ? '< 1 ppm' : `${(1e6 * rate).toFixed(0)} ppm`
}

/** First day (UTC) of a span of days that ends today; null = no limit. */
export const dayBefore = (days: number | null): string | null =>
  days === null ? null : new Date(lineNow() - (days - 1) * 86_400_000).toISOString().slice(0, 10)
