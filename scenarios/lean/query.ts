import { z } from 'zod'
import type { Needs } from '../kit/view.ts'

const day = z.iso.date()

/** Which streams: everything left out matches all. */
export const streamQuery = {
  line: z.string().max(200).optional(),
  station: z.string().max(200).optional(),
  product: z.string().max(200).optional(),
  simulated: z
    .enum(['true', 'false'])
    .transform((v) => v === 'true')
    .optional(),
}

/** First and last day, UTC, both included. */
export const dayQuery = { from: day.optional(), to: day.optional() }

export interface DayRange {
  from?: string | undefined
  to?: string | undefined
}

/** `stream in (...) and day between ...` with its values. */
export function inStreams(
  streams: readonly { stream: string }[],
  d: DayRange,
): { where: string; values: string[] } {
  return {
    where: `stream in (${streams.map(() => '?').join(', ')}) and day >= ? and day <= ?`,
    values: [...streams.map((s) => s.stream), d.from ?? '0000-01-01', d.to ?? '9999-12-31'],
  }
}

export const NEEDS_PARTS: Needs = {
  text: { zh: '还没有检测数据', en: 'No part has been inspected yet' },
  have: 0,
  need: 1,
}
