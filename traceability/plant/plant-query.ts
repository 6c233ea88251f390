import { CodedError, type FactAck, type SqlDatabase, type TraceFact } from '../../contracts/index.ts'
import type { Hold } from '../genealogy/holds.ts'
import type { VerifyReport } from '../proof/report.ts'
import { TraceQuery } from '../query/trace-query.ts'
import { checkSchemaName, refuseOtherVersions } from './migrations.ts'
import { activeInPlant, plantHolds } from './hold-orders.ts'
import { PlantDesk } from './plant-desk.ts'
import { openPostgres } from './postgres.ts'
import { verifyPlantLog } from './verify-plant.ts'

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
  /** When the line last said that it is there, and how many events it had then; null = it never did. */
  seenAt: string | null
  lineEvents: number | null
  /** Where its pages are; null = it does not say. */
  address: string | null
  imagesMissing: number
  /** Time of its last event that came. */
  lastEventAt: string | null
}

/** The same questions as to a line, over all lines of a plant, and those about the plant itself. */
export class PlantQuery extends TraceQuery {
  readonly #db: SqlDatabase
  readonly #schema: string

  constructor(db: SqlDatabase, schema: string) {
    super('', db)
    this.#db = db
    this.#schema = schema
  }

  /** Each as it was placed, without its copies on other lines. */
  override holds(limit = 200): Hold[] {
    return plantHolds(this.#db, limit)
  }

  /** How many are in force. */
  activeHolds(): number {
    return activeInPlant(this.#db)
  }

  plantLogs(): PlantLogFacts[] {
    return plantLogs(this.#db)
  }

  /** Bytes of an image that came along, or null. */
  storedImage(sha256: string): Uint8Array | null {
    return plantImage(this.#db, sha256)
  }

  /** Addresses of the lines that recorded the image. */
  imageAddresses(sha256: string): string[] {
    return this.#db
      .all<{ address: string }>(
        `select distinct l.address from inspection_image v join event e on e.position = v.position
           join line_log l on l.log = e.log where v.sha256 = ? and l.address is not null order by 1`,
        sha256,
      )
      .map((r) => r.address)
  }

  /** Places or releases a hold. @throws as `PlantDesk.record` */
  stateHold(fact: TraceFact): FactAck {
    return new PlantDesk(this.#db).record(fact)
  }

  /** Reads the whole log. @throws TRC_NOT_FOUND */
  checkLog(log: string): VerifyReport {
    return verifyPlantLog(this.#db, this.#schema, log)
  }
}

/**
 * The same questions as to a line, over all lines of a plant.
 *
 * @throws as `openPlant`
 */
export async function openPlantQuery(url: string, schema = 'sightline'): Promise<PlantQuery> {
  return new PlantQuery(await openPlant(url, schema), schema)
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

const utc = (column: string, name: string): string =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ${name}`

export const plantLogs = (db: SqlDatabase): PlantLogFacts[] =>
  db.all<{ [K in keyof PlantLogFacts]: PlantLogFacts[K] }>(
    `select l.log, l.plant, l.line, l.size as events, l.vkey,
       coalesce((select max(h.size) from line_head h where h.log = l.log), 0) as signed,
       ${utc('l.updated_at', 'updatedAt')}, ${utc('l.seen_at', 'seenAt')},
       l.events as lineEvents, l.address, l.images_missing as imagesMissing,
       (select e.time from event e where e.position = l.last_position) as lastEventAt
     from line_log l order by l.log`,
  )

/** A replicated image, or null. */
export function plantImage(db: SqlDatabase, sha256: string): Uint8Array | null {
  const row = db.get<{ bytes: Uint8Array }>('select bytes from image_bytes where sha256 = ?', sha256)
  return row?.bytes ?? null
}
