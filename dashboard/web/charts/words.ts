import { percentText, timeText } from '../look/format.ts'

/** A subgroup is called by its number, or by the time it began: as the clock of the reader says it, to the minute. */
export const labelText = (label: string): string =>
  /^\d{4}-\d\d-\d\dT/.test(label) ? timeText(label).slice(0, -7) : label

/** Two decimals, and of less than 1 % three digits, so that a small share is not shown as none. */
const percent = (share: number): string =>
  share < 1 && share >= 0.99995
    ? percentText(share, 2)
    : `${Number(share < 0.01 ? (share * 100).toPrecision(3) : (share * 100).toFixed(2))} %`

/** A value of a chart: a share of 0..1 as per cent, or four digits of it. */
export const shareText = (value: number, ratio: boolean): string =>
  ratio ? percent(value) : String(Number(value.toPrecision(4)))
