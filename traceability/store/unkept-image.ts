import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { asCoded } from '../../contracts/index.ts'
import { makeFoldersBelow } from '../log/durable-file.ts'
import { isStorageError } from './spool.ts'
import { fileError } from './sqlite-errors.ts'

/**
 * The last image that neither store nor spool took. Until it could be written, or another was kept, the store has
 * failed: records without an image may find room where an image finds none, as on a volume out of inodes.
 */
export class UnkeptImage {
  /** Is written where images lie, as deep in folders of its own as an image is, and is no image. */
  readonly #trial: string
  readonly #dataDir: string
  #bytes: Uint8Array | null = null

  constructor(dataDir: string) {
    this.#dataDir = dataDir
    this.#trial = join(dataDir, 'images', '.trial')
  }

  get any(): boolean {
    return this.#bytes !== null
  }

  /**
   * @param image    of the request that is being kept; the store's own copy
   * @param onUnkept hears that `try` has something to do
   */
  async watch<T>(image: Uint8Array | null, kept: Promise<T>, onUnkept: () => void): Promise<T> {
    try {
      const answer = await kept
      if (image) this.#bytes = null
      return answer
    } catch (error) {
      if (image && isStorageError(asCoded(error, 'TRC_WRITE'))) {
        this.#bytes = image
        onUnkept()
      }
      throw error
    }
  }

  /** Writes it, syncs it, and takes it away again. @throws TRC_DISK_FULL, TRC_IMAGE */
  async try(): Promise<void> {
    const bytes = this.#bytes
    if (bytes === null) return
    try {
      await rm(this.#trial, { recursive: true, force: true })
      const dir = join(this.#trial, '00')
      makeFoldersBelow(this.#dataDir, dir)
      const file = await open(join(dir, 'image'), 'wx')
      try {
        await file.writeFile(bytes)
        await file.sync()
      } finally {
        await file.close()
      }
    } catch (error) {
      throw fileError(error, 'TRC_IMAGE', this.#trial)
    } finally {
      await rm(this.#trial, { recursive: true, force: true }).catch(() => undefined)
    }
    if (this.#bytes === bytes) this.#bytes = null
  }
}
