import { hash } from 'node:crypto'
import type { CodeRead, SqlValue } from '../../contracts/index.ts'
import { associatedBy, codesOf } from '../identity/index.ts'
import type { ChildRows } from './inspection-columns.ts'
import type { UnitFacts } from './inspection-event.ts'
import type { CaptureRecord } from './record-codec.ts'

/**
 * As the event of the inspection states it, hex: what its tables hold, in a form that SQL gives as well.
 *
 * @param row values of ROW_COLUMNS
 */
export const rowsHash = (
  row: readonly SqlValue[],
  { defect, measurement, carrier_read }: ChildRows,
): string => hash('sha256', JSON.stringify([row, defect, measurement, carrier_read]), 'hex')

/** Values of INSPECTION_COLUMNS from `inspection_id` to `height_px`. */
export function inspectionRow(r: CaptureRecord, unit: UnitFacts): SqlValue[] {
  const { verdict, timing } = r.outcome
  return [
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
  ]
}

/**
 * The driver of Node 20 (`@photostructure/sqlite` 1.2) takes a number for a whole one that is less than 2.2e-16 above it,
 * and keeps 0, as of sin π. So does the store with every driver: the rows are what the event states the hash of.
 */
const kept = (value: SqlValue): SqlValue =>
  typeof value === 'number' && value > 0 && value < Number.EPSILON ? 0 : value

/** @param stored how a number comes to stand in its row */
export function childRows(record: CaptureRecord, stored = kept): ChildRows {
  const { verdict } = record.outcome
  const condemned = new Set(verdict.defects)
  return {
    defect: verdict.findings.flatMap((f, n) =>
      condemned.has(f.id)
        ? [
            [
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
            ].map(stored),
          ]
        : [],
    ),
    measurement: verdict.measurements.map((m, n) =>
      [
        n,
        m.characteristic,
        m.tool,
        m.value,
        m.unit,
        m.lsl ?? null,
        m.usl ?? null,
        m.target ?? null,
        m.uncertainty ?? null,
      ].map(stored),
    ),
    carrier_read: readRows(codesOf(record)),
  }
}

const readRows = (codes: readonly CodeRead[]): SqlValue[][] =>
  codes.map((c, n) => [
    n,
    c.tool,
    c.ok && !c.text.includes('\0') ? 1 : 0,
    visible(c.symbology),
    visible(c.symbologyId),
    visible(c.text),
    c.error === undefined ? null : visible(c.error),
    associatedBy(c),
  ])

/** What a symbol on a part says may hold NUL, which no text column may; U+2400 is its picture. The record keeps it. */
const visible = (text: string): string => (text.includes('\0') ? text.replaceAll('\0', '\u2400') : text)
