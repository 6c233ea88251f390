import { type CaptureAck, canonicalJson, CodedError, type SqlDatabase } from '../../contracts/index.ts'
import { namesOf } from '../genealogy/identity-names.ts'
import type { EventAppender } from './event-appender.ts'
import { GenealogyWriter } from './genealogy.ts'
import type { StoredImage } from './image-files.ts'
import { CHILD_COLUMNS, type ChildTable } from './inspection-columns.ts'
import { eventText, prepareCapture, type PreparedCapture } from './prepared-capture.ts'
import { bytesOf, decodeRecord, encodingOf } from './record-codec.ts'
import type { RowBuffer } from './row-buffer.ts'

const CHILD_TABLES = Object.keys(CHILD_COLUMNS) as ChildTable[]

/** The write side of one inspection: checks first, so that a bad request never spoils the batch it is in. */
export class CaptureWriter {
  readonly #db: SqlDatabase
  readonly #events: EventAppender
  readonly #genealogy: GenealogyWriter
  /** Highest trigger recorded per station; above it nothing can be a repetition. */
  readonly #highest = new Map<string, number>()
  readonly #rows: RowBuffer
  /** Triggers whose rows are buffered or written in this transaction: one statement takes each once. */
  readonly #judged = new Set<string>()
  /** Where the captures that were asked for are recorded. Null: somebody else wrote since. */
  #known: Map<string, number | null> | null = null
  #reworks: boolean | null = null

  constructor(db: SqlDatabase, events: EventAppender, rows: RowBuffer) {
    this.#db = db
    this.#events = events
    this.#rows = rows
    this.#genealogy = new GenealogyWriter(db, events, rows)
  }

  /** Begins a transaction: asks once for what is known of its captures, instead of with each. */
  expect(captures: readonly PreparedCapture[]): void {
    this.#judged.clear()
    if (captures.length > 0) this.#ask(captures)
  }

  #ask(captures: readonly PreparedCapture[]): void {
    const rows = this.#db.all<{ inspection_id: string; position: number }>(
      `select i.inspection_id, i.position from json_each(?) v cross join inspection i on i.inspection_id = v.value`,
      JSON.stringify(captures.map((p) => p.inspectionId)),
    )
    this.#known = new Map([
      ...captures.map((p) => [p.inspectionId, null] as const),
      ...rows.map((r) => [r.inspection_id, r.position] as const),
    ])
    this.#genealogy.expect(captures.map((p) => p.unit.uri))
  }

  /** What is remembered may be ahead of the database: a transaction was rolled back. */
  reset(): void {
    this.#highest.clear()
    this.#known = null
    this.#genealogy.forget()
  }

  /** Edges, lots or reworks may be others than those this writer made. */
  factWritten(): void {
    this.#genealogy.forget()
    this.#known = null
    this.#reworks = null
  }

  /**
   * The acknowledgement of an earlier capture with the same cycle key and content, or null.
   *
   * @throws TRC_DUPLICATE when the content differs
   */
  earlier(p: PreparedCapture, image: StoredImage | null): CaptureAck | null {
    if (this.#known?.has(p.inspectionId) !== true) {
      this.#rows.flush()
      this.#ask([p])
    }
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
        hint: 'a cycle is recorded once; a counter that began anew has another attempt',
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
      `select count(*) as n from trace_fact where subject in (select value from json_each(?)) and kind = 'rework'
         and superseded_by is null`,
      JSON.stringify(namesOf(this.#db, p.unit.uri)),
    )?.n
    return count ? prepareCapture({ ...decodeRecord(p.record, encodingOf(p.record)), reworkCount: count }) : p
  }

  /** Record, projections, genealogy and event, inside the caller's transaction. */
  write(p: PreparedCapture, image: StoredImage | null): CaptureAck {
    const { position, sequence } = this.#events.appendText(p.event, (number) => eventText(p, image, number))
    this.#known?.set(p.inspectionId, position)
    this.#rows.add('inspection', [
      position,
      ...p.row,
      Number(sequence),
      bytesOf(p.record),
      encodingOf(p.record),
    ])
    for (const table of CHILD_TABLES)
      for (const row of p.children[table]) this.#rows.add(table, [position, ...row])
    if (image !== null) this.#image(p, image, position)
    const cycle = `${p.attempt} ${p.trigger} ${p.station}`
    if (!this.#judged.has(cycle))
      this.#rows.add('part_trigger', [p.station, p.attempt, p.trigger, p.startedAt, 'judged'])
    this.#judged.add(cycle)
    this.#genealogy.write(p, position)
    if (p.trigger > (this.#highest.get(p.station) ?? -Infinity)) this.#highest.set(p.station, p.trigger)
    return { inspectionId: p.inspectionId, durable: 'store', serial: p.unit.serial, sequence }
  }

  /** Position of the record with this id or cycle key. */
  #recorded(p: PreparedCapture): number | null {
    const byId = this.#known?.get(p.inspectionId) ?? null
    if (byId !== null) {
      this.#rows.flush()
      return byId
    }
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
    this.#rows.flush()
    const byCycle = this.#db.get<{ position: number }>(
      'select position from inspection where station = ? and trigger_number = ? and attempt = ?',
      p.station,
      p.trigger,
      p.attempt,
    )
    return byCycle?.position ?? null
  }

  #image(p: PreparedCapture, image: StoredImage, position: number): void {
    this.#file(p, image)
    // The record names it; without it neither the comparison nor a replay is possible.
    if (image.template !== undefined) this.#file(p, image.template)
    const { view, sha256, widthPx, heightPx } = image
    this.#rows.add('inspection_image', [position, view, sha256, widthPx, heightPx])
  }

  #file(p: PreparedCapture, image: StoredImage): void {
    // A picture shared by a good and a bad part is evidence of the bad one, and as new as that.
    this.#db.run(
      `insert into image (sha256, bytes, mime, path, retention, stored_at) values (?, ?, ?, ?, ?, ?)
       on conflict (sha256) do update set deleted_at = null,
         retention = case excluded.retention when 'ng' then 'ng' else image.retention end,
         stored_at = max(excluded.stored_at, image.stored_at)
         where excluded.retention = 'ng' or image.deleted_at is not null`,
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
