import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { CodedError } from '../../contracts/index.ts'

/** Of a stored image. */
export interface ImageFacts {
  /** Absolute. */
  path: string
  mime: string
  bytes: number
}

/** Hashed at once, a raw image of 20 MPx in three colours takes a thread that serves the gate, too, some 35 ms. */
const SLICE_BYTES = 1 << 20

/**
 * The bytes of a stored image.
 *
 * @param path absolute
 * @throws TRC_IMAGE when the file is missing (the cause says so) or has another hash
 */
export async function imageFile(path: string, sha256: string): Promise<Buffer> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new CodedError('TRC_IMAGE', { file: path, actual: String(error), cause: error })
  })
  const hash = createHash('sha256')
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    if (at > 0) await turn()
    hash.update(bytes.subarray(at, at + SLICE_BYTES))
  }
  const actual = hash.digest('hex')
  if (actual !== sha256)
    throw new CodedError('TRC_IMAGE', {
      file: path,
      expected: sha256,
      actual,
      hint: 'the file was altered; restore it from a backup',
    })
  return bytes
}
