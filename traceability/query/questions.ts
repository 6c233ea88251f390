import type { ProofQuestions } from '../proof/proof-questions.ts'
import type { WireError } from '../store/store-ops.ts'
import type { TraceQuery } from './trace-query.ts'

/** Calls of `TraceQuery` that may look at many records, and of the proof of its log. */
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
  'sinks',
  'sinkLetters',
  'partProof',
  'eventProof',
  'partBundle',
] as const
export type Question = (typeof QUESTIONS)[number]

export type Answers = TraceQuery & ProofQuestions

/** The same calls, answered by another process. */
export type Questions = {
  [Q in Question]: (...args: Parameters<Answers[Q]>) => Promise<Awaited<ReturnType<Answers[Q]>>>
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
