import { mkdirSync, statSync } from 'node:fs'
import { setImmediate as breathe } from 'node:timers/promises'
import type { SqlDatabase } from '../../contracts/index.ts'
import { asCoded, CodedError, type ErrorFact, toFact } from '../../contracts/thread.ts'
import {
  checkNote,
  checkpointNote,
  CompactRange,
  leafHash,
  type NoteSigner,
  parseCheckpoint,
  signCheckpoint,
  type SignedCheckpoint,
  TileTree,
  TileWriter,
} from '../log/index.ts'
import { keptCheckpoints } from './kept-proofs.ts'
import { logDir } from './log-key.ts'
import { PublishedCheckpoint } from './published-checkpoint.ts'

/** Events read at once. */
const BATCH = 256
/** How far the clock may go back between two checkpoints before it is called wrong, ms: what NTP may correct. */
const CLOCK_SLACK_MS = 2_000

/**
 * Carries the event table into tiles and signs checkpoints over them. It signs only what follows from what it signed
 * before: every leaf is computed from its event again, sizes only grow, and the root must be the one that the store
 * keeps by its own count.
 */
export class LogWriter {
  readonly #db: SqlDatabase
  readonly #dataDir: string
  readonly #signer: NoteSigner
  readonly #tiles: { dir: string; entries: boolean }
  readonly #published: PublishedCheckpoint
  #writer: TileWriter
  /** A tile could not be written: the writer counts leaves that are in none. */
  #torn = false
  #last: SignedCheckpoint | null
  #lastAt: number

  /**
   * @param onSetAside hears when another file than the checkpoint stood in its place
   * @throws TRC_PROOF when what was kept cannot be gone on from
   */
  constructor(o: {
    db: SqlDatabase
    dataDir: string
    signer: NoteSigner
    entries: boolean
    onSetAside: (why: CodedError) => void
  }) {
    this.#db = o.db
    this.#dataDir = o.dataDir
    this.#signer = o.signer
    this.#tiles = { dir: logDir(o.dataDir), entries: o.entries }
    mkdirSync(this.#tiles.dir, { recursive: true })
    const kept = keptCheckpoints(o.dataDir)
    const line = kept.last()
    this.#last = line === undefined ? null : readable(line)
    this.#lastAt = Date.parse(line?.at ?? '') || 0
    if (this.#last !== null && checkNote(this.#last.note, o.signer.key).state !== 'valid')
      throw disagree(`a last checkpoint signed by ${o.signer.key.vkey}`, 'another signature')
    this.#writer = this.#resume()
    this.#published = new PublishedCheckpoint({
      dir: this.#tiles.dir,
      key: o.signer.key,
      onSetAside: o.onSetAside,
    })
    if (this.#last === null && this.events() > 0) o.onSetAside(begunAnew(this.#tiles.dir, this.events()))
    const [, second] = kept.read()
    this.#published.begin(line?.note ?? null, second === undefined, (c) => this.#leadsOnFrom(c))
  }

  get last(): SignedCheckpoint | null {
    return this.#last
  }

  /**
   * The clock stands before a checkpoint, or null. No signature covers a time, so that what is signed stays as good as
   * it was, and to wait would leave events without a signature; but nobody can tell by their times what came first.
   */
  get clock(): ErrorFact | null {
    if (Date.now() >= this.#lastAt - CLOCK_SLACK_MS) return null
    const expected = `a time past the last checkpoint, ${new Date(this.#lastAt).toISOString()}`
    const hint = 'records of that time overlap; the log is signed on, in the order of its events'
    return toFact(new CodedError('TRC_CLOCK', { expected, actual: 'an earlier one', hint }))
  }

  /** Events in the table by the store's own count. */
  events(): number {
    return this.#tree().size
  }

  /**
   * Takes over new events and signs a checkpoint; null when there is nothing new. `until` ends a long catch-up early
   * with a checkpoint of what was reached.
   *
   * @throws TRC_PROOF when log and table disagree; nothing is signed then
   */
  async sign(until: () => boolean = () => false): Promise<SignedCheckpoint | null> {
    const { size, root } = this.#tree()
    const before = this.#last?.size ?? 0
    if (size < before) throw disagree(`at least the ${before} events that were signed`, `${size}`, OLDER)
    if (size === before) return null
    if (this.#torn) {
      // A folder that is away would look like lost tiles, and all of them would be computed again.
      statSync(this.#tiles.dir)
      this.#writer = this.#resume()
    }
    this.#torn = true
    await this.#catchUp(size, until)
    const reached = this.#writer.size
    if (reached === size && !this.#writer.root().equals(root)) {
      this.#writer = this.#resume()
      throw disagree('the root that the store counted', 'another one: events that were signed have changed')
    }
    this.#writer.flush()
    this.#torn = false
    const checkpoint = signCheckpoint(this.#signer, reached, this.#writer.root())
    this.keep(checkpoint)
    this.#last = checkpoint
    this.#lastAt = Math.max(this.#lastAt, Date.now())
    return checkpoint
  }

  /**
   * Stores a checkpoint, or the same one with more signatures; durable when this returns.
   *
   * @throws TRC_PROOF when a good signature says of the log what it does not lead on from; nothing is stored then
   */
  keep(checkpoint: SignedCheckpoint): void {
    const kept = keptCheckpoints(this.#dataDir)
    this.#published.check(kept.last()?.note ?? null, (c) => this.#leadsOnFrom(c))
    const note = checkpointNote(checkpoint)
    kept.append({ at: new Date().toISOString(), note })
    this.#published.write(note)
    if (checkpoint.size === this.#last?.size) this.#last = checkpoint
  }

  /** The tree as last signed, for proofs. */
  tree(): TileTree {
    return new TileTree(this.#tiles.dir, this.#last?.size ?? 0)
  }

  async #catchUp(size: number, until: () => boolean): Promise<void> {
    while (this.#writer.size < size) {
      const rows = this.#db.all<{ position: number; json: string; leaf_hash: Uint8Array }>(
        'select position, json, leaf_hash from event where position > ? and position <= ? order by position limit ?',
        this.#writer.size,
        size,
        BATCH,
      )
      for (const row of rows) {
        const leaf = leafHash(row.json)
        if (row.position !== this.#writer.size + 1 || Buffer.compare(leaf, row.leaf_hash) !== 0) {
          this.#writer = this.#resume()
          throw disagree(
            `event ${this.#writer.size + 1} as it was appended`,
            `an altered event at ${row.position}`,
          )
        }
        this.#writer.append(leaf, row.json)
      }
      if (rows.length === 0) throw disagree(`event ${this.#writer.size + 1}`, 'none')
      await breathe()
      // A long way on: what is reached is signed, so that a stop in between does not begin again.
      if (until()) return
    }
  }

  /** Behind the last checkpoint; from the first event again when its tiles are gone or are not those that were signed. */
  #resume(): TileWriter {
    const size = this.#last?.size ?? 0
    try {
      const writer = new TileWriter(this.#tiles.dir, size, this.#tiles.entries)
      if (this.#last === null || writer.root().equals(this.#last.root)) return writer
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
    }
    return this.#rebuild(size)
  }

  /** The root is compared before a tile is touched: tiles that no longer agree are evidence. */
  #rebuild(size: number): TileWriter {
    const range = new CompactRange()
    this.#each(size, (leaf) => range.append(leaf))
    if (this.#last !== null && !range.root().equals(this.#last.root))
      throw disagree(`the root signed over ${size} events`, 'another one: signed events have changed')
    const writer = new TileWriter(this.#tiles.dir, 0, this.#tiles.entries)
    this.#each(size, (leaf, json) => writer.append(leaf, json))
    return writer
  }

  /** By the tiles, or by the events where those of a size in between are no longer there. */
  #leadsOnFrom({ size, root }: SignedCheckpoint): boolean {
    if (size > (this.#last?.size ?? 0)) return false
    try {
      if (new TileTree(this.#tiles.dir, size).root().equals(root)) return true
    } catch (error) {
      if (!(error instanceof CodedError)) throw error
    }
    const range = new CompactRange()
    this.#each(size, (leaf) => range.append(leaf))
    return range.root().equals(root)
  }

  #each(size: number, take: (leaf: Buffer, json: string) => void): void {
    for (let done = 0; done < size;) {
      const rows = this.#db.all<{ json: string }>(
        'select json from event where position > ? and position <= ? order by position limit ?',
        done,
        size,
        BATCH,
      )
      if (rows.length === 0) throw disagree(`the ${size} events that were signed`, `${done}`)
      for (const { json } of rows) take(leafHash(json), json)
      done += rows.length
    }
  }

  #tree(): { size: number; root: Buffer } {
    const row = this.#db.get<{ size: number; root: Uint8Array }>(
      'select size, root from log_tree where id = 1',
    )
    return { size: row?.size ?? 0, root: Buffer.from(row?.root ?? []) }
  }
}

/** @throws TRC_PROOF: begun anew behind it, a log would be signed that nobody compared with what was signed before */
function readable(line: { note: string } | null): SignedCheckpoint {
  try {
    return parseCheckpoint(line?.note ?? '')
  } catch (error) {
    throw disagree('a last line of checkpoints.jsonl that can be read', asCoded(error, 'TRC_NOTE').message)
  }
}

/** A line signs its first events within a second: where there are others, it signed them before, or was told not to. */
const begunAnew = (dir: string, events: number): CodedError =>
  new CodedError('TRC_CHECKPOINT', {
    file: dir,
    expected: `the checkpoints over ${events} events on record`,
    actual:
      'none: the folder was emptied or taken away, signing was switched off, or the line was killed before it first signed',
    hint: 'all events are signed anew from here on; to keep what was signed before, stop the line and put the folder back as it was; checkpoints at a witness or an anchor, and bundles, still hold the log to it',
    zh: {
      expected: `现有 ${events} 个事件的检查点`,
      actual: '没有:该文件夹已被清空或移走,曾关闭签名,或产线在首次签名前被强行终止',
      hint: '所有事件由此重新签名;若要保留以前的签名,请停止产线并恢复该文件夹;见证者、锚点处的检查点和证据包仍可证明原来的日志',
    },
  })

const OLDER =
  'trace.db is older than the log beside it, and holds placed since are not in force: put back the newer one, or begin a new data directory and keep both; nothing more is signed here'

const disagree = (expected: string, actual: string, hint?: string): CodedError =>
  new CodedError('TRC_PROOF', {
    expected,
    actual,
    hint: hint ?? 'nothing more is signed; `sightline verify` names what was altered',
  })
