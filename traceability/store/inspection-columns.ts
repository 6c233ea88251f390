import type { SqlValue } from '../../contracts/index.ts'

/** Rows of the tables below an inspection, without its position; the first value is the row's number. */
export interface ChildRows {
  defect: SqlValue[][]
  measurement: SqlValue[][]
  carrier_read: SqlValue[][]
}
export type ChildTable = keyof ChildRows

export const CHILD_COLUMNS: Record<ChildTable, string> = {
  defect:
    'position, n, finding, class, severity, score, x1, y1, x2, y2, area_px, area_mm2, length_mm, part_x_mm, part_y_mm, roi',
  measurement: 'position, n, characteristic, tool, value, unit, lsl, usl, target, uncertainty',
  carrier_read: 'position, n, tool, ok, symbology, symbology_id, text, error, associated_by',
}

export const INSPECTION_COLUMNS = `position, inspection_id, station, trigger_number, attempt, run_type, plant, line,
  shift, work_order, product, revision, unit, serial, identified_by, lot, result, disposition, severity, no_verdict,
  no_verdict_code, recipe, recipe_sha256, started_at, ended_at, total_ms, budget_ms, reasons, registration, width_px,
  height_px, sequence, record, record_encoding`

/** Names out of a list of columns. */
export const namesOf = (columns: string): string[] => columns.split(',').map((name) => name.trim())

/** Columns of an inspection behind its position, up to its sequence. */
export const ROW_COLUMNS = namesOf(INSPECTION_COLUMNS).slice(1, -3)
