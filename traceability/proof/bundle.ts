import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CodedError, type InspectionCompleted, type QEvent } from '../../contracts/index.ts'
import { formatNote, leafHash, NOTE_TYPE, type NoteSigner, signText, type VerifierKey } from '../log/index.ts'
import type { ImageFacts } from '../query/image-file.ts'
import { openTraceQuery } from '../query/trace-query.ts'
import { openSql } from '../store/open-sql.ts'
import type { Bundle } from './bundle.schema.ts'
import { logKeyFile, openKey, readLogKey, readWitnessKeys } from './log-key.ts'
import { type PartProof, provePart } from './part-proof.ts'
import { ToldDeletions } from './told-deletions.ts'

/** One JSON text has at most 2^29 characters; a bundle is written and read as one. */
const MAX_CHARACTERS = 500_000_000
/** Of an event beside its text: position, names of members, blanks, and per hash of its path. */
const [PER_EVENT, PER_HASH] = [100, 60]

/**
 * Positions of the events about a part, and how far they are proven; null when no such part is known.
 *
 * @throws TRC_BUNDLE when there are more events than `maxEvents`: none is left out
 */
export async function proofOfPart(
  dataDir: string,
  serial: string,
  maxEvents = Infinity,
): Promise<PartProof | null> {
  const query = openTraceQuery(dataDir)
  const db = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
  try {
    const positions = await query.eventsAbout(serial)
    if (positions !== null && positions.length > maxEvents)
      throw tooMuch(`at most ${maxEvents} events about a part`, `${positions.length}`, elsewhere(serial))
    return positions === null ? null : provePart(dataDir, db, positions)
  } finally {
    db.close()
    query.close()
  }
}

const tooMuch = (expected: string, actual: string, hint: string): CodedError =>
  new CodedError('TRC_BUNDLE', { expected, actual, hint })
const elsewhere = (serial: string): string =>
  `on the machine of the line: sightline trace ${JSON.stringify(serial)} --bundle part.json`

/**
 * Everything that proves what happened to one part.
 *
 * @param keyFile of the log, for the signed list; null = the one in the data directory, if it may be read
 * @param most bytes of all images together, and events; default: what one text holds
 * @throws TRC_NOT_FOUND; TRC_PROOF before the log was first signed; TRC_BUNDLE with more than that; TRC_KEY when
 *   `keyFile` is not there, or a key is not that of the log
 */
export async function makeBundle(
  dataDir: string,
  serial: string,
  keyFile: string | null,
  most: { imageBytes?: number; events?: number } = {},
): Promise<Bundle> {
  const key = readLogKey(dataDir)
  const part = await proofOfPart(dataDir, serial, most.events)
  if (part === null)
    throw new CodedError('TRC_NOT_FOUND', { expected: 'a part that was inspected', actual: serial })
  if (key === null || part.checkpoint === null) throw unsigned()
  const { images, proof } = await withImages(dataDir, serial, part, most.imageBytes ?? Infinity)
  if (proof.checkpoint === null) throw unsigned()
  const bundle: Bundle = {
    format: 'sightline-bundle@2',
    serial,
    madeAt: new Date().toISOString(),
    keys: { log: key.vkey, witnesses: readWitnessKeys(dataDir).map((k) => k.vkey) },
    checkpoint: proof.checkpoint.note,
    events: proof.events.map(({ position, json, proof: path }) => ({ position, json, proof: path })),
    images,
    list: null,
  }
  const file = keyFile ?? logKeyFile(dataDir)
  if (keyFile === null && !existsSync(file)) return bundle
  const signer = signerOf(file, key)
  const text = listText(key.name, bundle)
  return { ...bundle, list: formatNote({ text, signatures: [signText(text, signer)] }) }
}

/** What another key signed would be told as altered by whoever gets the bundle, so it is told here. */
function signerOf(file: string, { name, vkey }: VerifierKey): NoteSigner {
  // Else opened as one that is to be made.
  if (!existsSync(file))
    throw new CodedError('TRC_KEY', { file, expected: `the private key of ${vkey}`, actual: 'no such file' })
  const signer = openKey(file, name, NOTE_TYPE.ed25519)
  if (signer.key.vkey === vkey) return signer
  throw new CodedError('TRC_KEY', { file, expected: `the private key of ${vkey}`, actual: signer.key.vkey })
}

const unsigned = (): CodedError =>
  new CodedError('TRC_PROOF', {
    expected: 'a signed log',
    actual: 'none',
    hint: 'a running line signs within seconds; see `proof` in the line file',
  })

/** What the signed list says; its first line keeps it apart from a checkpoint, whose second line is a number. */
export function listText(origin: string, { serial, events, images }: Bundle): string {
  return [
    'sightline-bundle/v1',
    `log ${origin}`,
    `serial ${JSON.stringify(serial)}`,
    ...events.map(({ position, json }) => `event ${position} ${leafHash(json).toString('base64')}`),
    ...images.map(({ sha256, data }) => `image ${sha256} ${data === null ? 'deleted' : 'included'}`),
    '',
  ].join('\n')
}

/** @throws TRC_IMAGE when the file is there and cannot be read */
const goneOrUnread =
  (file: string) =>
  (error: unknown): null => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw new CodedError('TRC_IMAGE', { file, actual: String(error), cause: error })
  }

/** A text inside of JSON has its quotes escaped. */
const lengthOf = ({ json, proof }: PartProof['events'][number]): number =>
  JSON.stringify(json).length + PER_EVENT + PER_HASH * (proof?.length ?? 0)

/** The images of a part, and its proof with the events by which some of them are gone. */
async function withImages(
  dataDir: string,
  serial: string,
  part: PartProof,
  maxBytes: number,
): Promise<{ images: Bundle['images']; proof: PartProof }> {
  /** By hash: position of the last event of the part that names it. */
  const named = new Map<string, number>()
  for (const { json, position } of part.events) {
    const event = JSON.parse(json) as QEvent
    if (event.type === 'qe.inspection.completed.v1')
      for (const { sha256 } of (event.data as InspectionCompleted).image.views) named.set(sha256, position)
  }
  const query = openTraceQuery(dataDir)
  const db = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
  try {
    const known = new Map<string, ImageFacts | null>()
    for (const sha256 of [...named.keys()].sort()) known.set(sha256, await query.image(sha256))
    const bytes = [...known.values()].reduce((sum, facts) => sum + (facts?.bytes ?? 0), 0)
    if (bytes > maxBytes)
      throw tooMuch(`images of at most ${maxBytes} bytes`, `${bytes} bytes`, elsewhere(serial))
    const characters = Math.ceil(bytes / 3) * 4 + part.events.reduce((sum, e) => sum + lengthOf(e), 0)
    if (characters > MAX_CHARACTERS)
      throw tooMuch(
        `events and images of at most ${MAX_CHARACTERS} characters, images as base64`,
        `${characters}, of ${part.events.length} events and ${known.size} images`,
        'keep a copy of the data directory as evidence; `sightline verify` checks it whole',
      )
    const told = new ToldDeletions(db)
    const deletions = new Set<number>()
    const images: Bundle['images'] = []
    for (const [sha256, facts] of known) {
      // As it lies there, altered or not: the check of the bundle says so.
      const data = facts === null ? null : await readFile(facts.path).catch(goneOrUnread(facts.path))
      if (data === null) {
        // What is gone and no event says so is left out, and missed by the check; retention may have come in between.
        const deleted = (await query.image(sha256)) === null ? told.of(sha256, named.get(sha256) ?? 0) : null
        if (deleted === null) continue
        deletions.add(deleted)
      }
      images.push({
        sha256,
        mime: facts?.mime ?? 'application/octet-stream',
        data: data?.toString('base64') ?? null,
      })
    }
    const positions = [...part.events.map((e) => e.position), ...deletions]
    return { images, proof: deletions.size === 0 ? part : provePart(dataDir, db, positions) }
  } finally {
    db.close()
    query.close()
  }
}
