import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CodedError, type SqlDatabase } from '../../contracts/index.ts'
import { checkNote, CompactRange, HASH_BYTES, parseCheckpoint, parseVerifierKey } from '../log/index.ts'
import { checkRange, type EventRow } from '../proof/range-check.ts'

/** The last checkpoint that the line signed. */
export interface SignedHead {
  size: number
  root: Uint8Array
  note: string
  vkey: string
}

const CHUNK = 1_000
/** Every event is looked at itself. */
const NO_TILES = { dir: '', size: 0 }
const hex = (hash: Uint8Array): string => Buffer.from(hash).toString('hex').slice(0, 16)

/** The log of a line as the plant wants it: read only, every leaf computed from its event again. */
export class SourceLog {
  readonly #db: SqlDatabase
  readonly #dataDir: string

  constructor(db: SqlDatabase, dataDir: string) {
    this.#db = db
    this.#dataDir = dataDir
  }

  get db(): SqlDatabase {
    return this.#db
  }

  head(): { size: number; root: Uint8Array } {
    const row = this.#db.get<{ size: number; root: Uint8Array }>(
      'select size, root from log_tree where id = 1',
    )
    if (row === undefined) throw new CodedError('TRC_REPLICA', { expected: 'a log tree', actual: 'none' })
    return row
  }

  /** The tree over the first `size` events by their stored leaves, from a smaller one on. */
  treeAt(size: number, tree = new CompactRange()): CompactRange {
    while (tree.size < size) {
      const rows = this.leaves(tree.size, Math.min(CHUNK, size - tree.size))
      if (rows.length === 0) break
      for (const { leaf_hash } of rows) tree.append(leaf_hash)
    }
    return tree
  }

  /** @param tree up to where it is known, which is gone on with @throws TRC_REPLICA */
  asSigned(signed: { size: number; root: Uint8Array }, tree: CompactRange): CompactRange {
    const whole = this.treeAt(signed.size, tree)
    if (Buffer.compare(whole.root(), signed.root) !== 0)
      throw refused(signed.size, `the root that was signed over ${signed.size} events`, 'another one')
    return whole
  }

  leaves(after: number, limit: number): { position: number; leaf_hash: Uint8Array }[] {
    return this.#db.all(
      'select position, leaf_hash from event where position > ? order by position limit ?',
      after,
      limit,
    )
  }

  /** The event of the first part; null = there is none yet. */
  firstPart(): { position: number; leaf_hash: Uint8Array } | null {
    return (
      this.#db.get<{ position: number; leaf_hash: Uint8Array }>(
        `select position, leaf_hash from event where position = (select min(position) from inspection)`,
      ) ?? null
    )
  }

  /** By which names of a line its parts were judged: one of another name since keeps those of before. */
  lineNames(): string[] {
    // From one source to the next by the index: they are few, and the events many.
    const sources = this.#db.all<{ source: string }>(
      `with recursive one (source) as (select min(source) from event union all
         select (select min(e.source) from event e where e.source > one.source) from one where one.source is not null)
       select source from one where exists (select 1 from event e where e.source = one.source
         and e.type = 'qe.inspection.completed.v1')`,
    )
    return [...new Set(sources.flatMap(({ source }) => placeOf(source)?.line ?? []))]
  }

  events(after: number, end: number): EventRow[] {
    return this.#db.all<EventRow>(
      `select position, id, source, sequence, type, subject, partitionkey, time, json, leaf_hash from event
       where position > ? and position <= ? order by position`,
      after,
      end,
    )
  }

  /** The last checkpoint and the key beside it; null when the log is not signed. @throws TRC_NOTE, TRC_KEY */
  signed(): SignedHead | null {
    const dir = join(this.#dataDir, 'log')
    const [noteFile, keyFile] = [join(dir, 'checkpoint'), join(dir, 'key.pub')]
    if (!existsSync(noteFile) || !existsSync(keyFile)) return null
    // Read once: the line may sign the next one at any moment.
    const note = readFileSync(noteFile, 'utf8')
    const checkpoint = parseCheckpoint(note)
    const vkey = readFileSync(keyFile, 'utf8').trim()
    if (checkNote(checkpoint.note, parseVerifierKey(vkey)).state !== 'valid')
      throw new CodedError('TRC_REPLICA', {
        expected: 'a checkpoint signed by the key of the log',
        actual: 'another',
      })
    return { size: checkpoint.size, root: checkpoint.root, note, vkey }
  }

  #gap(after: number, end: number): CodedError {
    const rows = this.leaves(after, end - after)
    const at = rows.findIndex((row, i) => row.position !== after + 1 + i)
    const missing = at < 0 ? after + 1 + rows.length : after + 1 + at
    return refused(missing, `event ${missing}`, 'none at that place')
  }

  /** @returns leaf hashes one after the other @throws TRC_REPLICA naming the first event that is wrong */
  #inOrder(after: number, end: number): Uint8Array {
    const { count, leaves, findings } = checkRange(this.#db, { after, end }, NO_TILES, null)
    const wrong = findings[0]
    if (wrong !== undefined)
      throw refused(wrong.position ?? end, `event ${wrong.event ?? ''} in order`, wrong.detail)
    if (count !== end - after) throw this.#gap(after, end)
    return leaves
  }

  /**
   * One batch once more when it goes: it may be altered since, as many batches take a while.
   *
   * @param checked the tree up to where that was; the batch that ends there must lead to it
   * @throws TRC_REPLICA
   */
  checkBatch(from: CompactRange, end: number, checked: CompactRange): void {
    const leaves = this.#inOrder(from.size, end)
    if (end !== checked.size) return
    const tree = new CompactRange(from.size, from.nodes())
    for (let at = 0; at < leaves.length; at += HASH_BYTES) tree.append(leaves.subarray(at, at + HASH_BYTES))
    if (!tree.root().equals(checked.root()))
      throw refused(end, `the ${end} events that were gone through`, 'others since')
  }

  /**
   * Goes through everything behind `tree` before anything is sent: each event gives its stored leaf, positions have no
   * gap, records are those of their events, and the tree has the roots that the store counted and the line signed.
   *
   * @param tree      grows up to `head`, piece by piece: the next check goes on from where this one was broken off
   * @param meanwhile called between the pieces
   * @throws TRC_REPLICA naming the first event that is wrong
   */
  check(
    tree: CompactRange,
    head: { size: number; root: Uint8Array },
    signed: SignedHead | null,
    meanwhile: () => void,
  ): void {
    const from = tree.size
    while (tree.size < head.size) {
      meanwhile()
      const after = tree.size
      const end = Math.min(after + CHUNK, head.size)
      const leaves = this.#inOrder(after, end)
      for (let at = 0; at < leaves.length; at += HASH_BYTES) {
        tree.append(leaves.subarray(at, at + HASH_BYTES))
        if (signed?.size === tree.size && Buffer.compare(signed.root, tree.root()) !== 0)
          throw refused(
            tree.size,
            `the root ${hex(signed.root)} that was signed over ${tree.size} events`,
            hex(tree.root()),
          )
      }
    }
    if (Buffer.compare(tree.root(), head.root) !== 0)
      throw refused(
        from + 1,
        `the root ${hex(head.root)} that the store counted over ${head.size} events`,
        `${hex(tree.root())}: something behind event ${from} was altered`,
      )
  }
}

export const refused = (
  position: number,
  expected: string,
  actual: string,
  hint = 'nothing behind it is taken over; `sightline verify` on the line names what was altered',
): CodedError =>
  new CodedError('TRC_REPLICA', {
    path: `position ${position}`,
    expected,
    actual,
    hint,
  })

/**
 * Plant and line of a log by its first part, else by its first event: what an office stated before says nothing of the
 * line. Null while there is neither.
 */
export function sourceOrigin(db: SqlDatabase): { plant: string; line: string } | null {
  const row = db.get<{ source: string }>(
    'select source from event where position = coalesce((select min(position) from inspection), 1)',
  )
  return placeOf(row?.source ?? '')
}

function placeOf(source: string): { plant: string; line: string } | null {
  const found = /^\/plants\/(.+?)\/lines\/(.+?)(?:\/|$)/.exec(source)
  return found?.[1] === undefined || found[2] === undefined ? null : { plant: found[1], line: found[2] }
}
