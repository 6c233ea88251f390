import { createHash } from 'node:crypto'
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asCoded, CodedError } from '../../contracts/index.ts'
import type { ImageReader } from '../../dashboard/index.ts'
import type { PlantQuestions } from '../../traceability/query/index.ts'
import { log } from '../setup/log.ts'

/** A line that does not answer keeps nobody waiting longer, ms. */
const LINE_MS = 5_000
/** Largest image that is taken from a line: a raw frame of 60 MPx in three colours. */
const MAX_BYTES = 200_000_000
/** Images kept beside the server, since one page asks for each several times. */
const KEPT = 500

/**
 * Images of a plant: those that came along with the records, else those of a line that says where it is. What a line
 * answers counts when it has the hash that was asked for.
 *
 * @param dir      for files that are kept, of this server alone
 * @param maxBytes largest image that is taken from a line
 */
export function plantImages(
  questions: Pick<PlantQuestions, 'storedImage' | 'imageAddresses'>,
  dir: string,
  maxBytes = MAX_BYTES,
): ImageReader {
  return {
    async path(sha256) {
      const file = join(dir, sha256)
      if (existsSync(file)) return file
      const bytes = (await questions.storedImage(sha256)) ?? (await fromLines(questions, sha256, maxBytes))
      if (bytes === null) return null
      makeRoom(dir)
      writeFileSync(`${file}.part`, bytes)
      renameSync(`${file}.part`, file)
      return file
    },
  }
}

async function fromLines(
  questions: Pick<PlantQuestions, 'imageAddresses'>,
  sha256: string,
  maxBytes: number,
): Promise<Uint8Array | null> {
  for (const address of await questions.imageAddresses(sha256)) {
    try {
      return await fetched(address, sha256, maxBytes)
    } catch (error) {
      log.warn({ line: address, sha256, code: asCoded(error, 'TRC_IMAGE').code }, String(error))
    }
  }
  return null
}

/** @throws TRC_IMAGE when the line has not that image; whatever the network says */
async function fetched(address: string, sha256: string, maxBytes: number): Promise<Uint8Array> {
  const url = new URL(`/api/images/${sha256}?original=1`, address)
  const res = await fetch(url, { signal: AbortSignal.timeout(LINE_MS), redirect: 'error' })
  if (!res.ok || res.body === null)
    throw new CodedError('TRC_IMAGE', { expected: 'an image', actual: `status ${res.status}` })
  const chunks: Uint8Array[] = []
  let length = 0
  // Counted while it comes: an answer in chunks says no length.
  for await (const chunk of res.body) {
    length += chunk.byteLength
    if (length > maxBytes)
      throw new CodedError('TRC_IMAGE', { expected: `an image of at most ${maxBytes} bytes`, actual: 'more' })
    chunks.push(chunk)
  }
  const bytes = Buffer.concat(chunks)
  const actual = createHash('sha256').update(bytes).digest('hex')
  if (actual !== sha256) throw new CodedError('TRC_IMAGE', { expected: sha256, actual })
  return bytes
}

function makeRoom(dir: string): void {
  const files = readdirSync(dir)
  if (files.length >= KEPT) for (const file of files) rmSync(join(dir, file), { force: true })
}
