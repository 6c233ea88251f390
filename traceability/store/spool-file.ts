import { open, readdir, readFile, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { type CodedError, uuidv7 } from '../../contracts/index.ts'
import { syncDir } from '../log/durable-file.ts'
import { OwnFile } from './own-file.ts'
import { isWhole } from './spool-line.ts'
import { fileError } from './sqlite-errors.ts'

export const REJECTED = 'rejected.jsonl'

const FOLDER_AWAY = { en: 'put the folder back where it was', zh: '请将该文件夹放回原处' }

interface Queued {
  line: string
  resolve(): void
  reject(error: CodedError): void
}

/** Spool files of a directory, oldest first, without the rejected ones. */
export async function spoolFiles(dir: string): Promise<string[]> {
  return spoolNames(await readdir(dir))
}

export const spoolNames = (names: readonly string[]): string[] =>
  names.filter((n) => n.endsWith('.jsonl') && n !== REJECTED).sort()

/** Whole lines without their ends, and the tail of one that was cut off. */
export async function readLines(file: string): Promise<{ lines: Uint8Array[]; torn: Uint8Array | null }> {
  return linesOf(await readFile(file))
}

/** The same of what has been read. */
export function linesOf(bytes: Buffer): { lines: Uint8Array[]; torn: Uint8Array | null } {
  const lines: Uint8Array[] = []
  let from = 0
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
    lines.push(bytes.subarray(from, end))
    from = end + 1
  }
  const tail = bytes.subarray(from)
  if (tail.length === 0) return { lines, torn: null }
  return isWhole(tail) ? { lines: [...lines, tail], torn: null } : { lines, torn: tail }
}

/** Appends lines to the newest spool file; what comes while a sync is running shares the next one. */
export class SpoolWriter {
  readonly #dir: string
  #name: string | null = null
  #handle: FileHandle | null = null
  #own: OwnFile | null = null
  #length = 0
  #queue: Queued[] = []
  #running: Promise<void> | null = null

  constructor(dir: string) {
    this.#dir = dir
  }

  /** The file that is being appended to: not to be read or removed. */
  get current(): string | null {
    return this.#name
  }

  /** Resolves when the line is synced. @throws TRC_DISK_FULL, TRC_WRITE: then no part of the line is in the file */
  append(line: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ line, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** The next line begins a new file. */
  async rotate(): Promise<void> {
    while (this.#running !== null) await this.#running
    const handle = this.#handle
    this.#handle = null
    this.#name = null
    await handle?.close()
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue
      this.#queue = []
      try {
        const handle = await this.#open()
        const text = Buffer.from(batch.map((q) => q.line).join(''), 'utf8')
        await handle.writeFile(text)
        await handle.datasync()
        const astray = this.#own?.astray() ?? null
        if (astray !== null) throw astray
        this.#length += text.length
        for (const q of batch) q.resolve()
      } catch (error) {
        // Refused lines must not come back at the next drain.
        await this.#handle?.truncate(this.#length).catch(() => undefined)
        const coded = fileError(error, 'TRC_WRITE', join(this.#dir, this.#name ?? ''))
        for (const q of batch) q.reject(coded)
        await this.#handle?.close().catch(() => undefined)
        this.#handle = null
        this.#name = null
      }
    }
    this.#running = null
  }

  async #open(): Promise<FileHandle> {
    if (this.#handle !== null) return this.#handle
    this.#name = `${uuidv7()}.jsonl`
    const file = join(this.#dir, this.#name)
    this.#handle = await open(file, 'ax')
    this.#own = new OwnFile(file, FOLDER_AWAY)
    this.#own.note()
    this.#length = 0
    await syncDir(this.#dir)
    return this.#handle
  }
}
