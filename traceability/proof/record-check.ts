import { asCoded, type InspectionCompleted, type QEvent, type SqlDatabase } from '../../contracts/index.ts'
import { inspectionEvent } from '../store/inspection-event.ts'
import { unitOf } from '../store/prepared-capture.ts'
import { decodeRecord, inflated, recordHash } from '../store/record-codec.ts'
import { firstDifference } from './first-difference.ts'
import type { Findings } from './report.ts'
import { hasNone, inspectionMatches, type MatchRow } from './row-match.ts'

type InspectionRow = Record<string, string | number | null | Uint8Array> & {
  position: number
  record: Uint8Array
  record_encoding: string
}
interface ChildRow {
  [column: string]: string | number
  position: number
}

const NONE: readonly ChildRow[] = []

/**
 * Compares the record of an inspection, from which screens and reports are made, with its event, which is signed: the
 * event is derived from the stored capture once more, and the columns, defects and measurements are compared with it.
 */
export class RecordCheck {
  readonly #db: SqlDatabase
  readonly #findings: Findings
  #rows = new Map<number, InspectionRow>()
  #defects = new Map<number, ChildRow[]>()
  #measurements = new Map<number, ChildRow[]>()
  #images = new Map<number, ChildRow[]>()
  checked = 0

  constructor(db: SqlDatabase, findings: Findings) {
    this.#db = db
    this.#findings = findings
  }

  /** Reads the rows of a stretch of the log; those of `inspection` one by one when they are asked for, if so wished. */
  load(after: number, end: number, inspections = true): void {
    const read = (table: string, order: string): Map<number, ChildRow[]> => {
      const rows = this.#db.all<ChildRow>(
        `select * from ${table} where position > ? and position <= ? order by position, ${order}`,
        after,
        end,
      )
      const by = new Map<number, ChildRow[]>()
      for (const row of rows) {
        const known = by.get(row.position)
        if (known) known.push(row)
        else by.set(row.position, [row])
      }
      return by
    }
    this.#rows = new Map(
      [...(inspections ? read('inspection', 'position') : [])].flatMap(([position, rows]) =>
        rows.map((row) => [position, row as unknown as InspectionRow] as const),
      ),
    )
    this.#defects = read('defect', 'n')
    this.#measurements = read('measurement', 'n')
    this.#images = read('inspection_image', 'view')
  }

  /**
   * Hashes of the images when the record of an inspection is what its event says, as far as that can be told without
   * taking the event apart; else null.
   */
  matching(row: MatchRow): string[] | null {
    const { position, json, record, record_encoding } = row
    const views = this.#images.get(position) ?? NONE
    const none = (of: Map<number, ChildRow[]>, member: 'defects' | 'measurements'): boolean =>
      hasNone(json, member) && !of.has(position)
    try {
      if (record === null) return null
      const stored = recordHash(inflated(record, record_encoding ?? ''))
      if (!inspectionMatches(row, stored, views)) return null
      if (!none(this.#defects, 'defects') || !none(this.#measurements, 'measurements')) {
        const { data } = JSON.parse(json) as QEvent<InspectionCompleted>
        if (this.#children(position, data) !== null) return null
      }
    } catch {
      return null
    }
    this.checked += 1
    return views.map((v) => String(v['sha256']))
  }

  check(position: number, event: QEvent): void {
    if (event.type !== 'qe.inspection.completed.v1') return
    const at = { position, event: event.id, subject: event.subject }
    const row =
      this.#rows.get(position) ??
      this.#db.get<InspectionRow>('select * from inspection where position = ?', position)
    if (row === undefined) return this.#findings.add('record', 'the inspection record is gone', at)
    this.checked += 1
    try {
      const difference = this.#difference(row, event as QEvent<InspectionCompleted>)
      if (difference !== null) this.#findings.add('record', difference, at)
    } catch (error) {
      this.#findings.add('record', `the record cannot be read: ${asCoded(error, 'TRC_WRITE').message}`, at)
    }
  }

  /** Records that no event of the log stands behind. */
  finish(): void {
    const orphans = this.#db.all<{ position: number; inspection_id: string; serial: string }>(
      `select position, inspection_id, serial from inspection where position not in
         (select position from event where type = 'qe.inspection.completed.v1') order by position limit 1000`,
    )
    for (const { position, inspection_id, serial } of orphans)
      this.#findings.add('record', 'a record without an event', {
        position,
        event: inspection_id,
        subject: `unit/${serial}`,
      })
  }

  #difference(row: InspectionRow, event: QEvent<InspectionCompleted>): string | null {
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
      if ((row[name] ?? null) !== value)
        return `${name} is ${String(row[name])} in the record and ${String(value)} in the event`
    if (data.genealogy !== undefined && row['unit'] !== data.genealogy.unit)
      return `unit is ${String(row['unit'])} in the record and ${data.genealogy.unit} in the event`
    const children = this.#children(row.position, data)
    if (children !== null) return children
    if (
      data.recordSha256 !== undefined &&
      data.recordSha256 !== recordHash(inflated(row.record, row.record_encoding))
    )
      return this.#changedRecord(row, event)
    return this.#derived(row, event)
  }

  /** Which part of the event the altered capture would give, or that it shows in none. */
  #changedRecord(row: InspectionRow, event: QEvent<InspectionCompleted>): string {
    const part = this.#derived(row, event)
    return part ?? 'the stored capture is not the one the event was made from'
  }

  /** Derives the event from the stored capture once more. */
  #derived(row: InspectionRow, event: QEvent<InspectionCompleted>): string | null {
    const { data } = event
    const record = decodeRecord(row.record, row.record_encoding)
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
    const { unit } = unitOf(record)
    // Events did not always tell where the unit comes from; that one does not is as signed.
    const told = data.genealogy === undefined ? { ...unit, origin: null } : unit
    const derived: unknown = JSON.parse(JSON.stringify(inspectionEvent(record, told, image)))
    const path = firstDifference(derived, { ...event, sequence: undefined }, '')
    return path === null ? null : `the stored capture gives another ${path}`
  }

  #children(position: number, data: InspectionCompleted): string | null {
    const defects = (this.#defects.get(position) ?? []).map((d) => [
      d['finding'],
      d['class'],
      d['score'],
      d['x1'],
      d['y1'],
      d['x2'],
      d['y2'],
    ])
    const measurements = (this.#measurements.get(position) ?? []).map((m) => [
      m['characteristic'],
      m['value'],
      m['unit'],
    ])
    const images = (this.#images.get(position) ?? []).map((i) => [
      i['view'],
      i['sha256'],
      i['width_px'],
      i['height_px'],
    ])
    const wanted: [string, unknown, unknown][] = [
      ['defect', defects, data.defects.map((d) => [d.id, d.classCode, d.confidence, ...d.bbox])],
      ['measurement', measurements, data.measurements.map((m) => [m.characteristic, m.value, m.unit])],
      ['image', images, data.image.views.map((v) => [v.view, v.sha256, v.width, v.height])],
    ]
    for (const [what, rows, members] of wanted) {
      const path = firstDifference(rows, members, '')
      if (path !== null) return `the ${what} rows differ from the event${path === '' ? '' : ` at ${path}`}`
    }
    return null
  }
}
