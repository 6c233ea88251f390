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
  /** Time that the bytes of the statements may take on a slow link, on top of the limit, ms. */
  extraMs: number
  /** One text with several statements, without parameters. */
  script?: true
}

export type BridgeReply =
  | { ok: true; rows: SqlRow[]; changes: number[] }
  | { ok: false; facts: { message: string; code: string; constraint: string } }

/** Index in the shared counter that each reply raises. */
export const REPLIES = 0
