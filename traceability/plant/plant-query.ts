import { CodedError, type SqlDatabase } from '../../contracts/index.ts'
import { TraceQuery } from '../query/trace-query.ts'
import { checkSchemaName, refuseOtherVersions } from './migrations.ts'
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
 * @throws as `openPlant`
 */
export async function openPlantQuery(url: string, schema = 'sightline'): Promise<TraceQuery> {
  return new TraceQuery('', await openPlant(url, schema))
}

/**
 * A connection to a plant store of this version, which it does not make. It blocks the thread that asks.
 *
 * @throws TRC_PLANT; TRC_OPEN, also when there is no such schema or one of another version
 */
export async function openPlant(url: string, schema = 'sightline'): Promise<SqlDatabase> {
  const db = await openPostgres(url, { schema, statementMs: QUESTION_MS })
  try {
    checkSchemaName(schema)
    mustBeThere(db, schema)
    refuseOtherVersions(db, schema, 'plant')
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function mustBeThere(db: SqlDatabase, schema: string): void {
  const named = `select n.nspname as name from pg_catalog.pg_namespace n where exists (
       select 1 from pg_catalog.pg_class c where c.relnamespace = n.oid and c.relname = 'line_log')`
  if (db.get(`${named} and n.nspname = ?`, schema)) return
  const there = db.all<{ name: string }>(`${named} order by 1 limit 8`)
  throw new CodedError('TRC_OPEN', {
    expected: `the schema of a plant store: ${there.map((s) => s.name).join(', ') || 'there is none yet'}`,
    actual: `${schema}, which is none`,
    hint: 'a line with `plantStore` in its file makes it, and `sightline plant replicate`',
  })
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
