import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads'
import {
  CodedError,
  endThread,
  spawnWorker,
  type SqlDatabase,
  type SqlRow,
  type SqlValue,
} from '../../contracts/index.ts'
import { guardBindings } from '../store/open-sql.ts'
import {
  type BridgeAsk,
  type BridgeReply,
  type BridgeStart,
  type BridgeStatement,
  REPLIES,
  STEP,
  STEPS,
} from './bridge.ts'
import { placeOf } from './database-url.ts'
import { postgresError } from './postgres-errors.ts'
import { toPostgres } from './sql-dialect.ts'

export interface PostgresOptions {
  /** First on the search path. Default `sightline`. */
  schema?: string
  readOnly?: boolean
  /** Longest time for one statement, ms. */
  statementMs?: number
  connectMs?: number
  /** Beyond both, by when its thread must have said something, ms. Default 15,000. */
  graceMs?: number
}

/** Writes that wait for company before they are sent, so that a transaction does not pay a round trip for each. */
const MAX_WAITING = 512
const GRACE_MS = 15_000
/** Longest single wait, ms. */
const SLICE_MS = 500
/** Slowest link that images still get over, bytes per ms: 128 kbit/s. */
const SLOWEST_LINK = 16

/**
 * One connection to PostgreSQL behind the interface of the embedded store: the same statements, translated, and
 * answered synchronously; the calling thread blocks meanwhile, so that it must not be the one that serves gates. Writes
 * are sent together with the next read or the end of the transaction.
 *
 * @param url `postgres://user:password@host/database?sslmode=verify-full`
 * @throws TRC_PLANT nobody answers; TRC_OPEN database, user or rights are wrong
 */
export async function openPostgres(url: string, o: PostgresOptions = {}): Promise<PostgresDatabase> {
  const start: BridgeStart = {
    url,
    schema: o.schema ?? 'sightline',
    readOnly: o.readOnly ?? false,
    statementMs: o.statementMs ?? 60_000,
    connectMs: o.connectMs ?? 10_000,
  }
  const thread = startThread(start)
  await new Promise<void>((resolve, reject) => {
    thread.worker.once('online', resolve)
    thread.worker.once('error', reject)
  })
  const db = new PostgresDatabase(thread, start, o.graceMs ?? GRACE_MS)
  try {
    db.get('select 1 as one')
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** One that holds a connection, and how it is talked with. */
interface Thread {
  worker: Worker
  port: MessagePort
  words: Int32Array
}

function startThread(start: BridgeStart): Thread {
  const { port1, port2 } = new MessageChannel()
  const counter = new SharedArrayBuffer(8)
  const worker = spawnWorker(new URL('./postgres.worker.ts', import.meta.url), {
    workerData: { start, port: port2, counter },
    transferList: [port2],
  })
  // Whoever asks learns it from the answer that does not come.
  worker.on('error', () => undefined)
  worker.once('online', () => worker.unref())
  port1.unref()
  return { worker, port: port1, words: new Int32Array(counter) }
}

export class PostgresDatabase implements SqlDatabase {
  /** Host and database, without user and password. */
  readonly place: string
  readonly #start: BridgeStart
  readonly #limitMs: number
  /** Null when it did not answer; the next question starts another. */
  #thread: Thread | null
  #waiting: BridgeStatement[] = []
  #inTransaction = false
  /** What broke the transaction that is open: PostgreSQL would answer its commit with a rollback, without a word. */
  #broken: CodedError | null = null
  #open = true
  /** Of threads before, and of this one. */
  #connections = { before: 0, now: 0 }

  constructor(thread: Thread, start: BridgeStart, graceMs: number) {
    this.#thread = thread
    this.#start = start
    this.#limitMs = start.statementMs + start.connectMs + graceMs
    this.place = placeOf(start.url)
  }

  /**
   * How often a connection was made: outside of transactions a lost one is made anew, without a word, and the server that
   * answers then may be another, which has not all that this one was told.
   */
  get connections(): number {
    return this.#connections.before + this.#connections.now
  }

  exec(sql: string): void {
    this.#flush()
    this.#ask([{ text: sql, values: [] }], true)
  }

  /** The count of changed rows is asked for when it is read. */
  run(sql: string, ...values: SqlValue[]): { changes: number; lastInsertRowid: number } {
    guardBindings(values, sql)
    this.#waiting.push(toPostgres(sql, values))
    const index = this.#waiting.length
    if (!this.#inTransaction || index >= MAX_WAITING)
      return { changes: this.#flush().at(-1) ?? 0, lastInsertRowid: 0 }
    const sent = (): number => this.#flush()[index - 1] ?? 0
    return {
      get changes() {
        return sent()
      },
      lastInsertRowid: 0,
    }
  }

  /** As one value, so that there is one statement however many rows. */
  insert(table: string, columns: string, rows: readonly (readonly SqlValue[])[], conflict = ''): void {
    const names = columns.split(',').map((name) => name.trim())
    const objects = rows.map((row) => {
      guardBindings(row, table)
      return Object.fromEntries(names.map((name, i) => [name, jsonOf(row[i] ?? null)]))
    })
    this.run(
      `insert into ${table} (${columns}) select ${columns}
         from json_populate_recordset(cast(null as ${table}), cast(? as json))
       ${conflict === '' ? '' : `on conflict ${conflict}`}`,
      JSON.stringify(objects),
    )
  }

  get<R extends SqlRow = SqlRow>(sql: string, ...values: SqlValue[]): R | undefined {
    return this.all<R>(sql, ...values)[0]
  }

  all<R extends SqlRow = SqlRow>(sql: string, ...values: SqlValue[]): R[] {
    guardBindings(values, sql)
    const statements = [...this.#waiting, toPostgres(sql, values)]
    this.#waiting = []
    return this.#ask(statements).rows as R[]
  }

  transaction<T>(work: () => T): T {
    if (this.#inTransaction)
      throw new CodedError('TRC_WRITE', { expected: 'one transaction at a time', actual: 'a nested one' })
    this.#ask([{ text: 'begin', values: [] }])
    this.#inTransaction = true
    try {
      const result = work()
      if (this.#broken !== null) throw this.#broken
      const last = [...this.#waiting, { text: 'commit', values: [] }]
      this.#waiting = []
      this.#ask(last)
      return result
    } catch (error) {
      this.#waiting = []
      this.#broken = null
      try {
        this.#ask([{ text: 'rollback', values: [] }])
      } catch {
        // The connection is gone, and the transaction with it; the cause is thrown below.
      }
      throw error
    } finally {
      this.#inTransaction = false
      this.#broken = null
    }
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#thread?.port.postMessage('close')
  }

  /** Ends the thread without waiting for an answer from the other side. */
  async abandon(): Promise<void> {
    this.#open = false
    if (this.#thread !== null) await endThread(this.#thread.worker)
  }

  #flush(): number[] {
    if (this.#waiting.length === 0) return []
    const statements = this.#waiting
    this.#waiting = []
    return this.#ask(statements).changes
  }

  #ask(statements: BridgeStatement[], script = false): Extract<BridgeReply, { ok: true }> {
    if (!this.#open)
      throw new CodedError('TRC_WRITE', { expected: 'an open connection', actual: 'one that was closed' })
    if (this.#thread === null && this.#inTransaction)
      throw this.#fault({ message: 'the connection was lost', code: '08006', constraint: '' })
    this.#thread ??= startThread(this.#start)
    const { worker, port, words } = this.#thread
    const seen = Atomics.load(words, REPLIES)
    const extraMs = Math.ceil(sizeOf(statements) / SLOWEST_LINK)
    const ask: BridgeAsk = { statements, mayConnect: !this.#inTransaction, ...(script && { script }) }
    Atomics.store(words, STEP, 0)
    port.postMessage(ask)
    const limitMs = this.#limitMs + extraMs
    answered(words, seen, limitMs)
    const got = receiveMessageOnPort(port) as { message: BridgeReply } | undefined
    if (got === undefined) {
      // A late answer would be taken for that of the next question.
      this.#thread = null
      this.#connections = { before: this.connections, now: 0 }
      void endThread(worker)
      const message = `no answer within ${limitMs} ms: ${STEPS[Atomics.load(words, STEP)] ?? ''}`
      throw this.#fault({ message, code: '08006', constraint: '' })
    }
    this.#connections.now = got.message.connections
    if (!got.message.ok) throw this.#fault(got.message.facts)
    return got.message
  }

  #fault(facts: { message: string; code: string; constraint: string }): CodedError {
    const error = postgresError(facts, 'TRC_WRITE', this.place)
    if (this.#inTransaction) this.#broken ??= error
    return error
  }
}

/**
 * Waits in slices, each for what it should have taken: a process or machine that stands still meanwhile (suspended,
 * moved, debugged) has not lost its connection. Being woken says nothing by itself: what woke it may be the end of the
 * answer before, which was seen and taken while its thread had yet to say so.
 */
export function answered(words: Int32Array, seen: number, limitMs: number): void {
  for (let leftMs = limitMs; leftMs > 0;) {
    const end = Atomics.wait(words, REPLIES, seen, Math.min(leftMs, SLICE_MS))
    if (Atomics.load(words, REPLIES) !== seen) return
    if (end === 'timed-out') leftMs -= SLICE_MS
  }
}

/** As `json_populate_recordset` reads a value of its column. */
export const jsonOf = (value: SqlValue): unknown =>
  value instanceof Uint8Array
    ? `\\x${Buffer.from(value).toString('hex')}`
    : typeof value === 'bigint'
      ? value.toString()
      : value

/** Bytes of what goes along, near enough. */
const sizeOf = (statements: readonly BridgeStatement[]): number =>
  statements.reduce(
    (sum, { values }) =>
      values.reduce<number>(
        (n, v) => n + (typeof v === 'string' ? v.length : v instanceof Uint8Array ? v.byteLength : 0),
        sum,
      ),
    0,
  )
