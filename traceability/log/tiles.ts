import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CodedError } from '../../contracts/thread.ts'
import { makeFoldersBelow, writeDurably } from './durable-file.ts'
import { CompactRange, HASH_BYTES, nodeHash } from './merkle.ts'
import { rangeHash, type TreeHashes } from './proofs.ts'

/** Hashes in a full tile, entries in a full bundle: c2sp.org/tlog-tiles. */
export const TILE_WIDTH = 256
/** Longest entry that the uint16 length of an entry bundle can state. */
const MAX_ENTRY_BYTES = 65_535
/** Tiles kept in memory while proofs are made. */
const CACHED_TILES = 64

/** Path of a tile below the log's folder; `width` 256 is a full one. */
export function tilePath(level: number | 'entries', index: number, width: number): string {
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, '0')
  const groups = digits.match(/\d{3}/g) ?? []
  const name = groups.map((g, i) => (i < groups.length - 1 ? `x${g}` : g)).join('/')
  return `tile/${level}/${name}${width === TILE_WIDTH ? '' : `.p/${width}`}`
}

/** Number of hashes that tiles of a level hold in a tree of this size. */
const tileHashes = (level: number, size: number): number => Math.floor(size / TILE_WIDTH ** level)

/** The tree of a log of one size, read from its tiles. */
export class TileTree implements TreeHashes {
  readonly size: number
  readonly #dir: string
  readonly #cache = new Map<string, Buffer>()

  constructor(logDir: string, size: number) {
    this.#dir = logDir
    this.size = size
  }

  /** @throws TRC_PROOF when a tile is missing or short */
  node(level: number, index: number): Buffer {
    const tileLevel = Math.floor(level / 8)
    const span = 2 ** (level % 8)
    const tile = Math.floor((index * span) / TILE_WIDTH)
    const from = (index * span) % TILE_WIDTH
    const bytes = this.tile(tileLevel, tile)
    let row: Buffer[] = []
    for (let i = from; i < from + span; i++) row.push(bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES))
    while (row.length > 1) row = pairs(row)
    const [hash] = row
    if (hash?.length !== HASH_BYTES) throw missing(this.#dir, tileLevel, tile)
    return hash
  }

  /** Root of the whole tree. */
  root(): Buffer {
    return this.size === 0 ? new CompactRange().root() : rangeHash(this, 0, this.size)
  }

  /** Roots of the full subtrees, largest first: the state from which the tree goes on. */
  frontier(): Buffer {
    const nodes: Buffer[] = []
    for (let start = 0; start < this.size;) {
      let span = 1
      while (start + span * 2 <= this.size) span *= 2
      nodes.push(rangeHash(this, start, start + span))
      start += span
    }
    return Buffer.concat(nodes)
  }

  /** The hashes of one tile as far as this size has them: width × 32 bytes. */
  tile(level: number, index: number): Buffer {
    const key = `${level}/${index}`
    let bytes = this.#cache.get(key)
    if (bytes === undefined) {
      const width = Math.min(TILE_WIDTH, tileHashes(level, this.size) - index * TILE_WIDTH)
      const read = readWidth(this.#dir, level, index, width)?.subarray(0, width * HASH_BYTES)
      if (read?.length !== width * HASH_BYTES) throw missing(this.#dir, level, index)
      if (this.#cache.size >= CACHED_TILES) this.#cache.clear()
      this.#cache.set(key, read)
      bytes = read
    }
    return bytes
  }

  /** The entries of one bundle as far as this size has them, or null when it is missing or malformed. */
  entries(index: number): string[] | null {
    const width = Math.min(TILE_WIDTH, this.size - index * TILE_WIDTH)
    const bytes = width < 1 ? null : readWidth(this.#dir, 'entries', index, width)
    const entries = bytes === null ? [] : parseEntries(bytes).slice(0, width)
    return bytes !== null && entries.length === width ? entries : null
  }
}

/** The entries of a bundle file as far as they are whole. */
export function parseEntries(bytes: Buffer): string[] {
  const entries: string[] = []
  for (let at = 0; at + 2 <= bytes.length;) {
    const end = at + 2 + bytes.readUInt16BE(at)
    if (end > bytes.length) break
    entries.push(bytes.toString('utf8', at + 2, end))
    at = end
  }
  return entries
}

/** The widest file there is of a tile or bundle, or null: for reading a log whose end is not where it should be. */
export function widestTile(logDir: string, level: number | 'entries', index: number): Buffer | null {
  const full = readWidth(logDir, level, index, TILE_WIDTH)
  if (full !== null) return full
  const partials = join(logDir, `${tilePath(level, index, TILE_WIDTH)}.p`)
  const widths = existsSync(partials) ? readdirSync(partials).map(Number).filter(Number.isInteger) : []
  return widths.length === 0 ? null : readWidth(logDir, level, index, Math.max(...widths))
}

/** A partial file is removed when the full one is there, so that either may hold what is asked for. */
function readWidth(dir: string, level: number | 'entries', index: number, width: number): Buffer | null {
  for (const w of [width, TILE_WIDTH]) {
    try {
      return readFileSync(join(dir, tilePath(level, index, w)))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return null
}

/** Grows the tiles of a log. What is written is the same whenever and however often it is written. */
export class TileWriter {
  readonly #dir: string
  readonly #keepEntries: boolean
  readonly #tree: CompactRange
  /** Hashes of the unfinished tile of each level. */
  readonly #open: Buffer[][] = []
  #entries: Buffer[] | null

  /**
   * Goes on behind `size` leaves whose tiles are there.
   *
   * @throws TRC_PROOF when they are not
   */
  constructor(logDir: string, size: number, keepEntries: boolean) {
    this.#dir = logDir
    this.#keepEntries = keepEntries
    const tree = new TileTree(logDir, size)
    this.#tree = new CompactRange(size, tree.frontier())
    for (let level = 0; tileHashes(level, size) > 0; level++) {
      const hashes = tileHashes(level, size)
      const open: Buffer[] = []
      if (hashes % TILE_WIDTH > 0) {
        const tile = tree.tile(level, Math.floor(hashes / TILE_WIDTH))
        for (let at = 0; at < tile.length; at += HASH_BYTES) open.push(tile.subarray(at, at + HASH_BYTES))
      }
      this.#open.push(open)
    }
    const partial = size % TILE_WIDTH === 0 ? [] : tree.entries(Math.floor(size / TILE_WIDTH))
    this.#entries = partial?.map((e) => Buffer.from(e)) ?? null
  }

  get size(): number {
    return this.#tree.size
  }

  root(): Buffer {
    return this.#tree.root()
  }

  append(leaf: Uint8Array, entry: string): void {
    const index = this.#tree.size
    this.#tree.append(leaf)
    this.#entries?.push(Buffer.from(entry))
    if (this.size % TILE_WIDTH === 0) this.#closeBundle(Math.floor(index / TILE_WIDTH))
    this.#push(0, Buffer.from(leaf))
  }

  /** Writes the unfinished tiles of the present size; when this returns everything of it is durable. */
  flush(): void {
    this.#open.forEach((open, level) => {
      if (open.length > 0) this.#write(level, Math.floor(tileHashes(level, this.size) / TILE_WIDTH), open)
    })
    if (this.size % TILE_WIDTH > 0 && this.#entries !== null)
      this.#bundle(Math.floor(this.size / TILE_WIDTH), this.#entries)
  }

  #push(level: number, hash: Buffer): void {
    const open = (this.#open[level] ??= [])
    open.push(hash)
    if (open.length < TILE_WIDTH) return
    this.#write(level, Math.floor(tileHashes(level, this.size) / TILE_WIDTH) - 1, open)
    let row = open.splice(0)
    while (row.length > 1) row = pairs(row)
    if (row[0] !== undefined) this.#push(level + 1, row[0])
  }

  #closeBundle(index: number): void {
    if (this.#entries !== null) this.#bundle(index, this.#entries)
    this.#entries = []
  }

  /** A bundle with an entry too long for the format is left out; its hashes are kept all the same. */
  #bundle(index: number, entries: readonly Buffer[]): void {
    if (!this.#keepEntries || entries.some((e) => e.length > MAX_ENTRY_BYTES)) return
    const parts = entries.flatMap((e) => {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(e.length)
      return [length, e]
    })
    this.#put('entries', index, entries.length, parts)
  }

  #write(level: number, index: number, hashes: readonly Buffer[]): void {
    this.#put(level, index, hashes.length, hashes)
  }

  #put(level: number | 'entries', index: number, width: number, parts: readonly Buffer[]): void {
    const file = join(this.#dir, tilePath(level, index, width))
    makeFoldersBelow(dirname(this.#dir), dirname(file))
    writeDurably(file, Buffer.concat(parts))
    if (width === TILE_WIDTH) rmSync(`${file}.p`, { recursive: true, force: true })
  }
}

function pairs(row: readonly Buffer[]): Buffer[] {
  const up: Buffer[] = []
  for (let i = 0; i + 1 < row.length; i += 2)
    up.push(nodeHash(row[i] ?? Buffer.alloc(0), row[i + 1] ?? Buffer.alloc(0)))
  return up
}

const missing = (dir: string, level: number, index: number): CodedError =>
  new CodedError('TRC_PROOF', {
    file: join(dir, tilePath(level, index, TILE_WIDTH)),
    expected: 'the hashes of the log',
    actual: 'a missing or short tile',
    hint: 'tiles are made again from the event log when the line starts',
  })
