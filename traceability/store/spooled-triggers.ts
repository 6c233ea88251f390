import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { linesOf, spoolNames } from './spool-file.ts'
import { parseLine } from './spool-line.ts'
import type { Announcement } from './trigger-ledger.ts'

export type SpooledTrigger = Omit<Announcement, 'at'>

/** What has been read of a file, to the end of its last whole line. */
interface Known {
  length: number
  triggers: readonly SpooledTrigger[]
}

const NOTHING: Known = { length: 0, triggers: [] }

/** Triggers that wait in the spool of a line that may be running, seen by who only reads. */
export class SpooledTriggers {
  readonly #dir: string
  #files = new Map<string, Known>()

  constructor(dir: string) {
    this.#dir = dir
  }

  /** Of announcements and records, one may be there twice; what cannot be read, or is delivered, is not there. */
  read(): SpooledTrigger[] {
    const names = tried(() => spoolNames(readdirSync(this.#dir))) ?? []
    this.#files = new Map(
      names.map((name) => {
        const known = this.#files.get(name) ?? NOTHING
        return [name, tried(() => readOn(join(this.#dir, name), known)) ?? NOTHING]
      }),
    )
    return [...this.#files.values()].flatMap((f) => f.triggers)
  }
}

function readOn(file: string, before: Known): Known {
  const handle = openSync(file, 'r')
  try {
    const { size } = fstatSync(handle)
    // Lines that the disk refused are cut off again.
    const known = size < before.length ? NOTHING : before
    const bytes = Buffer.alloc(size - known.length)
    const read = bytes.subarray(0, readSync(handle, bytes, 0, bytes.length, known.length))
    const whole = read.subarray(0, read.lastIndexOf(10) + 1)
    const triggers = linesOf(whole).lines.flatMap((line) => tried(() => triggerOf(line)) ?? [])
    return { length: known.length + whole.length, triggers: [...known.triggers, ...triggers] }
  } finally {
    closeSync(handle)
  }
}

/** Of a record the number alone, not all that was found on the part. */
function triggerOf(line: Uint8Array): SpooledTrigger[] {
  const { entry } = parseLine(line)
  if (entry.op !== 'openTrigger' && entry.op !== 'capture') return []
  const { station, trigger, attempt } = entry.op === 'capture' ? entry.ask.record : entry.ask
  return [{ station, trigger, ...(attempt !== undefined && { attempt }) }]
}

function tried<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}
