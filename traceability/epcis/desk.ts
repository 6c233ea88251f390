import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { OpenSql, SqlDatabase } from '../../contracts/index.ts'
import { CodedError } from '../../contracts/thread.ts'
import { openDerived } from '../store/open-derived.ts'
import { openSql } from '../store/open-sql.ts'
import { SqliteEventLog } from '../log/event-log.ts'
import { Answers } from './answers.ts'
import { Checks } from './checks.ts'
import { EPCIS_SCHEMA, EPCIS_SCHEMA_VERSION } from './epcis-schema.ts'
import { EventStore } from './event-store.ts'
import { Projector } from './projector.ts'
import { EpcisState } from './state.ts'

/** Events of the log taken in at once. */
const BATCH = 500

/** Projection and state of one data directory, with the log they follow. Lives in the thread of `EpcisThread`. */
export class EpcisDesk {
  readonly events: EventStore
  readonly state: EpcisState
  readonly answers: Answers
  readonly checks = new Checks()
  readonly #log: SqliteEventLog
  readonly #projector: Projector
  readonly #open: SqlDatabase[]

  /** @param onSetAside hears of a damaged projection, which is made again */
  constructor(dataDir: string, onSetAside: (why: CodedError) => void = () => undefined) {
    const dir = join(dataDir, 'epcis')
    mkdirSync(dir, { recursive: true })
    const trace = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
    this.#log = new SqliteEventLog(trace)
    const file = join(dir, 'projection.db')
    const open = openDerived(onSetAside)
    let projection = openProjection(file, open)
    const stateFile = join(dir, 'state.db')
    const state = openSql(stateFile, { synchronous: 'full' })
    if (projection !== null && reached(projection) > 0) mustHaveTables(state, stateFile)
    this.state = new EpcisState(state)
    const other = projection !== null && !follows(projection, this.#log)
    // Else subscriptions would miss as many of the next events as the log lost.
    if (other) this.state.deliveredAtMost(lastShared(projection, this.#log))
    // Another version of the projection, or a log that was put back: built again.
    if (projection === null || other) {
      projection?.close()
      for (const suffix of ['', '-wal', '-shm'])
        if (existsSync(file + suffix)) rmSync(file + suffix, { force: true })
      projection = openProjection(file, open)
    }
    if (projection === null) throw new Error(`${file} cannot be made`)
    this.#open = [trace, projection, state]
    this.events = new EventStore(projection)
    this.answers = new Answers(this.events)
    this.#projector = new Projector(
      projection,
      (position) =>
        trace.get<{ unit: string }>('select unit from inspection where position = ?', position)?.unit ?? null,
    )
  }

  /** Takes in one batch of the log; false when nothing was left. */
  follow(): boolean {
    const batch = this.#log.read(this.#projector.position, BATCH)
    this.#projector.project(batch)
    return batch.length > 0
  }

  close(): void {
    for (const db of this.#open) db.close()
  }
}

const reached = (db: SqlDatabase): number =>
  db.get<{ position: number }>('select position from progress')?.position ?? 0

/**
 * Beside a projection that was followed the state was there: begun anew, subscribers would get nothing any more, and
 * nobody would be told.
 *
 * @throws TRC_OPEN
 */
function mustHaveTables(state: SqlDatabase, file: string): void {
  if (state.get('select 1 as there from sqlite_schema') !== undefined) return
  throw new CodedError('TRC_OPEN', {
    file,
    expected: 'the named queries and subscriptions that lie beside projection.db',
    actual: 'a file without any: it was emptied or taken away, or lacks its write-ahead log (-wal)',
    hint: 'put it back; where there is no copy, stop the line and delete the folder: what is in it is made again from the log, but for the queries and subscriptions, which their owners make again',
    zh: {
      expected: '与 projection.db 同在的命名查询和订阅',
      actual: '文件中没有:已被清空或移走,或缺少预写日志(-wal)',
      hint: '请恢复该文件;没有副本时请停止产线并删除该文件夹:其内容会由日志重建,但查询和订阅须由其所有者重新建立',
    },
  })
}

/** The log has the event that was projected last at its place; else it was put back from an older copy, and may have grown since. */
function follows(db: SqlDatabase, log: SqliteEventLog): boolean {
  const last = db.get<{ position: number; event: string | null }>('select position, event from progress')
  if (last === undefined || last.position === 0) return true
  const there = log.read(last.position - 1, 1)[0]
  return there?.position === last.position && (last.event === null || last.event === there.event.id)
}

/** The last event of a projection that the log has, too, by the time at its place. */
function lastShared(db: SqlDatabase | null, log: SqliteEventLog): number {
  for (let before = Number.MAX_SAFE_INTEGER; ;) {
    const row = db?.get<{ n: number; position: number; record_ms: number }>(
      'select n, position, record_ms from event where n < ? order by n desc limit 1',
      before,
    )
    if (row === undefined) return 0
    const there = log.read(row.position - 1, 1)[0]
    if (there?.position === row.position && Date.parse(there.event.time) === row.record_ms) return row.n
    before = row.n
  }
}

/** Null when the file is of another version. */
function openProjection(file: string, open: OpenSql): SqlDatabase | null {
  // What is lost in a power cut is projected again.
  const db = open(file, { synchronous: 'normal' })
  const version = Number(db.get('pragma user_version')?.['user_version'] ?? 0)
  const made = db.get('select 1 from sqlite_schema limit 1') !== undefined
  if (made && version !== EPCIS_SCHEMA_VERSION) {
    db.close()
    return null
  }
  db.exec(EPCIS_SCHEMA)
  // A file from before the event was kept.
  if (!db.all<{ name: string }>('pragma table_info(progress)').some((c) => c.name === 'event'))
    db.exec('alter table progress add column event text')
  db.exec(`pragma user_version = ${EPCIS_SCHEMA_VERSION}`)
  return db
}
