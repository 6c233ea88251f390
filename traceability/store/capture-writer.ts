import {
  type CaptureAck,
  canonicalJson,
  CodedError,
  type SqlDatabase,
  type SqlValue,
} from '../../contracts/index.ts'
import type { EventAppender } from './event-appender.ts'
import { GenealogyWriter } from './genealogy.ts'
import type { StoredImage } from './image-files.ts'
import { CHILD_COLUMNS, type ChildTable, INSPECTION_COLUMNS } from './inspection-rows.ts'
import { eventText, prepareCapture, type PreparedCapture } from './prepared-capture.ts'
import { bytesOf, decodeRecord, encodingOf } from './record-codec.ts'

const CHILD_TABLES = Object.keys(CHILD_COLUMNS) as ChildTable[]
/** Rows to one statement, at most. */
const ROWS_TOGETHER = 8

const marks = (count: number): string => Array<string>(count).fill('?').join(', ')
const INSERT_INSPECTION = `insert into inspection (${INSPECTION_COLUMNS})
  values (${marks(INSPECTION_COLUMNS.split(',').length)})`

/** The write side of one inspection: checks first, so that a bad request never spoils the batch it is in. */
export class CaptureWriter {
  readonly #db: SqlDatabase
  readonly #events: EventAppender
  readonly #genealogy: GenealogyWriter
  /** Highest trigger recorded per station; above it nothing can be a repetition. */
  readonly #highest = new Map<string, number>()
  readonly #inserts = new Map<string, string>()
  #reworks: boolean | null = null

  constructor(db: SqlDatabase, events: EventAppender) {
    this.#db = db
    this.#events = events
    this.#genealogy = new GenealogyWriter(db)
  }

  /** What is remembered may be ahead of the database: a transaction was rolled back. */
  reset(): void {
    this.#highest.clear()
    this.#genealogy.forget()
  }

  /** Edges, lots or reworks may be others than those this writer made. */
  factWritten(): void {
    this.#genealogy.forget()
    this.#reworks = null
  }

  /**
   * The acknowledgement of an earlier capture with the same cycle key and content, or null.
   *
   * @throws TRC_DUPLICATE when the content differs
   */
  earlier(p: PreparedCapture, image: StoredImage | null): CaptureAck | null {
    const position = this.#recorded(p)
    if (position === null) return null
    const row = this.#db.get<StoredRow>(
      'select inspection_id, serial, sequence, record, record_encoding from inspection where position = ?',
      position,
    )
    if (row === undefined) return null
    const stored = this.#db.get<{ sha256: string }>(
      'select sha256 from inspection_image where position = ?',
      position,
    )
    const { reworkCount: _known, ...kept } = decodeRecord(row.record, row.record_encoding)
    const asked: unknown = decodeRecord(p.record, encodingOf(p.record))
    const same =
      canonicalJson(asked) === canonicalJson(kept) && (stored?.sha256 ?? null) === (image?.sha256 ?? null)
    if (!same) {
      throw new CodedError('TRC_DUPLICATE', {
        expected: `the content of inspection ${row.inspection_id}`,
        actual: `other content for ${p.station}, trigger ${p.trigger}, attempt ${p.attempt}`,
        hint: 'a cycle is recorded once; raise the attempt to judge the part again',
      })
    }
    return {
      inspectionId: row.inspection_id,
      durable: 'store',
      serial: row.serial,
      sequence: String(row.sequence).padStart(20, '0'),
    }
  }

  /** A part that comes back from rework is counted as such, so that no yield counts it twice. */
  withReworks(p: PreparedCapture): PreparedCapture {
    this.#reworks ??=
      this.#db.get(`select 1 as found from trace_fact where kind = 'rework' limit 1`) !== undefined
    if (!this.#reworks) return p
    const count = this.#db.get<{ n: number }>(
      `select count(*) as n from trace_fact where subject = ? and kind = 'rework' and superseded_by is null`,
      p.unit.uri,
    )?.n
    return count ? prepareCapture({ ...decodeRecord(p.record, encodingOf(p.record)), reworkCount: count }) : p
  }

  /** Record, projections, genealogy and event, inside the caller's transaction. */
  write(p: PreparedCapture, image: StoredImage | null): CaptureAck {
    const { position, sequence } = this.#events.appendText(p.event, (number) => eventText(p, image, number))
    this.#db.run(
      INSERT_INSPECTION,
      position,
      ...p.row,
      Number(sequence),
      bytesOf(p.record),
      encodingOf(p.record),
    )
    for (const table of CHILD_TABLES) {
      const rows = p.children[table]
      for (let at = 0; at < rows.length; at += ROWS_TOGETHER)
        this.#children(table, position, rows.slice(at, at + ROWS_TOGETHER))
    }
    if (image !== null) this.#image(p, image, position)
    this.#db.run(
      `insert into part_trigger (station, number, at, state) values (?, ?, ?, 'judged')
       on conflict (station, number) do update set state = 'judged'`,
      p.station,
      p.trigger,
      p.startedAt,
    )
    this.#genealogy.write(p, position)
    if (p.trigger > (this.#highest.get(p.station) ?? -Infinity)) this.#highest.set(p.station, p.trigger)
    return { inspectionId: p.inspectionId, durable: 'store', serial: p.unit.serial, sequence }
  }

  /** Position of the record with this id or cycle key. */
  #recorded(p: PreparedCapture): number | null {
    const byId = this.#db.get<{ position: number }>(
      'select position from inspection where inspection_id = ?',
      p.inspectionId,
    )
    if (byId !== undefined) return byId.position
    let highest = this.#highest.get(p.station)
    if (highest === undefined) {
      const row = this.#db.get<{ last: number | null }>(
        'select max(trigger_number) as last from inspection where station = ?',
        p.station,
      )
      highest = row?.last ?? -Infinity
      this.#highest.set(p.station, highest)
    }
    if (p.trigger > highest) return null
    const byCycle = this.#db.get<{ position: number }>(
      'select position from inspection where station = ? and trigger_number = ? and attempt = ?',
      p.station,
      p.trigger,
      p.attempt,
    )
    return byCycle?.position ?? null
  }

  #children(table: ChildTable, position: number, rows: readonly SqlValue[][]): void {
    const key = `${table} ${rows.length}`
    let statement = this.#inserts.get(key)
    if (statement === undefined) {
      const columns = CHILD_COLUMNS[table]
      const row = `(${marks(columns.split(',').length)})`
      statement = `insert into ${table} (${columns}) values ${Array<string>(rows.length).fill(row).join(', ')}`
      this.#inserts.set(key, statement)
    }
    this.#db.run(statement, ...rows.flatMap((row) => [position, ...row]))
  }

  #image(p: PreparedCapture, image: StoredImage, position: number): void {
    this.#file(p, image)
    // The record names it; without it neither the comparison nor a replay is possible.
    if (image.template !== undefined) this.#file(p, image.template)
    this.#db.run(
      'insert into inspection_image (position, view, sha256, width_px, height_px) values (?, ?, ?, ?, ?)',
      position,
      image.view,
      image.sha256,
      image.widthPx,
      image.heightPx,
    )
  }

  #file(p: PreparedCapture, image: StoredImage): void {
    // A picture shared by a good and a bad part is evidence of the bad one.
    this.#db.run(
      `insert into image (sha256, bytes, mime, path, retention, stored_at) values (?, ?, ?, ?, ?, ?)
       on conflict (sha256) do update set retention = 'ng', deleted_at = null
         where excluded.retention = 'ng' or deleted_at is not null`,
      image.sha256,
      image.bytes,
      image.mime,
      image.path,
      p.result === 'pass' ? 'ok' : 'ng',
      p.endedAt,
    )
  }
}

type StoredRow = {
  inspection_id: string
  serial: string
  sequence: number
  record: Uint8Array
  record_encoding: string
}
