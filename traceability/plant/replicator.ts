import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CodedError, type PlantStoreSpec, type SqlDatabase } from '../../contracts/index.ts'
import { CompactRange } from '../log/index.ts'
import { GoneThrough } from './gone-through.ts'
import { ensureMonths } from './months.ts'
import { OWN_LOG, PlantLog, type Received } from './plant-log.ts'
import { ReplicaRows } from './replica-rows.ts'
import { SideRows } from './side-rows.ts'
import { refused, SourceLog } from './source-log.ts'
import { refuseTaken, START_OVER } from './taken-names.ts'

type ImageCopies = PlantStoreSpec['images']

export interface ReplicatorOptions {
  /** Store of the line, read only. */
  source: SqlDatabase
  dataDir: string
  /** The plant store, migrated; how often it was connected to, where that can happen anew. */
  plant: SqlDatabase & { readonly connections?: number }
  /** Name of the log in the plant. */
  log: string
  where: { plant: string; line: string }
  /** Image files that go along. */
  images: ImageCopies
  /** Where the pages of the line are; absent = it does not say. */
  address?: string | undefined
  /** Events to one transaction. */
  batch?: number
  /** Called between the pieces of a step, which may take minutes, and outside of transactions. */
  meanwhile?: () => void
  /** Of the replicator before this one, whose link broke. */
  gone?: GoneThrough
}

export interface Progress {
  /** Events of the line that the plant has, and that the line has. */
  received: number
  events: number
  /** Images that could not be read and did not go along. */
  imagesMissing: number
}

/** Most events to one transaction. */
export const BATCH = 500
/** Image files that go before the events of one batch, bytes: a slow link must get on before its time is over. */
const IMAGE_BYTES = 8 * 2 ** 20
/** How often a line says that it is there, ms. */
const HERE_MS = 5_000

/**
 * Carries the log of one line, and the rows that belong to it, into the plant store. The cursor is what the plant has:
 * size and tree stand in the same transaction as the events, so that a batch is there once or not at all, whenever line,
 * network or database fail.
 */
export class Replicator {
  readonly #o: ReplicatorOptions & { batch: number }
  readonly #from: SourceLog
  readonly #to: PlantLog
  readonly #rows: ReplicaRows
  /** The tree up to which the source was checked against the plant. */
  #agreed: CompactRange | null = null
  readonly #gone: GoneThrough
  /** The tree under the last checkpoint that went along, and that checkpoint. */
  #head: { tree: CompactRange; note: string } | null = null
  readonly #sides: SideRows
  #saidMs = Number.NEGATIVE_INFINITY
  #events = 0

  constructor(options: ReplicatorOptions) {
    this.#o = { batch: BATCH, ...options }
    this.#gone = options.gone ?? new GoneThrough()
    this.#from = new SourceLog(options.source, options.dataDir)
    this.#to = new PlantLog(options.plant, options.log)
    const line = this.#to.lineName(options.where.line)
    this.#rows = new ReplicaRows(options.source, options.plant, options.log, line)
    this.#sides = new SideRows(options.source, options.plant, options.log, this.#rows)
  }

  /**
   * One step: checks what is new, carries one batch, then what has no place in the log.
   *
   * @param most events to carry
   * @throws TRC_REPLICA the logs do not fit; TRC_PLANT nobody answers: nothing of the step is kept then
   */
  step(most = this.#o.batch): Progress {
    const received = this.#to.received()
    const head = this.#from.head()
    this.#events = head.size
    this.#sayHere()
    this.#agree(received, head.size)
    let { size: reached, imagesMissing } = received
    if (received.size < head.size) {
      const checked = this.#gone.check(this.#from, received, head, this.#meanwhile)
      reached = this.#end(received.size, Math.min(received.size + most, head.size))
      if (checked !== null) this.#from.checkBatch(received.tree, reached, checked)
      const { connections } = this.#o.plant
      // Before their events and each by itself, so that what a broken link took over needs not go again.
      const missing = this.#carryImages(received.size, reached)
      this.#carry(received, reached, missing, connections)
      imagesMissing += missing
    }
    if (reached === head.size) {
      this.#carryHead(reached)
      this.#sides.carry(this.#meanwhile)
    }
    this.#sayHere()
    return { received: reached, events: head.size, imagesMissing }
  }

  /** Of events the plant is asked each time; what lies beside them is taken as known only from the same server. */
  compareAnew(): void {
    this.#sides.compareAnew()
    if (this.#head !== null) this.#head = { tree: this.#head.tree, note: '' }
  }

  /** That the line is there, also when nothing happens on it, or nothing of it is taken. */
  #sayHere(): void {
    if (performance.now() - this.#saidMs < HERE_MS) return
    const { changes } = this.#o.plant.run(
      'update line_log set seen_at = now(), events = ?, address = ? where log = ?',
      this.#events,
      this.#o.address ?? null,
      this.#o.log,
    )
    // A new line has its row with its first events.
    if (changes > 0) this.#saidMs = performance.now()
  }

  readonly #meanwhile = (): void => {
    this.#sayHere()
    this.#o.meanwhile?.()
  }

  /** What the plant has must be the beginning of what the line has. */
  #agree(received: Received, size: number): void {
    if (received.size > size)
      throw refused(
        size + 1,
        `the ${received.size} events that the plant received`,
        `a log of ${size}: the data directory was replaced, or restored from an older copy`,
        `put back the newer one, or ${START_OVER}; nothing behind it is taken over`,
      )
    if (received.size === 0) refuseTaken(this.#from, this.#to, this.#o.where.line)
    if (this.#agreed?.size !== received.size) this.#agreed = this.#from.treeAt(received.size)
    if (this.#agreed.root().equals(received.tree.root())) return
    this.#agreed = null
    const first = this.#to.firstDifference((after, n) => this.#from.leaves(after, n), received.size)
    throw refused(
      first ?? received.size,
      'the event that the plant received there',
      'another one',
      `nothing behind it is taken over; of a data directory that was put back from an older copy, ${START_OVER}; else \`sightline verify\` on the line names what was altered`,
    )
  }

  /** @param connections of the one that has the images @throws TRC_PLANT when there is another one since */
  #carry(received: Received, end: number, missing: number, connections: number | undefined): void {
    const { plant, where } = this.#o
    const month = ensureMonths(plant)
    const events = this.#from.events(received.size, end)
    const tree = new CompactRange(received.size, received.tree.nodes())
    for (const e of events) tree.append(e.leaf_hash)
    plant.transaction(() => {
      if (received.size === 0) {
        // Another new log may have come since it was asked.
        this.#to.lockNew()
        refuseTaken(this.#from, this.#to, where.line)
      }
      this.#to.lock()
      if (plant.connections !== connections)
        throw new CodedError('TRC_PLANT', {
          expected: 'the server that took the images',
          actual: 'a connection made anew, perhaps to one that took over without them',
        })
      const now = this.#to.received()
      if (now.size !== received.size) return
      const places = this.#to.places(events.length, month, now.lastPosition)
      this.#to.append(events, places)
      this.#rows.copy(received.size, end, new Map(events.map((e, i) => [e.position, places[i] ?? 0])))
      this.#to.advance(now, tree, places.at(-1) ?? now.lastPosition, where, missing)
    })
    this.#agreed = tree
  }

  /** The last checkpoint of the line, once the plant has all that it covers. */
  #carryHead(received: number): void {
    const signed = this.#from.signed()
    if (signed === null || signed.size === 0 || signed.size > received) return
    if (signed.note === this.#head?.note) return
    const last = this.#head?.tree
    const from = last !== undefined && last.size <= signed.size ? last : new CompactRange()
    const tree = this.#from.asSigned(signed, new CompactRange(from.size, from.nodes()))
    this.#o.plant.transaction(() => {
      this.#to.lock()
      this.#to.keepHead(signed.size, signed.note, signed.vkey)
    })
    this.#head = { tree, note: signed.note }
  }

  /** As far as the images of one batch go; one event at least. */
  #end(after: number, end: number): number {
    if (this.#o.images === 'none') return end
    let bytes = 0
    for (const image of this.#images(after, end)) {
      bytes += image.bytes
      if (bytes > IMAGE_BYTES) return Math.max(after + 1, image.position - 1)
    }
    return end
  }

  /** Sends the image files that these events name first and the plant lacks; how many could not be read. */
  #carryImages(after: number, end: number): number {
    if (this.#o.images === 'none') return 0
    const { plant, dataDir } = this.#o
    const images = this.#images(after, end)
    const there = new Set(
      plant
        .all<{ sha256: string }>(
          'select b.sha256 from json_each(?) v join image_bytes b on b.sha256 = v.value',
          JSON.stringify(images.map((i) => i.sha256)),
        )
        .map((r) => r.sha256),
    )
    let missing = 0
    for (const { sha256, path } of images) {
      if (there.has(sha256)) continue
      this.#meanwhile()
      const bytes = readImage(join(dataDir, path), sha256)
      if (bytes === null) missing += 1
      else
        plant.run(
          'insert into image_bytes (sha256, bytes) values (?, ?) on conflict (sha256) do nothing',
          sha256,
          bytes,
        )
    }
    return missing
  }

  #images(after: number, end: number): { position: number; sha256: string; path: string; bytes: number }[] {
    return this.#o.source.all(
      `select min(v.position) as position, i.sha256, i.path, i.bytes
         from inspection_image v join image i on i.sha256 = v.sha256
       where v.position > ? and v.position <= ? and i.deleted_at is null and (? = 'all' or i.retention <> 'ok')
       group by i.sha256, i.path, i.bytes order by 1`,
      after,
      end,
      this.#o.images,
    )
  }
}

/** Null when the file is gone or is not the image any more. */
function readImage(file: string, sha256: string): Uint8Array | null {
  try {
    const bytes = readFileSync(file)
    return createHash('sha256').update(bytes).digest('hex') === sha256 ? bytes : null
  } catch {
    return null
  }
}

/** `<plant>/<line>`, or another name that the line file gives. @throws CFG_INVALID */
export function logName(where: { plant: string; line: string }, given?: string): string {
  const name = given ?? `${where.plant}/${where.line}`
  if (name === OWN_LOG || !/^[\w.~/-]{1,128}$/.test(name))
    throw new CodedError('CFG_INVALID', {
      path: 'plantStore.log',
      expected: `letters, digits, . _ ~ / -, and not \`${OWN_LOG}\`, the log of the plant itself`,
      actual: name,
    })
  return name
}
