import type { SqlDatabase } from '../../contracts/index.ts'
import { TraceQuery } from '../query/trace-query.ts'
import { migratePostgres } from './migrations.ts'
import { openPostgres } from './postgres.ts'

/** Longest time for one question over a plant, ms. */
const QUESTION_MS = 120_000

/** A log in the plant store. */
export interface PlantLogFacts {
  log: string
  plant: string
  line: string
  events: number
  /** Verifier key of its checkpoints; null = none came yet. */
  vkey: string | null
  /** Largest checkpoint that came. */
  signed: number
  /** When something last came, RFC 3339. */
  updatedAt: string
}

/**
 * The same questions as to a line, over all lines of a plant.
 *
 * @throws TRC_PLANT, TRC_OPEN
 */
export async function openPlantQuery(url: string, schema = 'sightline'): Promise<TraceQuery> {
  return new TraceQuery('', await openPlant(url, schema))
}

/** A connection to a plant store of this version. It blocks the thread that asks. @throws TRC_PLANT, TRC_OPEN */
export async function openPlant(url: string, schema = 'sightline'): Promise<SqlDatabase> {
  const db = await openPostgres(url, { schema, statementMs: QUESTION_MS })
  try {
    migratePostgres(db, schema, 'plant')
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

export const plantLogs = (db: SqlDatabase): PlantLogFacts[] =>
  db.all<{ [K in keyof PlantLogFacts]: PlantLogFacts[K] }>(
    `select l.log, l.plant, l.line, l.size as events, l.vkey,
       coalesce((select max(h.size) from line_head h where h.log = l.log), 0) as signed,
       to_char(l.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as updatedAt
     from line_log l order by l.log`,
  )

/** A replicated image, or null. */
export function plantImage(db: SqlDatabase, sha256: string): Uint8Array | null {
  const row = db.get<{ bytes: Uint8Array }>('select bytes from image_bytes where sha256 = ?', sha256)
  return row?.bytes ?? null
}
