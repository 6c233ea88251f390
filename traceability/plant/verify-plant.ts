import { asCoded, CodedError, errorText, type I18n, type SqlDatabase } from '../../contracts/index.ts'
import {
  checkNote,
  CompactRange,
  HASH_BYTES,
  parseCheckpoint,
  parseVerifierKey,
  type VerifierKey,
} from '../log/index.ts'
import { about, WORDS } from '../proof/finding-words.ts'
import { checkDecisions } from '../proof/fact-check.ts'
import { LIMITS } from '../proof/limits.ts'
import { checkRange } from '../proof/range-check.ts'
import { brokenSequence } from '../proof/range-walk.ts'
import { RecordCheck } from '../proof/record-check.ts'
import { Findings, foundRows, type VerifyReport } from '../proof/report.ts'
import { stationInPlant } from './replica-rows.ts'

interface Head {
  size: number
  root: Uint8Array
}

const CHUNK = 2_000
/** Every event is looked at itself. */
const NO_TILES = { dir: '', size: 0 }
/** Tables that the check reads by position of the log. */
const BY_POSITION = ['inspection', 'defect', 'measurement', 'carrier_read', 'inspection_image']

/**
 * Checks one log as the plant received it: every event against its leaf and columns, the tree, every checkpoint that came
 * along, every record against its event. All of it is read in one snapshot: lines go on replicating meanwhile.
 *
 * @param db writable: the check makes temporary views
 * @param keys noted elsewhere; none = the key that came with the log first
 * @throws TRC_NOT_FOUND for a log that never came
 */
export function verifyPlantLog(
  db: SqlDatabase,
  schema: string,
  log: string,
  keys: readonly VerifierKey[] = [],
): VerifyReport {
  return db.transaction(() => {
    db.exec('set transaction isolation level repeatable read')
    return verifySnapshot(db, schema, log, keys)
  })
}

function verifySnapshot(
  db: SqlDatabase,
  schema: string,
  log: string,
  keys: readonly VerifierKey[],
): VerifyReport {
  const facts = db.get<{ line: string; vkey: string | null; size: number; root: Uint8Array }>(
    'select line, vkey, size, root from line_log where log = ?',
    log,
  )
  if (facts === undefined)
    throw new CodedError('TRC_NOT_FOUND', { expected: 'a log that the plant received', actual: log })
  const findings = new Findings()
  const trusted = keys.length > 0 ? keys : facts.vkey === null ? [] : [parseVerifierKey(facts.vkey)]
  const { heads, checkpoints, origin } = readHeads(db, log, trusted, findings)
  makeViews(db, schema, log, facts.line)
  const tree = new CompactRange()
  const last = new Map<string, number>()
  const end = db.get<{ last: number | null }>('select max(position) as last from event')?.last ?? 0
  let records = 0
  let signed = 0
  let next = 0
  for (let after = 0; after < end; after += CHUNK) {
    const piece = checkRange(db, { after, end: Math.min(after + CHUNK, end) }, NO_TILES, null)
    records += piece.records
    findings.more += piece.more
    findings.addAll([...piece.findings, ...piece.sequenceBreaks])
    for (const { source, first, last: to } of piece.sources) {
      const before = last.get(source) ?? 0
      last.set(source, to)
      if (first.sequence !== before + 1) findings.addAll([brokenSequence(source, before, first)])
    }
    if (piece.count !== piece.end - piece.after)
      findings.add(
        'dropped',
        WORDS.droppedBetween(piece.end - piece.after - piece.count, piece.after + 1, piece.end),
        { position: piece.after + 1 },
      )
    for (let at = 0; at < piece.leaves.length; at += HASH_BYTES) {
      tree.append(piece.leaves.subarray(at, at + HASH_BYTES))
      for (let head = heads[next]; head && head.size <= tree.size; head = heads[++next]) {
        if (tree.root().equals(head.root)) signed = head.size
        else findings.add('diverged', WORDS.divergedUpTo(head.size), { position: head.size })
      }
    }
  }
  if (facts.size !== tree.size || Buffer.compare(facts.root, tree.root()) !== 0)
    findings.add('tree', WORDS.otherRootInPlant(facts.size, tree.size))
  new RecordCheck(db, findings).finish()
  checkDecisions(db, findings)
  tellOrphans(db, schema, facts.line, findings)
  const cut = heads.at(-1)
  if (cut !== undefined && cut.size > tree.size)
    findings.add('cut', WORDS.shorterInPlant(cut.size, tree.size), { position: tree.size + 1 })
  const limits: I18n[] = [LIMITS.notInLog, LIMITS.plantTables, LIMITS.noImages]
  if (keys.length === 0) limits.push(LIMITS.ownKeys)
  if (signed < tree.size) limits.push(LIMITS.unsigned)
  return {
    state: findings.list.length > 0 ? 'altered' : signed > 0 ? 'intact' : 'unproven',
    origin,
    events: tree.size,
    signed,
    checkpoints,
    cosigned: [],
    timestamped: [],
    records,
    images: { checked: 0, deletedByRetention: 0 },
    findings: findings.list,
    more: findings.more,
    limits,
  }
}

/**
 * The checkpoints that came, by what they say. An older program could keep one under the size of the one before; one that
 * is kept under a larger size than it says feigns events that were never signed.
 */
function readHeads(
  db: SqlDatabase,
  log: string,
  keys: readonly VerifierKey[],
  findings: Findings,
): { heads: Head[]; checkpoints: number; origin: string | null } {
  const heads: Head[] = []
  let origin: string | null = keys[0]?.name ?? null
  const notes = db.all<{ size: number; note: string }>(
    'select size, note from line_head where log = ? order by size',
    log,
  )
  for (const { size, note } of notes) {
    try {
      const c = parseCheckpoint(note)
      origin ??= c.origin
      if (!keys.some((key) => checkNote(c.note, key).state === 'valid'))
        findings.add('checkpoint', about(WORDS.checkpointOver(size), WORDS.unsigned(keys, c.origin)))
      else if (c.size < size) findings.add('checkpoint', WORDS.keptAsLarger(size, c.size))
      else heads.push({ size: c.size, root: c.root })
    } catch (error) {
      findings.add('checkpoint', about(WORDS.checkpointOver(size), errorText(asCoded(error, 'TRC_NOTE'))))
    }
  }
  heads.sort((x, y) => x.size - y.size)
  return { heads, checkpoints: heads.length, origin }
}

/**
 * Records that no event of any log stands behind, by their station those of this line. One that names no known line is
 * told with every log.
 */
function tellOrphans(db: SqlDatabase, schema: string, line: string, findings: Findings): void {
  const prefixes = db
    .all<{ line: string }>('select line from line_log')
    .map((l) => stationInPlant('', l.line, false))
  const own = stationInPlant('', line, false)
  const others = JSON.stringify(prefixes.filter((prefix) => prefix !== own))
  const orphans = foundRows<{ inspection_id: string; serial: string }>(
    db,
    findings,
    `select t.inspection_id, t.serial from ${schema}.inspection t
     where not exists (select 1 from ${schema}.event e where e.position = t.position)
       and not exists (select 1 from json_each(?) o where starts_with(t.station, o.value))
     order by t.position`,
    others,
  )
  for (const { inspection_id, serial } of orphans)
    findings.add('record', WORDS.noEvent, { event: inspection_id, subject: `unit/${serial}` })
}

/** The tables of the line as it had them, under their own names, for this connection alone. */
function makeViews(db: SqlDatabase, schema: string, log: string, line: string): void {
  const text = (value: string): string => `'${value.replaceAll("'", "''")}'`
  const quoted = text(log)
  const prefix = stationInPlant('', line, false)
  const columns = (table: string): string[] =>
    db
      .all<{ name: string }>(
        'select column_name as name from information_schema.columns where table_schema = ? and table_name = ? order by ordinal_position',
        schema,
        table,
      )
      .map((c) => c.name)
  const views = [
    `create temp view event as select log_position as position, ${columns('event')
      .filter((c) => c !== 'position')
      .join(', ')} from ${schema}.event where log = ${quoted}`,
    ...BY_POSITION.map((table) => {
      const list = columns(table).map((c) =>
        c === 'position'
          ? 'e.log_position as position'
          : c === 'station'
            ? // A station of another line keeps its name, so that it differs from what the event says.
              `case when starts_with(t.station, ${text(prefix)}) then substr(t.station, ${prefix.length + 1})
                 else t.station end as station`
            : `t.${c}`,
      )
      return `create temp view ${table} as select ${list.join(', ')} from ${schema}.${table} t
        join ${schema}.event e on e.position = t.position where e.log = ${quoted}`
    }),
  ]
  // Numbers of the log; 0 for a correction that is not there.
  views.push(`create temp view trace_fact as select e.log_position as position, t.id, t.kind, t.subject, t.at,
      coalesce(s.log_position, t.superseded_by * 0) as superseded_by from ${schema}.trace_fact t join ${schema}.event e on e.position = t.position
      left join ${schema}.event s on s.position = t.superseded_by where e.log = ${quoted}`)
  for (const name of ['event', 'trace_fact', ...BY_POSITION]) db.exec(`drop view if exists pg_temp.${name}`)
  for (const view of views) db.exec(view)
}
