import type { WireError } from '../store/store-ops.ts'
import type { TraceQuery } from './trace-query.ts'

/** Calls of `TraceQuery` that may look at many records. */
export const QUESTIONS = [
  'recentParts',
  'part',
  'bySerial',
  'unitLives',
  'recallText',
  'causeCounts',
  'holds',
  'ncrs',
  'ncr',
  'holdOver',
  'oldestImages',
  'counters',
  'triggerBalance',
  'defectPareto',
  'exportPage',
  'scoredAfter',
  'goodParts',
  'defectiveParts',
  'sinks',
  'sinkLetters',
] as const
export type Question = (typeof QUESTIONS)[number]

/** The same calls, answered by another process. */
export type Questions = {
  [Q in Question]: (...args: Parameters<TraceQuery[Q]>) => Promise<Awaited<ReturnType<TraceQuery[Q]>>>
}

export interface QueryData {
  dataDir: string
}

export interface QueryAsk {
  question: Question
  args: unknown[]
}

export type QueryAnswer =
  | { kind: 'ready' }
  | { kind: 'broken'; error: WireError }
  | { kind: 'answer'; value: unknown }
  | { kind: 'refusal'; error: WireError }
