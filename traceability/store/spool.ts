import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { asCoded, CodedError } from '../../contracts/index.ts'
import { dropLeftovers, replaceDurably, syncDir } from '../log/durable-file.ts'
import { aboutOf } from './spool-about.ts'
import { readLines, REJECTED, spoolFiles, SpoolWriter } from './spool-file.ts'
import {
  checksum,
  damaged,
  damagedImage,
  formatLine,
  keptLine,
  parseLine,
  type SpoolEntry,
  type SpoolLine,
} from './spool-line.ts'
import { fileError } from './sqlite-errors.ts'

/** Entries offered to the store at once while draining. */
const DRAIN_WIDTH = 32

/** Refusals that say nothing about the request itself: the same one may succeed later, or by another path. */
export const isStorageError = (error: CodedError): boolean =>
  ['TRC_DISK_FULL', 'TRC_WRITE', 'TRC_OPEN', 'TRC_IMAGE', 'TRC_PLANT', 'TRC_BUSY'].includes(error.code)

/**
 * Second, independent path to disk: JSON lines in `<uuid>.jsonl`, each with its checksum, synced before `append`
 * resolves, delivered to the store later, oldest file first. A crash while draining repeats deliveries, so that the
 * store must know its own.
 */
export class Spool {
  readonly #dir: string
  readonly #writer: SpoolWriter
  #count = 0
  /** How many entries of this run are about each thing. */
  readonly #about = new Map<string, number>()
  /** Entries that are being written. */
  readonly #writing = new Set<Promise<void>>()
  /** Of the file that is gone through, by their hashes, what was rejected: the file stays until the store takes the rest. */
  readonly #rejected = new Set<string>()

  private constructor(dir: string) {
    this.#dir = dir
    this.#writer = new SpoolWriter(dir)
  }

  /** @throws TRC_OPEN when the directory cannot be made or read */
  static async open(dir: string): Promise<Spool> {
    const spool = new Spool(dir)
    try {
      await mkdir(dir, { recursive: true })
      let referenced = await readFile(join(dir, REJECTED), 'utf8').catch(() => '')
      let illegible = referenced.includes('TRC_SPOOL')
      for (const name of await spoolFiles(dir)) {
        const { lines, torn } = await readLines(join(dir, name))
        spool.#count += lines.length
        illegible ||= !lines.every(isLegible)
        for (const line of [...lines, torn ?? '']) referenced += Buffer.from(line).toString('utf8')
      }
      await dropLeftovers(dir)
      // Images whose line was never written, or was delivered just before a crash. A damaged line may belong to any.
      const images = illegible ? [] : (await readdir(dir)).filter((name) => name.endsWith('.img'))
      for (const name of images)
        if (!referenced.includes(name.slice(0, -'.img'.length))) await rm(join(dir, name), { force: true })
    } catch (error) {
      throw fileError(error, 'TRC_OPEN', dir)
    }
    return spool
  }

  /** Entries not yet delivered, those being written included. */
  get count(): number {
    return this.#count
  }

  /** Whether something about what this one is about waits: it must not come into the log before that. */
  holds(entry: SpoolEntry): boolean {
    if (this.#count === 0) return false
    const about = aboutOf(entry)
    return about !== null && this.#about.has(about)
  }

  /** Resolves when the entry is synced to disk. @throws TRC_DISK_FULL, TRC_WRITE */
  async append(entry: SpoolEntry): Promise<void> {
    const about = aboutOf(entry)
    this.#count += 1
    this.#waits(about, 1)
    const written = this.#keep(entry)
    this.#writing.add(written)
    try {
      await written
    } catch (error) {
      this.#count -= 1
      this.#waits(about, -1)
      throw error
    } finally {
      this.#writing.delete(written)
    }
  }

  #waits(about: string | null, by: 1 | -1): void {
    if (about === null) return
    const count = (this.#about.get(about) ?? 0) + by
    if (count > 0) this.#about.set(about, count)
    else this.#about.delete(about)
  }

  /**
   * Offers all entries to the store. An entry the store refuses for what it says moves to `rejected.jsonl` with the
   * reason; any other refusal ends the round, and what is left stays.
   *
   * @param onRejected hears of each entry that was rejected, also when the round ends early
   * @throws what ended the round
   */
  async drain(
    send: (entry: SpoolEntry) => Promise<unknown>,
    onRejected: (error: CodedError) => void,
  ): Promise<void> {
    // Who asks for what waits means also what is on its way there.
    await Promise.allSettled(this.#writing)
    await this.#writer.rotate()
    for (const name of await spoolFiles(this.#dir)) {
      if (name === this.#writer.current) continue
      const { lines, torn } = await readLines(join(this.#dir, name))
      // The tail of a line that a crash cut off was never acknowledged; it is kept for people to look at.
      if (torn !== null && (await this.#reject(torn, 'cut off by a crash, or damaged')))
        onRejected(damaged('a whole line', `${torn.length} bytes, cut off by a crash or damaged`))
      const delivered: string[] = []
      const about: (string | null)[] = []
      for (let at = 0; at < lines.length; at = about.length) {
        // Read as it is their turn: a file may have a hundred thousand, and the gate waits on this thread.
        const next = lines.slice(at, at + DRAIN_WIDTH).map(aboutLine)
        about.push(...next.slice(0, together(next)))
        const part = lines.slice(at, about.length)
        // A round is over when none of it is on its way any more: the next one would offer the same.
        const ends = await Promise.allSettled(part.map((line) => this.#deliver(line, send, onRejected)))
        for (const end of ends) {
          if (end.status === 'rejected') throw end.reason
          if (end.value !== null) delivered.push(end.value)
        }
      }
      await rm(join(this.#dir, name))
      await syncDir(this.#dir)
      this.#rejected.clear()
      this.#count -= lines.length
      for (const of of about) this.#waits(of, -1)
      for (const image of delivered) await rm(join(this.#dir, image), { force: true })
    }
  }

  async close(): Promise<void> {
    await this.#writer.rotate()
  }

  async #keep(entry: SpoolEntry): Promise<void> {
    let line: SpoolLine = { entry, image: null }
    if (entry.op === 'capture' && entry.ask.image !== null) {
      const image = `${entry.ask.record.inspectionId}.img`
      const file = join(this.#dir, image)
      await replaceDurably(file, entry.ask.image).catch((error: unknown) => {
        throw fileError(error, 'TRC_WRITE', file)
      })
      const bare: SpoolEntry = { op: 'capture', ask: { record: entry.ask.record, image: null } }
      line = { entry: bare, image, imageCrc32: checksum(entry.ask.image) }
    }
    await this.#writer.append(formatLine(line))
  }

  /** The image file that is done with, or null: there was none, or it stays with the rejected line. */
  async #deliver(
    line: Uint8Array,
    send: (entry: SpoolEntry) => Promise<unknown>,
    onRejected: (error: CodedError) => void,
  ): Promise<string | null> {
    try {
      const { entry, image, imageCrc32 } = parseLine(line)
      if (entry.op !== 'capture') {
        await send(entry)
        return null
      }
      const { record } = entry.ask
      if (image === null) {
        await send({ op: 'capture', ask: { record, image: null } })
        return null
      }
      const read = await this.#image(image, imageCrc32)
      if (read instanceof CodedError) {
        // What was judged and done to the part is whole, and must not be lost with its picture.
        await send({ op: 'capture', ask: { record, image: null } })
        if (await this.#reject(line, read.message)) onRejected(read)
        return null
      }
      await send({ op: 'capture', ask: { record, image: read } })
      return image
    } catch (error) {
      const coded = asCoded(error, 'EVT_SCHEMA', { file: this.#dir })
      if (isStorageError(coded)) throw coded
      if (await this.#reject(line, coded.message)) onRejected(coded)
      return null
    }
  }

  /** @returns TRC_SPOOL where it is gone or damaged @throws TRC_IMAGE where it may be read later */
  async #image(image: string, crc32: string | undefined): Promise<Uint8Array | CodedError> {
    const file = join(this.#dir, image)
    try {
      const bytes = new Uint8Array(await readFile(file))
      const found = checksum(bytes)
      return crc32 === undefined || crc32 === found
        ? bytes
        : damagedImage(`the checksum ${crc32} of the image`, found, file)
    } catch (error) {
      if (isForNow(error)) throw fileError(error, 'TRC_IMAGE', file)
      return damagedImage('the image of the record', String(error), file)
    }
  }

  /** @returns false when it was kept in an earlier round */
  async #reject(line: Uint8Array, reason: string): Promise<boolean> {
    const hash = createHash('sha256').update(line).digest('hex')
    if (this.#rejected.has(hash)) return false
    const handle = await open(join(this.#dir, REJECTED), 'a')
    try {
      await handle.writeFile(`${JSON.stringify({ reason, ...keptLine(line) })}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    this.#rejected.add(hash)
    return true
  }
}

/** What the process or the machine lacks at the moment, which says nothing about the file. */
const isForNow = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'].includes(String(error.code))

const aboutLine = (line: Uint8Array): string | null => {
  try {
    return aboutOf(parseLine(line).entry)
  } catch {
    return null
  }
}

/** How many go to the store at once, whichever of them arrives first or is refused: no two are about one thing. */
function together(about: readonly (string | null)[]): number {
  const seen = new Set<string>()
  const again = about.findIndex((of) => {
    if (of === null) return false
    if (seen.has(of)) return true
    seen.add(of)
    return false
  })
  return again < 0 ? about.length : again
}

function isLegible(line: Uint8Array): boolean {
  try {
    parseLine(line)
    return true
  } catch {
    return false
  }
}
