import type { SqlDatabase } from '../../contracts/index.ts'
import { CompactRange, HASH_BYTES, leafHash } from '../log/index.ts'
import type { Leaf } from './align.ts'
import { WORDS } from './finding-words.ts'
import { brokenSequence, type RangeResult, sumOf } from './range-walk.ts'
import { RecordCheck } from './record-check.ts'
import type { Findings } from './report.ts'
import type { SignedLeaves } from './signed-leaves.ts'

const NONE: Uint8Array = new Uint8Array(0)

/** Puts the checked pieces of the event table together, in their order: sequences, tree, images, comparison with the signed leaves. */
export class EventRows {
  readonly #db: SqlDatabase
  readonly #findings: Findings
  readonly #sequences = new Map<string, number>()
  readonly #signed: Iterator<Uint8Array>
  readonly #signedSize: number
  /** Signed leaves that went by. */
  #passed = 0
  #differs = false
  #count = 0
  /** Of the signed leaves, as long as those that went by are the same, and of what stands behind them. */
  readonly #tree: CompactRange
  /** Breaks of a sequence, to be told when the signed log does not explain them. */
  readonly sequenceBreaks: RangeResult['sequenceBreaks'] = []
  /** Position of the last event that names an image, by its hash. */
  readonly images = new Map<string, number>()
  records = 0
  /** Rows of the table of units that inspections made; null: not each has its unit there, as its event says. */
  units: number | null = 0

  constructor(db: SqlDatabase, findings: Findings, signed: SignedLeaves) {
    this.#db = db
    this.#findings = findings
    this.#signed = signed.leaves()
    this.#signedSize = signed.size
    this.#tree = new CompactRange(signed.size, signed.nodes)
  }

  get count(): number {
    return this.#count
  }

  /** Every signed event stands where it was signed, and the log is at least as long. */
  get asSigned(): boolean {
    return !this.#differs && this.count >= this.#signedSize
  }

  add(r: RangeResult): void {
    // A position is a place among the signed leaves as long as no row is missing before it.
    if (r.asSigned && r.after === this.#count) this.#count += r.count
    else this.#compare(r.leaves)
    for (const { source, first, last } of r.sources) {
      const before = this.#sequences.get(source) ?? 0
      if (first.sequence !== before + 1) this.sequenceBreaks.push(brokenSequence(source, before, first))
      this.#sequences.set(source, last)
    }
    this.sequenceBreaks.push(...r.sequenceBreaks)
    this.#findings.addAll(r.findings)
    this.#findings.more += r.more
    for (const [sha256, position] of r.images) this.images.set(sha256, position)
    this.records += r.records
    this.units = sumOf(this.units, r.units)
  }

  #compare(leaves: Uint8Array): void {
    for (let at = 0; at < leaves.length; at += HASH_BYTES) {
      const leaf = leaves.subarray(at, at + HASH_BYTES)
      this.#count += 1
      if (this.#count > this.#signedSize) this.#tree.append(leaf)
      else if (Buffer.compare(leaf, this.#signedLeaf(this.#count)) !== 0) this.#differs = true
    }
  }

  /** The nth, empty when there are fewer; never one that went by. */
  #signedLeaf(n: number): Uint8Array {
    let leaf = NONE
    for (; this.#passed < n; this.#passed++) {
      const next = this.#signed.next()
      leaf = next.done === true ? NONE : next.value
    }
    return leaf
  }

  /** The leaves once more, with their places, for telling what was done to which. */
  *leaves(): Generator<Leaf> {
    for (let after = 0; ;) {
      const rows = this.#db.all<{ position: number; json: string }>(
        'select position, json from event where position > ? order by position limit 500',
        after,
      )
      if (rows.length === 0) return
      for (const { position, json } of rows) yield { hash: leafHash(json).toString('latin1'), position }
      after = rows.at(-1)?.position ?? after
    }
  }

  /** What remains when all rows went by: the tree that the store keeps, records without an event. */
  finish(): void {
    const tree = this.#db.get<{ size: number; root: Uint8Array }>(
      'select size, root from log_tree where id = 1',
    )
    if (tree?.size !== this.count || Buffer.compare(tree.root, this.#root()) !== 0)
      this.#findings.add('tree', WORDS.otherRoot(tree?.size ?? 0, this.count))
    const kept = this.#db.get<{ count: number }>('select count(*) as count from inspection')?.count
    // Each record that was checked has its event.
    if (kept !== this.records) new RecordCheck(this.#db, this.#findings).finish()
  }

  #root(): Buffer {
    if (this.asSigned) return this.#tree.root()
    const tree = new CompactRange()
    for (const { hash } of this.leaves()) tree.append(Buffer.from(hash, 'latin1'))
    return tree.root()
  }
}
