import { createHash } from 'node:crypto'
import {
  asCoded,
  CodedError,
  errorText,
  type I18n,
  type InspectionCompleted,
  type QEvent,
} from '../../contracts/index.ts'
import {
  checkNote,
  cosignersOf,
  leafHash,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  type SignedCheckpoint,
  verifyInclusion,
  type VerifierKey,
} from '../log/index.ts'
import { type Bundle, bundleSchema } from './bundle.schema.ts'
import { listText } from './bundle.ts'
import { WORDS } from './finding-words.ts'
import { trustOf } from './heads.ts'
import { LIMITS } from './limits.ts'
import { Findings, type VerifyReport } from './report.ts'
import { deletedImages } from './told-deletions.ts'

/**
 * Checks the evidence about one part, offline, with nothing but the file and the keys. Intact is what the log signed as all
 * about that part: without its list nothing says that the events are about it, or that none was left out.
 *
 * @param text of the file
 * @param keys noted elsewhere; none = those in the bundle
 * @throws TRC_BUNDLE when the file is no bundle, or one that cannot be read
 */
export function verifyBundle(text: string, keys: readonly VerifierKey[] = []): VerifyReport {
  const bundle = parseBundle(text)
  const findings = new Findings()
  const own = keys.length === 0
  const trust = trustOf(null, own ? [bundle.keys.log, ...bundle.keys.witnesses].map(parseVerifierKey) : keys)
  const checkpoint = readCheckpoint(bundle, trust.log, findings)
  const witnessed =
    checkpoint === null ? { valid: [], invalid: [] } : cosignersOf(checkpoint, trust.witnesses)
  for (const name of witnessed.invalid) findings.add('cosignature', WORDS.wrongCosignatureOf(name))
  const listed = readList(bundle, trust.log, findings)
  let proven = 0
  /** Image by its hash, with the last position at which it is said to be deleted by an event that is proven. */
  const deleted = new Map<string, number>()
  for (const e of bundle.events) {
    const at = { position: e.position, ...named(e.json) }
    const leaf = leafHash(e.json)
    const ok =
      checkpoint !== null &&
      e.proof !== null &&
      verifyInclusion(
        e.position - 1,
        checkpoint.size,
        leaf,
        e.proof.map((h) => Buffer.from(h, 'base64')),
        checkpoint.root,
      )
    if (ok) proven += 1
    // Behind the last checkpoint the whole is called unproven.
    if (ok || e.proof === null)
      for (const sha256 of deletedImages(e.json))
        deleted.set(sha256, Math.max(e.position, deleted.get(sha256) ?? 0))
    const wanted = listed?.get(e.position)
    if (listed !== null && wanted === undefined) findings.add('inserted', WORDS.notListed, at)
    else if (wanted !== undefined && wanted !== leaf.toString('base64'))
      findings.add('changed', WORDS.otherThanSigned, at)
    else if (!ok && e.proof !== null && checkpoint !== null)
      findings.add(wanted === undefined ? 'changed' : 'bundle', WORDS.wrongProof, at)
    listed?.delete(e.position)
  }
  for (const position of listed?.keys() ?? []) findings.add('dropped', WORDS.notBundled, { position })
  const images = checkImages(bundle, deleted, findings)
  const limits: I18n[] = [LIMITS.bundleOnly]
  if (bundle.list === null) limits.push(LIMITS.bundleComplete)
  if (bundle.format === 'sightline-bundle@1' && images.deletedByRetention > 0)
    limits.push(LIMITS.bundleDeleted)
  if (own) limits.push(LIMITS.ownKeys)
  if (witnessed.valid.length === 0) limits.push(LIMITS.noWitness)
  if (proven < bundle.events.length) limits.push(LIMITS.unsigned)
  return {
    state:
      findings.list.length > 0
        ? 'altered'
        : proven > 0 && proven === bundle.events.length && bundle.list !== null
          ? 'intact'
          : 'unproven',
    serial: bundle.serial,
    origin: checkpoint?.origin ?? null,
    events: bundle.events.length,
    signed: proven,
    checkpoints: checkpoint === null ? 0 : 1,
    cosigned: witnessed.valid.map(({ name, time }) => ({
      witness: name,
      size: checkpoint?.size ?? 0,
      time: new Date(time * 1_000).toISOString(),
    })),
    timestamped: [],
    records: 0,
    images,
    findings: findings.list,
    more: findings.more,
    limits,
  }
}

function parseBundle(text: string): Bundle {
  const expected = 'an evidence bundle (sightline-bundle@2, or @1)'
  let json: unknown
  try {
    // Programs of Windows put a byte order mark before text that they save.
    json = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw asCoded(error, 'TRC_BUNDLE', { expected })
  }
  const parsed = bundleSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const [first] = parsed.error.issues
  throw new CodedError('TRC_BUNDLE', {
    expected,
    actual:
      first === undefined ? 'another document' : `${first.path.join('.') || 'document'}: ${first.message}`,
  })
}

function readCheckpoint(
  bundle: Bundle,
  keys: readonly VerifierKey[],
  findings: Findings,
): SignedCheckpoint | null {
  if (bundle.checkpoint === null) return null
  try {
    const checkpoint = parseCheckpoint(bundle.checkpoint)
    if (keys.some((key) => checkNote(checkpoint.note, key).state === 'valid')) return checkpoint
    findings.add('checkpoint', WORDS.unsigned(keys, checkpoint.origin))
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    findings.add('checkpoint', errorText(error))
  }
  return null
}

/** Leaf by position as the list says, or null without a good list. */
function readList(
  bundle: Bundle,
  keys: readonly VerifierKey[],
  findings: Findings,
): Map<number, string> | null {
  if (bundle.list === null) return null
  try {
    const note = parseNote(bundle.list)
    const key = keys.find((k) => checkNote(note, k).state === 'valid')
    if (key === undefined) {
      findings.add('bundle', WORDS.unsignedList)
      return null
    }
    const lines = note.text.split('\n').map((line) => line.split(' '))
    // Events are compared one by one; the rest of the list as a whole.
    const head = (text: string): string =>
      text
        .split('\n')
        .filter((l) => !l.startsWith('event '))
        .join('\n')
    if (head(note.text) !== head(listText(key.name, bundle))) findings.add('bundle', WORDS.otherList)
    return new Map(
      lines.filter(([word]) => word === 'event').map(([, position, leaf]) => [Number(position), leaf ?? '']),
    )
  } catch (error) {
    findings.add('bundle', errorText(asCoded(error, 'TRC_NOTE')))
    return null
  }
}

/** @param deleted image by its hash, with the position of the event that says so */
function checkImages(
  bundle: Bundle,
  deleted: ReadonlyMap<string, number>,
  findings: Findings,
): VerifyReport['images'] {
  let checked = 0
  let deletedByRetention = 0
  const there = new Map(bundle.images.map((i) => [i.sha256, i.data]))
  for (const { sha256, data } of bundle.images) {
    if (data === null) {
      deletedByRetention += 1
      continue
    }
    checked += 1
    const actual = createHash('sha256').update(Buffer.from(data, 'base64')).digest('hex')
    if (actual !== sha256) findings.add('image', WORDS.otherHash(WORDS.image(sha256), actual))
  }
  for (const { position, json } of bundle.events)
    for (const sha256 of imagesNamed(json)) {
      const at = { position, ...named(json) }
      const data = there.get(sha256)
      if (data === undefined) findings.add('image', WORDS.notInBundle(sha256), at)
      // With each event that names it, it was there again.
      else if (
        data === null &&
        bundle.format !== 'sightline-bundle@1' &&
        !((deleted.get(sha256) ?? 0) > position)
      )
        findings.add('image', WORDS.deletedUntoldInBundle(WORDS.image(sha256)), at)
    }
  return { checked, deletedByRetention }
}

function parsed(json: string): QEvent | null {
  try {
    return JSON.parse(json) as QEvent
  } catch {
    return null
  }
}

const named = (json: string): { event: string | null; subject: string | null } => {
  const event = parsed(json)
  return { event: event?.id ?? null, subject: event?.subject ?? null }
}

/** None of a text that was altered so that it names none any more; that it was altered is told elsewhere. */
function imagesNamed(json: string): string[] {
  try {
    const { data } = JSON.parse(json) as QEvent<Partial<InspectionCompleted>>
    return (data.image?.views.map((v) => v.sha256) ?? []).filter((sha256) => typeof sha256 === 'string')
  } catch {
    return []
  }
}
