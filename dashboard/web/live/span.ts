import { useMemo } from 'react'
import { lineNow } from '../look/line-clock.ts'

/** Hours counted back from now by the clock of the line; null = all records. */
const HOURS = { h1: 1, h8: 8, h24: 24, all: null } as const
export type Span = keyof typeof HOURS
export const SPANS = ['h1', 'h8', 'h24', 'all'] as const satisfies readonly Span[]

/** Start of the span, on a whole minute so that all screens ask the same question. */
export function useSince(span: Span): string | null {
  const nowMinute = Math.floor(lineNow() / 60_000)
  return useMemo(() => {
    const hours = HOURS[span]
    return hours === null ? null : new Date((nowMinute - hours * 60) * 60_000).toISOString()
  }, [span, nowMinute])
}
