import { CodedError, type SqlDatabase } from '../../contracts/index.ts'
import { CompactRange } from '../log/index.ts'
import type { EventRow } from '../proof/range-check.ts'
import { lockFor } from './advisory-lock.ts'
import { SPAN } from './months.ts'

/** The log of what is stated at the plant itself; no line has it. */
export const OWN_LOG = 'plant'

/** How far the plant has received one log. */
export interface Received {
  size: number
  tree: CompactRange
  lastPosition: number
  vkey: string | null
  /** Images that could not be read and did not go along. */
  imagesMissing: number
}

type LogRow = {
  size: number
  nodes: Uint8Array
  root: Uint8Array
  last_position: number
  vkey: string | null
  images_missing: number
}

/** The log of one line in the plant store. Writing methods belong into a transaction that holds its lock. */
export class PlantLog {
  readonly #db: SqlDatabase
  readonly log: string

  constructor(db: SqlDatabase, log: string) {
    this.#db = db
    this.log = log
  }

  /** One writer per log; ended by the end of the transaction, however that comes about. */
  lock(): void {
    lockFor(this.#db, `sightline log ${this.log}`)
  }

  /** New logs come one after the other, so that two of one line are seen; ended as `lock` is. */
  lockNew(): void {
    lockFor(this.#db, 'sightline new log')
  }

  /** @throws TRC_OPEN when tree and root disagree */
  received(): Received {
    const row = this.#db.get<LogRow>(
      'select size, nodes, root, last_position, vkey, images_missing from line_log where log = ?',
      this.log,
    )
    if (row === undefined)
      return { size: 0, tree: new CompactRange(), lastPosition: 0, vkey: null, imagesMissing: 0 }
    const tree = new CompactRange(row.size, row.nodes)
    if (Buffer.compare(tree.root(), row.root) !== 0)
      throw new CodedError('TRC_OPEN', {
        file: this.log,
        expected: 'the tree of the received log',
        actual: 'another root',
        hint: 'the plant store was altered; restore it from a backup',
      })
    return {
      size: row.size,
      tree,
      lastPosition: row.last_position,
      vkey: row.vkey,
      imagesMissing: row.images_missing,
    }
  }

  /** Places in the plant for `count` events of the month, behind all of this log. */
  places(count: number, month: number, last: number): number[] {
    const within = Math.max(month, Math.floor(last / SPAN))
    const rows = this.#db.all<{ n: number }>(
      `select nextval('plant_place') as n from generate_series(1, ?)`,
      count,
    )
    return rows.map(({ n }) => within * SPAN + (n % SPAN)).sort((a, b) => a - b)
  }

  /** The database computes each leaf once more and refuses one that is not that of its event. */
  append(events: readonly EventRow[], places: readonly number[]): void {
    const rows = events.map((e, i) => ({
      ...e,
      position: places[i],
      log: this.log,
      log_position: e.position,
      leaf_hash: `\\x${Buffer.from(e.leaf_hash).toString('hex')}`,
    }))
    this.#db.run(
      `insert into event (position, id, source, sequence, type, subject, partitionkey, time, json, leaf_hash, log,
         log_position)
       select position, id, source, sequence, type, subject, partitionkey, time, json, leaf_hash, log, log_position
         from json_populate_recordset(cast(null as event), cast(? as json))`,
      JSON.stringify(rows),
    )
  }

  /**
   * Goes on from `before`, and only from there.
   *
   * @param missing images of these events that did not go along
   * @throws TRC_REPLICA when another writer went on meanwhile
   */
  advance(
    before: Received,
    tree: CompactRange,
    lastPosition: number,
    where: { plant: string; line: string },
    missing: number,
  ): void {
    const { changes } = this.#db.run(
      `insert into line_log (log, plant, line, size, nodes, root, last_position, images_missing)
         values (?, ?, ?, ?, ?, ?, ?, ?)
       on conflict (log) do update set size = excluded.size, nodes = excluded.nodes, root = excluded.root,
         last_position = excluded.last_position, images_missing = line_log.images_missing + excluded.images_missing,
         updated_at = now()
       where line_log.size = cast(? as bigint) and line_log.root = ?`,
      this.log,
      where.plant,
      where.line,
      tree.size,
      tree.nodes(),
      tree.root(),
      lastPosition,
      missing,
      before.size,
      before.tree.root(),
    )
    if (changes !== 1)
      throw new CodedError('TRC_REPLICA', {
        file: this.log,
        expected: `${before.size} events received`,
        actual: 'another number: somebody else replicates this log',
      })
  }

  /** A checkpoint of the line; the first key seen stays. @throws TRC_REPLICA for another key */
  keepHead(size: number, note: string, vkey: string): void {
    const row = this.#db.get<{ vkey: string | null }>('select vkey from line_log where log = ?', this.log)
    if (row === undefined) return
    if (row.vkey !== null && row.vkey !== vkey)
      throw new CodedError('TRC_REPLICA', {
        file: this.log,
        expected: `checkpoints by ${row.vkey}`,
        actual: vkey,
        hint: 'a log keeps its key; a line that starts over replicates under another name',
      })
    if (row.vkey === null) this.#db.run('update line_log set vkey = ? where log = ?', vkey, this.log)
    this.#db.run(
      'insert into line_head (log, size, note) values (?, ?, ?) on conflict (log, size) do update set note = excluded.note',
      this.log,
      size,
      note,
    )
  }

  /** By which line the plant calls its stations: a line that is called otherwise since keeps the name of its first events. */
  lineName(now: string): string {
    return this.#db.get<{ line: string }>('select line from line_log where log = ?', this.log)?.line ?? now
  }

  /** Under which other name the plant has a log with this leaf there; null = none. */
  otherName(at: { position: number; leaf_hash: Uint8Array }): string | null {
    const row = this.#db.get<{ log: string }>(
      `select l.log from line_log l join event e on e.log = l.log and e.log_position = ?
       where l.log <> ? and e.leaf_hash = ? order by l.first_at limit 1`,
      at.position,
      this.log,
      at.leaf_hash,
    )
    return row?.log ?? null
  }

  /**
   * Another log of a line of one of these names, the one that came first, or that has parts without a code of such a
   * line: one that is called so since; null = none.
   */
  otherOfLine(names: readonly string[]): { log: string; line: string } | null {
    const asked = JSON.stringify(names)
    const row =
      this.#db.get<{ log: string; line: string }>(
        `select log, line from line_log where line in (select value from json_each(?)) and log <> ? and log <> ?
         order by first_at limit 1`,
        asked,
        this.log,
        OWN_LOG,
      ) ??
      this.#db.get<{ log: string; line: string }>(
        `select e.log, v.value as line from json_each(?) v
           join identity i on i.serial collate "C" >= v.value || '.' and i.serial collate "C" < v.value || '/'
             and i.uri like 'urn:sightline:trigger:%'
           join inspection n on n.unit = i.uri join event e on e.position = n.position
         where e.log <> ? limit 1`,
        asked,
        this.log,
      )
    return row ?? null
  }

  /** First position at which the leaves differ; null = none in the first `size`. */
  firstDifference(
    leaves: (after: number, limit: number) => { leaf_hash: Uint8Array }[],
    size: number,
  ): number | null {
    const CHUNK = 5_000
    for (let after = 0; after < size; after += CHUNK) {
      const ours = this.#db.all<{ leaf_hash: Uint8Array }>(
        'select leaf_hash from event where log = ? and log_position > ? order by log_position limit ?',
        this.log,
        after,
        CHUNK,
      )
      const theirs = leaves(after, CHUNK)
      for (let i = 0; i < Math.min(CHUNK, size - after); i++) {
        const [a, b] = [ours[i]?.leaf_hash, theirs[i]?.leaf_hash]
        if (a === undefined || b === undefined || Buffer.compare(a, b) !== 0) return after + i + 1
      }
    }
    return null
  }
}
