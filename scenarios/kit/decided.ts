import { FACT_EVENT_DATA, gateHeldSchema, type PartDisposition, type QEvent } from '../../contracts/index.ts'
import type { SqlTx } from './io.ts'

type Row = { inspection_id: string | null; disposition: PartDisposition | null }

/** What became of the part after its inspection: the newest decision that stands, or the gate's hold; null when nothing. */
export const decided = (db: SqlTx, inspectionId: string): PartDisposition | null =>
  db.get<Row>(
    `select inspection_id, disposition from _decided where inspection_id = ? and superseded = 0
     order by n desc limit 1`,
    inspectionId,
  )?.disposition ?? null

/** The inspection whose part an event decides about, or null: a correction is about the one of what it corrects. */
export function decidedOf(db: SqlTx, e: QEvent): string | null {
  const said = read(e)
  if (said === null) return null
  return said.inspectionId ?? (said.supersedes === undefined ? null : inspectionOf(db, said.supersedes))
}

/** Keeps it; a correction that comes before what it corrects is kept as well. */
export function decide(db: SqlTx, e: QEvent): void {
  const said = read(e)
  if (said === null) return
  if (said.supersedes !== undefined)
    db.run(
      `insert into _decided(id, superseded) values(?, 1) on conflict(id) do update set superseded = 1`,
      said.supersedes,
    )
  if (said.disposition === null) return
  db.run(
    `insert into _decided(id, inspection_id, disposition) values(?, ?, ?)
     on conflict(id) do update set inspection_id = excluded.inspection_id, disposition = excluded.disposition`,
    e.id,
    said.inspectionId,
    said.disposition,
  )
}

const inspectionOf = (db: SqlTx, id: string): string | null =>
  db.get<Row>(`select inspection_id, disposition from _decided where id = ?`, id)?.inspection_id ?? null

interface Said {
  inspectionId: string | null
  /** Null of a retraction. */
  disposition: PartDisposition | null
  supersedes: string | undefined
}

function read(e: QEvent): Said | null {
  switch (e.type) {
    case 'qe.gate.held.v1': {
      const { inspectionId } = gateHeldSchema.parse(e.data)
      return { inspectionId, disposition: 'hold', supersedes: undefined }
    }
    case 'qe.unit.dispositioned.v1': {
      const { inspection, disposition, supersedes } = FACT_EVENT_DATA[e.type].parse(e.data)
      return { inspectionId: inspection ?? null, disposition, supersedes }
    }
    case 'qe.trace.retracted.v1': {
      const { supersedes } = FACT_EVENT_DATA[e.type].parse(e.data)
      return { inspectionId: null, disposition: null, supersedes }
    }
    default:
      return null
  }
}
