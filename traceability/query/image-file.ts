import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { CodedError } from '../../contracts/index.ts'

/** Of a stored image. */
export interface ImageFacts {
  /** Absolute. */
  path: string
  mime: string
  bytes: number
}

/**
 * The bytes of a stored image.
 *
 * @param path absolute
 * @throws TRC_IMAGE when the file is missing or has another hash
 */
export async function imageFile(path: string, sha256: string): Promise<Buffer> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new CodedError('TRC_IMAGE', { file: path, actual: String(error), cause: error })
  })
  const actual = createHash('sha256').update(bytes).digest('hex')
  if (actual !== sha256)
    throw new CodedError('TRC_IMAGE', {
      file: path,
      expected: sha256,
      actual,
      hint: 'the file was altered; restore it from a backup',
    })
  return bytes
}
