import type { ProofQuestions } from '../proof/proof-questions.ts'
import type { WireError } from '../store/store-ops.ts'
import type { PlantQuery } from '../plant/plant-query.ts'
import type { TraceQuery } from './trace-query.ts'

/** Calls of `TraceQuery` that may look at many records. */
const TRACE_QUESTIONS = [
  'recentParts',
  'part',
  'bySerial',
  'serialsFrom',
  'unitLives',
  'recallText',
  'causeCounts',
  'causeTable',
  'defectPlaces',
  'holds',
  'ncrs',
  'ncr',
  'holdOver',
  'oldestImages',
  'counters',
  'triggerBalance',
  'defectPareto',
  'defectClasses',
  'exportPage',
  'scoredAfter',
  'goodParts',
  'defectiveParts',
  'sinks',
  'sinkLetters',
] as const
/** Of the records, but what people said about parts is said at the line. */
export const RECORD_QUESTIONS = [...TRACE_QUESTIONS, 'reviewSaid'] as const
/** Those about the proof of its log, which only a line answers. */
export const PROOF_QUESTIONS = ['partProof', 'eventProof', 'partBundle'] as const
export const LINE_QUESTIONS = [...RECORD_QUESTIONS, ...PROOF_QUESTIONS] as const
/** Those that only the store of a plant answers. */
export const PLANT_QUESTIONS = [
  ...TRACE_QUESTIONS,
  'plantLogs',
  'activeHolds',
  'storedImage',
  'imageAddresses',
  'stateHold',
  'checkLog',
] as const
export type Question = (typeof LINE_QUESTIONS | typeof PLANT_QUESTIONS)[number]

/** Who answers: a call to each of the questions. Types miss neither an answer that is lacking nor one of another name. */
export type Answers<Q extends Question> = Record<Q, (...args: never[]) => unknown>

type Asked<T, Q extends keyof T> = {
  [K in Q]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never
}

/** The same calls, answered by another process. */
export type Questions = Asked<TraceQuery & ProofQuestions, (typeof LINE_QUESTIONS)[number]>
export type PlantQuestions = Asked<PlantQuery, (typeof PLANT_QUESTIONS)[number]>

/** Whose records: the data directory of a line, or the store of a plant. */
export type QueryData = { dataDir: string } | { plant: { url: string; schema: string } }

export interface QueryAsk {
  question: Question
  args: unknown[]
}

export type QueryAnswer =
  | { kind: 'ready' }
  | { kind: 'broken'; error: WireError }
  | { kind: 'answer'; value: unknown }
  | { kind: 'refusal'; error: WireError }
