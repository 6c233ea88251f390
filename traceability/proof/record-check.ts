import {
  asCoded,
  errorText,
  type I18n,
  type InspectionCompleted,
  type QEvent,
  type SqlDatabase,
} from '../../contracts/index.ts'
import { inspectionEvent } from '../store/inspection-event.ts'
import { CHILD_COLUMNS, type ChildTable, namesOf, ROW_COLUMNS } from '../store/inspection-columns.ts'
import { childRows, inspectionRow } from '../store/inspection-rows.ts'
import { unitOf } from '../store/prepared-capture.ts'
import { type CaptureRecord, decodeRecord, inflated, recordHash } from '../store/record-codec.ts'
import { about, WORDS } from './finding-words.ts'
import { firstDifference } from './first-difference.ts'
import { type Findings, foundRows } from './report.ts'

type InspectionRow = Record<string, string | number | null | Uint8Array> & {
  position: number
  unit: string
  serial: string
  identified_by: 'code' | 'trigger'
  lot: string | null
  record: Uint8Array
  record_encoding: string
}
type ChildRow = Record<string, string | number | null> & { position: number }
type Children = ReadonlyMap<number, ChildRow[]>

const NO_ROWS: Children = new Map()

/**
 * Compares the record of an inspection, from which screens and reports are made, with its event, which is signed: the
 * event is derived from the stored capture once more, and the columns, defects, measurements and reads are compared
 * with both.
 */
export class RecordCheck {
  readonly #db: SqlDatabase
  readonly #findings: Findings
  #range: { after: number; end: number } | null = null
  #rows: ReadonlyMap<number, InspectionRow> = new Map()
  #children: Record<ChildTable | 'inspection_image', Children> = {
    defect: NO_ROWS,
    measurement: NO_ROWS,
    carrier_read: NO_ROWS,
    inspection_image: NO_ROWS,
  }
  checked = 0

  constructor(db: SqlDatabase, findings: Findings) {
    this.#db = db
    this.#findings = findings
  }

  /** The stretch of the log that is asked about next; its rows are read with the first question. */
  stretch(after: number, end: number): void {
    this.#range = { after, end }
  }

  #load(): void {
    if (this.#range === null) return
    const { after, end } = this.#range
    this.#range = null
    const read = (table: string, order: string): ChildRow[] =>
      this.#db.all<ChildRow>(
        `select * from ${table} where position > ? and position <= ? order by position, ${order}`,
        after,
        end,
      )
    const by = (table: string, order: string): Children => {
      const found = new Map<number, ChildRow[]>()
      for (const row of read(table, order)) {
        const known = found.get(row.position)
        if (known) known.push(row)
        else found.set(row.position, [row])
      }
      return found
    }
    this.#rows = new Map(
      read('inspection', 'position').map((row) => [row.position, row as unknown as InspectionRow]),
    )
    this.#children = {
      defect: by('defect', 'n'),
      measurement: by('measurement', 'n'),
      carrier_read: by('carrier_read', 'n'),
      inspection_image: by('inspection_image', 'view'),
    }
  }

  check(position: number, event: QEvent): void {
    if (event.type !== 'qe.inspection.completed.v1') return
    const at = { position, event: event.id, subject: event.subject }
    this.#load()
    const row = this.#rows.get(position)
    if (row === undefined) return this.#findings.add('record', WORDS.noRecord, at)
    this.checked += 1
    try {
      const difference = this.#difference(row, event as QEvent<InspectionCompleted>)
      if (difference !== null) this.#findings.add('record', difference, at)
    } catch (error) {
      this.#findings.add('record', about(WORDS.unreadableRecord, errorText(asCoded(error, 'TRC_WRITE'))), at)
    }
  }

  /** Records that no event of the log stands behind. */
  finish(): void {
    const orphans = foundRows<{ position: number; inspection_id: string; serial: string }>(
      this.#db,
      this.#findings,
      `select position, inspection_id, serial from inspection where position not in
         (select position from event where type = 'qe.inspection.completed.v1') order by position`,
    )
    for (const { position, inspection_id, serial } of orphans)
      this.#findings.add('record', WORDS.noEvent, {
        position,
        event: inspection_id,
        subject: `unit/${serial}`,
      })
  }

  #difference(row: InspectionRow, event: QEvent<InspectionCompleted>): I18n | null {
    const { data } = event
    const columns: Record<string, unknown> = {
      inspection_id: data.inspectionId,
      station: data.place.station,
      trigger_number: data.trigger,
      run_type: data.runType,
      plant: data.place.plant,
      line: data.place.line,
      shift: data.process.shift,
      work_order: data.unit.workOrder ?? null,
      product: data.unit.product,
      revision: data.unit.revision,
      serial: data.unit.serial,
      identified_by: data.unit.identifiedBy,
      lot: data.unit.lot === '' ? null : data.unit.lot,
      result: data.verdict.result,
      disposition: data.verdict.disposition,
      no_verdict: data.verdict.noVerdict,
      recipe:
        data.process.recipeVersion === ''
          ? data.process.recipe
          : `${data.process.recipe}@${data.process.recipeVersion}`,
      started_at: data.process.startedAt,
      ended_at: data.process.endedAt,
      total_ms: data.timing.totalMs,
      budget_ms: data.timing.deadlineMs,
      sequence: Number(event.sequence),
    }
    for (const [name, value] of Object.entries(columns))
      if ((row[name] ?? null) !== value) return WORDS.inRecord(name, row[name], value)
    if (data.genealogy !== undefined && row['unit'] !== data.genealogy.unit)
      return WORDS.inRecord('unit', row['unit'], data.genealogy.unit)
    const images = this.#imageRows(row.position, data)
    if (images !== null) return images
    if (
      data.recordSha256 !== undefined &&
      data.recordSha256 !== recordHash(inflated(row.record, row.record_encoding))
    )
      return this.#changedRecord(row, event)
    const record = decodeRecord(row.record, row.record_encoding)
    return this.#stored(row, record) ?? this.#derived(record, event)
  }

  /** Which part of the event the altered capture would give, or that it shows in none. */
  #changedRecord(row: InspectionRow, event: QEvent<InspectionCompleted>): I18n {
    const part = this.#derived(decodeRecord(row.record, row.record_encoding), event)
    return part ?? WORDS.otherCapture
  }

  /** Derives the event from the stored capture once more. */
  #derived(record: CaptureRecord, event: QEvent<InspectionCompleted>): I18n | null {
    const { data } = event
    const view = data.image.views[0]
    const image =
      view === undefined
        ? null
        : {
            sha256: view.sha256,
            view: view.view,
            widthPx: view.width,
            heightPx: view.height,
            path: '',
            mime: '',
            bytes: 0,
          }
    // Through JSON, as the event went: -0 and absent members compare as what was logged.
    const { unit } = unitOf(record, data.unit.serial)
    // Events did not always tell where the unit comes from; that one does not is as signed.
    const told = data.genealogy === undefined ? { ...unit, origin: null } : unit
    const derived: unknown = JSON.parse(JSON.stringify(inspectionEvent(record, told, image)))
    const path = firstDifference(derived, { ...event, sequence: undefined }, '')
    return path === null ? null : WORDS.capture(path)
  }

  /** Columns and rows that the stored capture gives, also those that its event does not have. */
  #stored(row: InspectionRow, record: CaptureRecord): I18n | null {
    // Who the unit is was compared with the event.
    const unit = {
      uri: row.unit,
      serial: row.serial,
      identifiedBy: row.identified_by,
      lot: row.lot,
      origin: null,
    }
    const values = inspectionRow(record, unit)
    for (const [i, name] of ROW_COLUMNS.entries())
      if (row[name] !== values[i]) return WORDS.inCapture(name, row[name], values[i])
    const rows = childRows(record)
    for (const table of Object.keys(rows) as ChildTable[]) {
      const names = namesOf(CHILD_COLUMNS[table]).slice(1)
      const found = (this.#children[table].get(row.position) ?? []).map((r) => names.map((name) => r[name]))
      const path = firstDifference(found, rows[table], '')
      // Before numbers next to 0 were kept as 0 (`childRows`), a driver that can kept them as they are.
      const older = path === null ? null : childRows(record, (value) => value)[table]
      if (older !== null && firstDifference(found, older, '') !== null)
        return WORDS.childRows(table, path ?? '')
    }
    return null
  }

  #imageRows(position: number, data: InspectionCompleted): I18n | null {
    const rows = (this.#children.inspection_image.get(position) ?? []).map((i) => [
      i['view'],
      i['sha256'],
      i['width_px'],
      i['height_px'],
    ])
    const views = data.image.views.map((v) => [v.view, v.sha256, v.width, v.height])
    const path = firstDifference(rows, views, '')
    return path === null ? null : WORDS.imageRows(path)
  }
}
