import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs'

const CHUNK = 65_536

/** A file of JSON lines that only grows: each line is durable when it is written, a torn last one is no line. */
export class KeptLines<T> {
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  append(value: T): void {
    const fd = openSync(this.#file, existsSync(this.#file) ? 'r+' : 'w+')
    try {
      const size = statSync(this.#file).size
      const end = size === 0 ? 0 : lastNewline(fd, size) + 1
      if (end < size) ftruncateSync(fd, end)
      const line = Buffer.from(`${JSON.stringify(value)}\n`)
      for (let at = 0; at < line.length;) at += writeSync(fd, line, at, line.length - at, end + at)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  }

  /** Line by line in constant memory; `null` for a line that is not JSON. */
  *read(): Generator<T | null> {
    if (!existsSync(this.#file)) return
    const fd = openSync(this.#file, 'r')
    try {
      let rest = Buffer.alloc(0)
      const chunk = Buffer.alloc(CHUNK)
      for (let n = readSync(fd, chunk); n > 0; n = readSync(fd, chunk)) {
        rest = Buffer.concat([rest, chunk.subarray(0, n)])
        let from = 0
        for (let at = rest.indexOf(10); at >= 0; at = rest.indexOf(10, from)) {
          yield parse<T>(rest.toString('utf8', from, at))
          from = at + 1
        }
        rest = rest.subarray(from)
      }
    } finally {
      closeSync(fd)
    }
  }

  /** Of the last `bytes` of the file the whole lines, newest first; `null` for a line that is not JSON. */
  *newest(bytes: number): Generator<T | null> {
    if (!existsSync(this.#file)) return
    const fd = openSync(this.#file, 'r')
    try {
      const { size } = statSync(this.#file)
      const from = Math.max(0, size - bytes)
      const tail = Buffer.alloc(size - from)
      readSync(fd, tail, 0, tail.length, from)
      let end = tail.lastIndexOf(10)
      while (end > 0) {
        const before = tail.lastIndexOf(10, end - 1)
        if (before < 0 && from > 0) return
        yield parse<T>(tail.toString('utf8', before + 1, end))
        end = before
      }
    } finally {
      closeSync(fd)
    }
  }

  /** The last whole line; `null` when it is not JSON, `undefined` when there is none. */
  last(): T | null | undefined {
    if (!existsSync(this.#file)) return undefined
    const fd = openSync(this.#file, 'r')
    try {
      const end = lastNewline(fd, statSync(this.#file).size)
      if (end < 0) return undefined
      const start = lastNewline(fd, end) + 1
      const line = Buffer.alloc(end - start)
      readSync(fd, line, 0, line.length, start)
      return parse<T>(line.toString('utf8'))
    } finally {
      closeSync(fd)
    }
  }
}

/** Offset of the last newline before `end`, or -1. */
function lastNewline(fd: number, end: number): number {
  const chunk = Buffer.alloc(CHUNK)
  for (let to = end; to > 0;) {
    const from = Math.max(0, to - CHUNK)
    readSync(fd, chunk, 0, to - from, from)
    const at = chunk.subarray(0, to - from).lastIndexOf(10)
    if (at >= 0) return from + at
    to = from
  }
  return -1
}

function parse<T>(line: string): T | null {
  try {
    return JSON.parse(line) as T
  } catch {
    return null
  }
}
