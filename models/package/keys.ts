import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { CodedError, asCoded, parseStrict } from '../../contracts/index.ts'

/** Key id → Ed25519 public key, SubjectPublicKeyInfo DER in base64 (RFC 8410). */
export type TrustedKeys = Record<string, string>

/** The keys the product trusts as delivered. It stays in the source tree, which a build does not copy. */
export const TRUSTED_KEYS_FILE = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../trust/keys.json' : '../../../models/trust/keys.json',
    import.meta.url,
  ),
)

const trustedKeysSchema = z.record(z.string().regex(/^[a-z0-9][a-z0-9-]*$/), z.base64())

/** @throws CFG_MISSING_FILE, CFG_SYNTAX, CFG_INVALID (also for a key that is no Ed25519 public key) */
export async function loadTrustedKeys(file: string = TRUSTED_KEYS_FILE): Promise<TrustedKeys> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw asCoded(error, 'CFG_MISSING_FILE', { file })
  })
  const keys = parseStrict(text, trustedKeysSchema, file)
  for (const [id, key] of Object.entries(keys)) {
    if (publicKeyOf(key) === null)
      throw new CodedError('CFG_INVALID', {
        file,
        path: id,
        expected: 'an Ed25519 public key, SubjectPublicKeyInfo DER in base64',
        actual: key.slice(0, 24),
      })
  }
  return keys
}

/** The key object, or null when the text is no Ed25519 public key. */
export function publicKeyOf(base64: string): KeyObject | null {
  try {
    const key = createPublicKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'spki' })
    return key.asymmetricKeyType === 'ed25519' ? key : null
  } catch {
    return null
  }
}

/** @throws MDL_SIGNATURE when the text is no Ed25519 private key */
export function privateKeyOf(pem: string): KeyObject {
  let actual = 'text that is no private key'
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyType === 'ed25519') return key
    actual = String(key.asymmetricKeyType)
  } catch {
    // the cause would quote the key
  }
  throw new CodedError('MDL_SIGNATURE', { expected: 'an Ed25519 private key in PEM', actual })
}

/** Public half in the form of `TrustedKeys`. */
export const publicHalf = (privateKey: KeyObject): string =>
  createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).toString('base64')

/** A new Ed25519 key pair. Keep the private half outside the repository and off the line PC. */
export function generateKeys(): { privateKeyPem: string; publicKey: string } {
  const { privateKey } = generateKeyPairSync('ed25519')
  return {
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicHalf(privateKey),
  }
}
