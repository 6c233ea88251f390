import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { asCoded, CodedError, makeFolder } from '../../contracts/thread.ts'
import {
  NOTE_TYPE,
  type NoteSigner,
  noteSigner,
  type NoteType,
  parseVerifierKey,
  type VerifierKey,
  writeDurably,
} from '../log/index.ts'

/** Where the proof of a data directory lies. The folder can be handed out as it is: it holds nothing secret. */
export const logDir = (dataDir: string): string => join(dataDir, 'log')
/** Apart from the log's folder, so that who copies or serves that one does not hand out the key. */
export const logKeyFile = (dataDir: string): string => join(dataDir, 'keys', 'log.pem')
const publicKeyFile = (dataDir: string): string => join(logDir(dataDir), 'key.pub')
const witnessFile = (dataDir: string): string => join(logDir(dataDir), 'witnesses.pub')

/**
 * The Ed25519 key in a PKCS #8 PEM file; made when absent, for the owner of the process only.
 *
 * @throws TRC_KEY when the file is no such key, or others may read it
 */
export function openKey(file: string, name: string, type: NoteType): NoteSigner {
  try {
    if (!existsSync(file)) {
      makeFolder(dirname(file), 'TRC_KEY')
      const { privateKey } = generateKeyPairSync('ed25519')
      writeDurably(file, privateKey.export({ format: 'pem', type: 'pkcs8' }), 0o600)
    }
    const mode = statSync(file).mode & 0o777
    // Windows has no such bits.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw new CodedError('TRC_KEY', {
        file,
        expected: 'a key that only its owner may read (0600)',
        actual: mode.toString(8).padStart(4, '0'),
        hint: `chmod 600 ${file}`,
      })
    const key = createPrivateKey(readFileSync(file))
    if (key.asymmetricKeyType !== 'ed25519')
      throw new CodedError('TRC_KEY', {
        file,
        expected: 'an Ed25519 key',
        actual: String(key.asymmetricKeyType),
      })
    return noteSigner(name, type, key)
  } catch (error) {
    throw asCoded(error, 'TRC_KEY', { file })
  }
}

/**
 * The signer of a data directory's log. A log keeps its name and key for life: another one would be another log, which
 * witnesses refuse.
 *
 * @param origin the name asked for; null = the one it has, or `fallback` for a new log
 * @throws TRC_KEY when the log has another name or key
 */
export function openLogKey(o: {
  dataDir: string
  keyFile: string | null
  origin: string | null
  fallback: string
}): NoteSigner {
  const known = readLogKey(o.dataDir)
  const origin = o.origin ?? known?.name ?? o.fallback
  const signer = openKey(o.keyFile ?? logKeyFile(o.dataDir), origin, NOTE_TYPE.ed25519)
  if (known !== null && known.vkey !== signer.key.vkey)
    throw new CodedError('TRC_KEY', {
      file: publicKeyFile(o.dataDir),
      expected: known.vkey,
      actual: signer.key.vkey,
      hint: 'a log keeps its name and key; give those, or begin a new data directory',
    })
  if (known === null) {
    mkdirSync(logDir(o.dataDir), { recursive: true })
    writeDurably(publicKeyFile(o.dataDir), `${signer.key.vkey}\n`)
  }
  return signer
}

/** The public key beside the log, or null before the first start. @throws TRC_KEY */
export function readLogKey(dataDir: string): VerifierKey | null {
  return readKeys(publicKeyFile(dataDir))[0] ?? null
}

/** Keys of the witnesses that the line was told to ask. @throws TRC_KEY */
export const readWitnessKeys = (dataDir: string): VerifierKey[] => readKeys(witnessFile(dataDir))

/** Remembers witnesses beside the log, so that their cosignatures can be checked without the line file. */
export function rememberWitnesses(dataDir: string, keys: readonly VerifierKey[]): void {
  const known = readWitnessKeys(dataDir).map((k) => k.vkey)
  const all = [...new Set([...known, ...keys.map((k) => k.vkey)])]
  if (all.length > known.length) writeDurably(witnessFile(dataDir), `${all.join('\n')}\n`)
}

function readKeys(file: string): VerifierKey[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8').split('\n').filter(Boolean).map(parseVerifierKey)
}
