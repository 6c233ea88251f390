import { type MessagePort, workerData } from 'node:worker_threads'
import pg from 'pg'
import type { SqlRow } from '../../contracts/index.ts'
import {
  type BridgeAnswer,
  type BridgeAsk,
  type BridgeReply,
  type BridgeStart,
  REPLIES,
  STEP,
  STEPS,
} from './bridge.ts'
import { COMPAT_SCHEMA } from './compat.ts'
import { POOLER, postgresFacts } from './postgres-errors.ts'

/** Holds the connection to PostgreSQL for a thread that waits for each answer. Started by `openPostgres` only. */

/** Object ids of built-in types (pg_type.dat). */
const BOOL = 16
const INT8 = 20
const NUMERIC = 1700

const types = {
  // As SQLite answers: truth is 1 or 0, and whole numbers stay below 2^53.
  getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
    if (oid === BOOL) return (v) => (v === 't' ? 1 : 0)
    if (oid === INT8 || oid === NUMERIC) return Number
    return pg.types.getTypeParser(oid, format as 'text') as (value: string) => unknown
  },
}

/**
 * What would make other text, other numbers or other refusals of our statements, where role or database have it
 * otherwise. How long a lock is waited for is up to the time limit of the statement.
 */
const AS_EXPECTED = `set standard_conforming_strings to on; set bytea_output to hex; set extra_float_digits to 1;
  set datestyle to iso; set timezone to 'UTC'; set transform_null_equals to off; set lock_timeout to 0;
  set default_transaction_isolation to 'read committed'; set synchronous_commit to on; set jit to off`
/**
 * Limits that not every version has: of a session without work (PostgreSQL 14), and of a transaction as a whole (17), which
 * neither the check of a long log nor images over a slow link would ever keep. Single statements have one of ours.
 */
const UNLIMITED = `select set_config(name, '0', false) from pg_catalog.pg_settings
  where name in ('idle_session_timeout', 'transaction_timeout')`

const { start, port, counter } = workerData as {
  start: BridgeStart
  port: MessagePort
  counter: SharedArrayBuffer
}
const words = new Int32Array(counter)
let client: pg.Client | null = null
let connections = 0
/** Prepared once per connection, by text. */
let names = new Map<string, string>()

async function connected(mayConnect: boolean): Promise<pg.Client> {
  if (client !== null) return client
  if (!mayConnect) throw Object.assign(new Error('the connection was lost'), { code: '08006' })
  const fresh = new pg.Client({
    connectionString: start.url,
    connectionTimeoutMillis: start.connectMs,
    statement_timeout: start.statementMs,
    idle_in_transaction_session_timeout: start.statementMs + 60_000,
    application_name: 'sightline',
    keepAlive: true,
    pipeline: true,
    types,
  })
  fresh.on('error', () => {
    if (client === fresh) client = null
  })
  fresh.on('end', () => {
    if (client === fresh) client = null
  })
  await fresh.connect()
  try {
    await fresh.query(
      `set search_path to ${pg.escapeIdentifier(start.schema)}, ${COMPAT_SCHEMA}; set client_min_messages to warning;
       ${AS_EXPECTED}; ${UNLIMITED}`,
    )
    await refusePooler(fresh)
    if (start.readOnly) await fresh.query('set default_transaction_read_only to on')
  } catch (error) {
    // Its end may never come when nobody answers.
    void fresh.end().catch(() => undefined)
    throw error
  }
  names = new Map()
  client = fresh
  connections += 1
  return fresh
}

/**
 * A pooler may hand each transaction to another connection of its own, on which somebody else has set schema and rights:
 * rows of one plant would stand in the store of another. It cannot tell which process will answer, so it names none or
 * another one when a connection begins (BackendKeyData, protocol 3.0).
 */
async function refusePooler(fresh: pg.Client & { processID?: number }): Promise<void> {
  const { rows } = await fresh.query<{ pid: number }>('select pg_backend_pid() as pid')
  if (rows[0]?.pid === fresh.processID) return
  throw Object.assign(new Error('a pooler in between'), { code: POOLER })
}

const nameOf = (text: string): string => {
  let name = names.get(text)
  if (name === undefined) {
    name = `s${names.size}`
    names.set(text, name)
  }
  return name
}

const at = (step: (typeof STEPS)[number]): unknown => Atomics.store(words, STEP, STEPS.indexOf(step))

async function answer(ask: BridgeAsk): Promise<BridgeAnswer> {
  try {
    at('its thread was connecting')
    const c = await connected(ask.mayConnect)
    at('the database was asked')
    if (ask.script) {
      for (const { text } of ask.statements) await c.query(text)
      return { ok: true, rows: [], changes: [] }
    }
    // Sent together; the first refusal is the cause, the others follow from it.
    const results = await Promise.allSettled(
      ask.statements.map(({ text, values }) =>
        c.query<SqlRow>({ name: nameOf(text), text, values: [...values] }),
      ),
    )
    const refused = results.find((r) => r.status === 'rejected')
    if (refused !== undefined) throw refused.reason
    const done = results.flatMap((r) => (r.status === 'fulfilled' ? [r.value] : []))
    return {
      ok: true,
      rows: done.at(-1)?.rows ?? [],
      changes: done.map((r) => r.rowCount ?? 0),
    }
  } catch (error) {
    return { ok: false, facts: postgresFacts(error) }
  }
}

/** Waits for its answer. */
let asked: BridgeAsk | null = null

function reply(ask: BridgeAsk | null, said: BridgeAnswer): void {
  if (ask === null || ask !== asked) return
  asked = null
  at('its thread has answered')
  port.postMessage({ ...said, connections } satisfies BridgeReply)
  Atomics.add(words, REPLIES, 1)
  Atomics.notify(words, REPLIES)
}

// The caller blocks and cannot hear that this thread died: it would wait for its whole limit, and not learn why.
process.on('uncaughtException', (error) => {
  client?.end().catch(() => undefined)
  client = null
  reply(asked, { ok: false, facts: postgresFacts(error) })
})

port.on('message', (ask: BridgeAsk | 'close') => {
  if (ask === 'close') {
    const last = client
    client = null
    void (last?.end() ?? Promise.resolve()).catch(() => undefined).finally(() => port.close())
    return
  }
  asked = ask
  void answer(ask).then((said) => reply(ask, said))
})
