import { type CaptureAck, canonicalJson, CodedError, type SqlDatabase } from '../../contracts/index.ts'
import type { EventAppender } from './event-appender.ts'
import { checkEvent } from './event-check.ts'
import { checkInspection } from './inspection-check.ts'
import { writeGenealogy } from './genealogy.ts'
import type { StoredImage } from './image-files.ts'
import { inspectionEvent } from './inspection-event.ts'
import { type PreparedCapture, unitOf } from './prepared-capture.ts'
import { type CaptureRecord, decodeRecord, encodeRecord } from './record-codec.ts'

/** The write side of one inspection: checks first, so that a bad request never spoils the batch it is in. */
export class CaptureWriter {
  readonly #db: SqlDatabase
  readonly #events: EventAppender

  constructor(db: SqlDatabase, events: EventAppender) {
    this.#db = db
    this.#events = events
  }

  /**
   * The acknowledgement of an earlier capture with the same cycle key and content, or null.
   *
   * @throws TRC_DUPLICATE when the content differs
   */
  earlier(record: CaptureRecord, image: StoredImage | null): CaptureAck | null {
    const row = this.#db.get<StoredRow>(
      `select position, inspection_id, serial, sequence, record, record_encoding from inspection
       where inspection_id = ? or (station = ? and trigger_number = ? and attempt = ?) limit 1`,
      record.inspectionId,
      record.station,
      record.trigger,
      record.attempt,
    )
    if (row === undefined) return null
    const stored = this.#db.get<{ sha256: string }>(
      'select sha256 from inspection_image where position = ?',
      row.position,
    )
    // Through JSON, as the stored one went: NaN and undefined compare as what was kept.
    const asKept: unknown = JSON.parse(JSON.stringify(record))
    const { reworkCount: _known, ...kept } = decodeRecord(row.record, row.record_encoding)
    const same =
      canonicalJson(asKept) === canonicalJson(kept) && (stored?.sha256 ?? null) === (image?.sha256 ?? null)
    if (!same) {
      throw new CodedError('TRC_DUPLICATE', {
        expected: `the content of inspection ${row.inspection_id}`,
        actual: `other content for ${record.station}, trigger ${record.trigger}, attempt ${record.attempt}`,
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

  /**
   * @param foreign read back from a file, so that its types are not known
   * @throws EVT_SCHEMA when the request does not make a valid event
   */
  prepare(asked: CaptureRecord, image: StoredImage | null, foreign = false): PreparedCapture {
    const { identification, unit } = unitOf(asked)
    const reworkCount = this.#reworks(unit.uri)
    const record = reworkCount === 0 ? asked : { ...asked, reworkCount }
    const event = inspectionEvent(record, unit, image)
    if (foreign) checkEvent(event)
    else checkInspection(event)
    return { record, image, identification, unit, event }
  }

  /** A part that comes back from rework is counted as such, so that no yield counts it twice. */
  #reworks(unit: string): number {
    return (
      this.#db.get<{ n: number }>(
        `select count(*) as n from trace_fact where subject = ? and kind = 'rework' and superseded_by is null`,
        unit,
      )?.n ?? 0
    )
  }

  /** Record, projections, genealogy and events, inside the caller's transaction. */
  write(p: PreparedCapture): CaptureAck {
    const { position, sequence } = this.#events.append(p.event)
    this.#inspection(p, position, Number(sequence))
    this.#defects(p, position)
    this.#measurements(p, position)
    this.#image(p, position)
    this.#carriers(p, position)
    this.#trigger(p)
    writeGenealogy(this.#db, this.#events, p, position)
    return { inspectionId: p.record.inspectionId, durable: 'store', serial: p.unit.serial, sequence }
  }

  #inspection({ record: r, unit }: PreparedCapture, position: number, sequence: number): void {
    const { verdict, timing } = r.outcome
    const encoded = encodeRecord(r)
    this.#db.run(
      `insert into inspection (position, inspection_id, station, trigger_number, attempt, run_type, plant, line,
         shift, work_order, product, revision, unit, serial, identified_by, lot, result, disposition, severity,
         no_verdict, no_verdict_code, recipe, recipe_sha256, started_at, ended_at, total_ms, budget_ms, reasons,
         registration, width_px, height_px,
         sequence, record, record_encoding)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      position,
      r.inspectionId,
      r.station,
      r.trigger,
      r.attempt,
      r.runType,
      r.context.plant,
      r.context.line,
      r.context.shift,
      r.context.workOrder ?? null,
      r.product.id,
      r.product.revision,
      unit.uri,
      unit.serial,
      unit.identifiedBy,
      unit.lot,
      verdict.result,
      verdict.disposition,
      verdict.severity,
      verdict.noVerdict?.reason ?? null,
      verdict.noVerdict?.code ?? null,
      verdict.recipe,
      verdict.recipeSha256,
      r.startedAt,
      r.endedAt,
      timing.totalMs,
      r.budgetMs,
      JSON.stringify(verdict.reasons),
      verdict.registration === null ? null : JSON.stringify(verdict.registration),
      r.outcome.widthPx,
      r.outcome.heightPx,
      sequence,
      encoded.bytes,
      encoded.encoding,
    )
  }

  #defects({ record }: PreparedCapture, position: number): void {
    const { verdict } = record.outcome
    const condemned = new Set(verdict.defects)
    verdict.findings.forEach((f, n) => {
      if (!condemned.has(f.id)) return
      this.#db.run(
        `insert into defect (position, n, finding, class, severity, score, x1, y1, x2, y2, area_px, area_mm2,
           length_mm, part_x_mm, part_y_mm, roi) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        position,
        n,
        f.id,
        f.class,
        verdict.severity,
        f.score,
        ...f.box,
        f.areaPx,
        f.areaMm2 ?? null,
        f.lengthMm ?? null,
        f.partXY?.[0] ?? null,
        f.partXY?.[1] ?? null,
        f.rois[0] ?? null,
      )
    })
  }

  #measurements({ record }: PreparedCapture, position: number): void {
    record.outcome.verdict.measurements.forEach((m, n) => {
      this.#db.run(
        `insert into measurement (position, n, characteristic, tool, value, unit, lsl, usl, target, uncertainty)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        position,
        n,
        m.characteristic,
        m.tool,
        m.value,
        m.unit,
        m.lsl ?? null,
        m.usl ?? null,
        m.target ?? null,
        m.uncertainty ?? null,
      )
    })
  }

  #image({ record, image }: PreparedCapture, position: number): void {
    if (image === null) return
    // A picture shared by a good and a bad part is evidence of the bad one.
    this.#db.run(
      `insert into image (sha256, bytes, mime, path, retention, stored_at) values (?, ?, ?, ?, ?, ?)
       on conflict (sha256) do update set retention = 'ng', deleted_at = null
         where excluded.retention = 'ng' or deleted_at is not null`,
      image.sha256,
      image.bytes,
      image.mime,
      image.path,
      record.outcome.verdict.result === 'pass' ? 'ok' : 'ng',
      record.endedAt,
    )
    this.#db.run(
      'insert into inspection_image (position, view, sha256, width_px, height_px) values (?, ?, ?, ?, ?)',
      position,
      image.view,
      image.sha256,
      image.widthPx,
      image.heightPx,
    )
  }

  #carriers({ record }: PreparedCapture, position: number): void {
    record.outcome.verdict.codes.forEach((c, n) => {
      this.#db.run(
        `insert into carrier_read (position, n, tool, ok, symbology, symbology_id, text, error, associated_by)
         values (?, ?, ?, ?, ?, ?, ?, ?, 'direct')`,
        position,
        n,
        c.tool,
        c.ok && !c.text.includes('\0') ? 1 : 0,
        visible(c.symbology),
        visible(c.symbologyId),
        visible(c.text),
        c.error === undefined ? null : visible(c.error),
      )
    })
  }

  #trigger({ record }: PreparedCapture): void {
    this.#db.run(
      `insert into part_trigger (station, number, at, state) values (?, ?, ?, 'judged')
       on conflict (station, number) do update set state = 'judged'`,
      record.station,
      record.trigger,
      record.startedAt,
    )
  }
}

/** What a symbol on a part says may hold NUL, which no text column may; U+2400 is its picture. The record keeps it. */
const visible = (text: string): string => (text.includes('\0') ? text.replaceAll('\0', '\u2400') : text)

type StoredRow = {
  position: number
  inspection_id: string
  serial: string
  sequence: number
  record: Uint8Array
  record_encoding: string
}
