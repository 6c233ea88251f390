import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { CodedError } from '../../contracts/thread.ts'

/** Signature types of c2sp.org/signed-note that this project uses. */
export const NOTE_TYPE = { ed25519: 0x01, cosignature: 0x04 } as const
export type NoteType = (typeof NOTE_TYPE)[keyof typeof NOTE_TYPE]

export interface NoteSignature {
  name: string
  /** uint32 */
  keyId: number
  /** Without the key id. */
  bytes: Buffer
}

/** c2sp.org/signed-note: text that ends in a newline, and signature lines. */
export interface SignedNote {
  text: string
  signatures: NoteSignature[]
}

export interface VerifierKey {
  name: string
  keyId: number
  type: NoteType
  publicKey: KeyObject
  /** `<name>+<hex key id>+<base64 of type and key>`, as golang.org/x/mod/sumdb/note writes it. */
  vkey: string
}

export interface NoteSigner {
  key: VerifierKey
  privateKey: KeyObject
}

/** Notes come from other machines; 16 signatures are the least a verifier must accept. */
const MAX_NOTE_BYTES = 65_536
const ED25519_BYTES = 64
/** Latest moment that a date can be, POSIX seconds (ECMA-262, 21.4.1.1): of a clock that counts microseconds there is none. */
const MAX_TIME = 8.64e12
/** Unicode spaces and plus. */
const BAD_NAME = /[\s\u0085\u00a0+]/u
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f]/

/** @throws TRC_NOTE */
export function parseNote(note: string): SignedNote {
  if (note.length > MAX_NOTE_BYTES) throw bad('a shorter note', `${note.length} characters`)
  if (!note.isWellFormed() || CONTROL.test(note)) {
    // As a mail program or an editor saves it.
    if (note.isWellFormed() && !CONTROL.test(note.replaceAll('\r\n', '\n'))) throw windowsLines()
    throw bad('text without control characters', 'some')
  }
  const split = note.lastIndexOf('\n\n')
  if (split < 0 || !note.endsWith('\n')) throw bad('a text, an empty line and signature lines', excerpt(note))
  const lines = note.slice(split + 2, -1).split('\n')
  return { text: note.slice(0, split + 1), signatures: lines.map(parseSignature) }
}

export const formatNote = (note: SignedNote): string =>
  `${note.text}\n${note.signatures.map(signatureLine).join('')}`

export function signatureLine({ name, keyId, bytes }: NoteSignature): string {
  const id = Buffer.alloc(4)
  id.writeUInt32BE(keyId)
  return `— ${name} ${Buffer.concat([id, bytes]).toString('base64')}\n`
}

/** @throws TRC_NOTE */
export function parseSignature(line: string): NoteSignature {
  const [dash, name, data, ...rest] = line.split(' ')
  const bytes = base64(data ?? '')
  if (dash !== '—' || !name || BAD_NAME.test(name) || rest.length > 0 || bytes === null || bytes.length < 5)
    throw bad('a signature line', excerpt(line))
  return { name, keyId: bytes.readUInt32BE(0), bytes: bytes.subarray(4) }
}

/** @throws TRC_KEY when it is not an Ed25519 key of type 1 or 4, or its id is not that of the key */
export function parseVerifierKey(vkey: string): VerifierKey {
  const [name, id, ...tail] = vkey.trim().split('+')
  const data = base64(tail.join('+'))
  const type = data?.[0]
  if (
    !name ||
    BAD_NAME.test(name) ||
    !/^[0-9a-f]{8}$/.test(id ?? '') ||
    data?.length !== 33 ||
    (type !== NOTE_TYPE.ed25519 && type !== NOTE_TYPE.cosignature)
  )
    throw badKey(vkey, '<name>+<8 hex digits>+<base64 of type 1 or 4 and a 32-byte Ed25519 key>')
  const x = data.subarray(1).toString('base64url')
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  const key = verifierKey(name, type, publicKey)
  if (key.keyId !== Number.parseInt(id ?? '', 16))
    throw badKey(vkey, `key id ${key.keyId.toString(16).padStart(8, '0')}`)
  return key
}

/** @throws TRC_KEY when the name cannot be a key name */
function verifierKey(name: string, type: NoteType, publicKey: KeyObject): VerifierKey {
  if (name === '' || BAD_NAME.test(name)) throw badKey(name, 'a name without spaces and plus signs')
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
  const typed = Buffer.concat([Buffer.of(type), raw])
  const keyId = createHash('sha256').update(`${name}\n`).update(typed).digest().readUInt32BE(0)
  const vkey = `${name}+${keyId.toString(16).padStart(8, '0')}+${typed.toString('base64')}`
  return { name, keyId, type, publicKey, vkey }
}

export function noteSigner(name: string, type: NoteType, privateKey: KeyObject): NoteSigner {
  return { key: verifierKey(name, type, createPublicKey(privateKey)), privateKey }
}

/** Ed25519 over the text, signature type 1. */
export function signText(text: string, { key, privateKey }: NoteSigner): NoteSignature {
  return { name: key.name, keyId: key.keyId, bytes: sign(null, Buffer.from(text), privateKey) }
}

/**
 * Statement that a tree head was the largest consistent one seen at a time: c2sp.org/tlog-cosignature, Ed25519.
 *
 * @param time POSIX seconds
 */
export function cosignText(text: string, { key, privateKey }: NoteSigner, time: number): NoteSignature {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(time))
  const signature = sign(null, Buffer.from(cosigned(text, time)), privateKey)
  return { name: key.name, keyId: key.keyId, bytes: Buffer.concat([bytes, signature]) }
}

const cosigned = (text: string, time: number): string => `cosignature/v1\ntime ${time}\n${text}`

export type NoteCheck =
  /** `time`: POSIX seconds of a cosignature, null for a plain signature. */
  { state: 'valid'; time: number | null } | { state: 'absent' } | { state: 'invalid' }

/** What a key says of a note. Signatures by other keys are ignored; one bad signature of the key spoils it. */
export function checkNote(note: SignedNote, key: VerifierKey): NoteCheck {
  const mine = note.signatures.filter((s) => s.name === key.name && s.keyId === key.keyId)
  let time: number | null = null
  for (const { bytes } of mine) {
    const stamped = key.type === NOTE_TYPE.cosignature
    if (bytes.length !== ED25519_BYTES + (stamped ? 8 : 0)) return { state: 'invalid' }
    time = stamped ? Number(bytes.readBigUInt64BE(0)) : null
    const message = time === null ? note.text : cosigned(note.text, time)
    if ((time ?? 0) > MAX_TIME) return { state: 'invalid' }
    if (!verify(null, Buffer.from(message), key.publicKey, bytes.subarray(stamped ? 8 : 0)))
      return { state: 'invalid' }
  }
  return mine.length === 0 ? { state: 'absent' } : { state: 'valid', time }
}

/** Standard base64 with padding, or null: what is decoded must encode to the same text. */
export function base64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : null
}

const excerpt = (text: string): string => JSON.stringify(text.slice(0, 80))

const bad = (expected: string, actual: string): CodedError => new CodedError('TRC_NOTE', { expected, actual })

const windowsLines = (): CodedError =>
  new CodedError('TRC_NOTE', {
    expected: 'lines that end with LF',
    actual: 'line ends of Windows (CRLF)',
    zh: { expected: '以 LF 结束的行', actual: 'Windows 换行符 (CRLF)' },
  })

const badKey = (actual: string, expected: string): CodedError =>
  new CodedError('TRC_KEY', { expected, actual })
