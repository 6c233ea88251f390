import { createHash } from 'node:crypto'
import { closeSync, fsync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { FrameFormat, FrameMeta } from '../../contracts/index.ts'
import { makeFoldersBelow, syncDir } from '../log/durable-file.ts'
import { fileError } from './sqlite-errors.ts'

/** An image that is durable on disk. */
export interface StoredImage {
  sha256: string
  /** Relative to the data directory, with forward slashes. */
  path: string
  mime: string
  bytes: number
  view: string
  widthPx: number
  heightPx: number
  /** Golden template that came with it. */
  template?: StoredImage
}

const EXTENSIONS: Record<string, string> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/bmp': 'bmp',
  'image/webp': 'webp',
  'image/tiff': 'tif',
  'image/x-portable-graymap': 'pgm',
  'image/x-portable-pixmap': 'ppm',
  'image/x-portable-anymap': 'pnm',
}

/**
 * The bytes to keep: raw pixels become a PGM or PPM file (Netpbm P5, P6: header and the same bytes), encoded frames
 * stay as received. Pixels that do not fill their declared size are kept as they are: they explain a no-verdict.
 */
function fileParts(
  meta: Pick<FrameMeta, 'format'> | null,
  bytes: Uint8Array,
): { mime: string; parts: Uint8Array[] } {
  if (meta?.format.kind === 'encoded') return { mime: meta.format.mime, parts: [bytes] }
  const format = meta?.format
  if (
    format === undefined ||
    bytes.length !== format.widthPx * format.heightPx * (format.pixel === 'rgb8' ? 3 : 1)
  )
    return { mime: 'application/octet-stream', parts: [bytes] }
  const gray = format.pixel === 'mono8'
  const header = Buffer.from(`${gray ? 'P5' : 'P6'}\n${format.widthPx} ${format.heightPx}\n255\n`, 'latin1')
  return { mime: gray ? 'image/x-portable-graymap' : 'image/x-portable-pixmap', parts: [header, bytes] }
}

/** SHA-256 of the file that these bytes are kept in, hex. */
export function fileHash(format: FrameFormat, bytes: Uint8Array): string {
  return hashOf(fileParts({ format }, bytes).parts)
}

function hashOf(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

/** The bytes that were judged, out of their file. */
export const judgedBytes = (file: Uint8Array, byteLength: number): Uint8Array =>
  file.subarray(Math.max(0, file.length - byteLength))

/** Images known to be durable, at most. */
const REMEMBERED = 1_000

let temporaries = 0

const sync = promisify(fsync)

/** Content-addressed images `images/ab/cd/<sha256>.<ext>` under one directory. */
export class ImageFiles {
  readonly #root: string
  readonly #images: string
  /** Images this program made durable last: a replay shows the same ones over and over. */
  readonly #durable = new Set<string>()
  /** Directories whose entry is durable, or about to be. */
  readonly #entries = new Map<string, Promise<void>>()

  constructor(dataDir: string) {
    this.#root = dataDir
    this.#images = join(dataDir, 'images')
  }

  /**
   * Writes one image: temporary file, fsync, rename, fsync of the directory. When this resolves the image survives a
   * power cut. The same content twice is one file.
   *
   * @param known SHA-256 of the file that is to be, when somebody has computed it already
   * @throws TRC_DISK_FULL, TRC_IMAGE
   */
  async put(
    meta: Pick<FrameMeta, 'format' | 'view'> | null,
    content: Uint8Array,
    widthPx: number,
    heightPx: number,
    known?: string,
  ): Promise<StoredImage> {
    const { mime, parts } = fileParts(meta, content)
    const sha256 = known ?? hashOf(parts)
    const path = `images/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}.${EXTENSIONS[mime] ?? 'bin'}`
    const file = join(this.#root, path)
    const bytes = parts.reduce((n, p) => n + p.length, 0)
    try {
      const dir = dirname(file)
      if (!this.#entries.has(dir)) makeFoldersBelow(this.#root, dir)
      const entry = this.#syncEntry(dir)
      const there = statSync(file, { throwIfNoEntry: false })?.size === bytes
      if (!there) await this.#write(file, parts)
      if (!there || !this.#durable.has(sha256)) await Promise.all([syncDir(dir), entry])
      this.#remember(sha256)
    } catch (error) {
      // Somebody may have removed the directory; look again next time.
      this.#entries.delete(dirname(file))
      throw fileError(error, 'TRC_IMAGE', file)
    }
    const raw = meta?.format.kind === 'raw' ? meta.format : null
    return {
      sha256,
      path,
      mime,
      bytes,
      view: meta?.view ?? '',
      widthPx: raw?.widthPx ?? widthPx,
      heightPx: raw?.heightPx ?? heightPx,
    }
  }

  #remember(sha256: string): void {
    this.#durable.add(sha256)
    const [oldest] = this.#durable
    if (this.#durable.size > REMEMBERED && oldest !== undefined) this.#durable.delete(oldest)
  }

  /**
   * Everything but the sync goes into the page cache at once: handing each call to another thread costs more than the
   * call. The syncs of several images run side by side.
   */
  async #write(file: string, parts: Uint8Array[]): Promise<void> {
    const temporary = `${file}.${process.pid}-${++temporaries}.tmp`
    try {
      const fd = openSync(temporary, 'wx')
      try {
        for (const part of parts) writeWhole(fd, part)
        await sync(fd)
      } finally {
        closeSync(fd)
      }
      renameSync(temporary, file)
    } catch (error) {
      try {
        rmSync(temporary, { force: true })
      } catch {
        // The first error is the one to tell.
      }
      throw error
    }
  }

  /** Makes the entry of a directory durable, and those of the ones above it, once per run. */
  #syncEntry(dir: string): Promise<void> {
    let synced = this.#entries.get(dir)
    if (synced === undefined) {
      const parent = dirname(dir)
      synced = Promise.all([syncDir(parent), dir === this.#images ? null : this.#syncEntry(parent)]).then(
        () => undefined,
      )
      this.#entries.set(dir, synced)
      synced.catch(() => this.#entries.delete(dir))
    }
    return synced
  }
}

/** A write may take fewer bytes than it was given, as on a disk that is getting full. */
function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
}
