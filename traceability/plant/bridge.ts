import type { SqlRow, SqlValue } from '../../contracts/index.ts'

/** How a thread that may block talks with the one that holds the connection. */
export interface BridgeStart {
  url: string
  /** First on the search path; must exist, unless the migration makes it. */
  schema: string
  readOnly: boolean
  /** Longest time for one statement, ms. */
  statementMs: number
  connectMs: number
}

export interface BridgeStatement {
  text: string
  values: readonly SqlValue[]
}

export interface BridgeAsk {
  statements: BridgeStatement[]
  /** Outside a transaction a lost connection is opened again first. */
  mayConnect: boolean
  /** One text with several statements, without parameters. */
  script?: true
}

export type BridgeReply = {
  /** How often its thread has connected. */
  connections: number
} & BridgeAnswer

export type BridgeAnswer =
  | { ok: true; rows: SqlRow[]; changes: number[] }
  | { ok: false; facts: { message: string; code: string; constraint: string } }

/** Index in the shared words that each reply raises. */
export const REPLIES = 0
/** Index of the word that says how far a question has come: an index of `STEPS`. */
export const STEP = 1
/** What a caller that gave up waiting is told. */
export const STEPS = [
  'its thread has not taken the question',
  'its thread was connecting',
  'the database was asked',
  'its thread has answered',
] as const
