import { createHash, sign, verify } from 'node:crypto'
import { CodedError, canonicalJson, packageManifestSchema } from '../../contracts/index.ts'
import type { PackageManifest } from '../../contracts/index.ts'
import { privateKeyOf, publicKeyOf } from './keys.ts'
import type { TrustedKeys } from './keys.ts'
import { parseJson } from './parse-json.ts'

export const MANIFEST_FILE = 'manifest.json'
export const MODEL_FILE = 'model.onnx'
export const CARD_FILE = 'card.json'

/** Relative, no `..`, no hidden names, no backslash: a name that means the same inside the folder everywhere. */
const SAFE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const signedBytes = (files: PackageManifest['files']): Buffer => Buffer.from(canonicalJson(files), 'utf8')

export function signManifest(
  files: PackageManifest['files'],
  privateKeyPem: string,
  keyId: string,
): PackageManifest {
  const signature = sign(null, signedBytes(files), privateKeyOf(privateKeyPem)).toString('base64')
  return { format: 'sightline-model/1', files, keyId, signature }
}

/**
 * Parses a manifest and checks its signature; only then are the hashes in it worth anything.
 *
 * @throws MDL_PACKAGE when malformed or naming a file outside the folder; MDL_SIGNATURE when unsigned, signed by
 *         a key that is not trusted, or not matching
 */
export function readManifest(text: string, file: string, trusted: TrustedKeys): PackageManifest {
  const value: unknown = parseJson(text, file)
  if (value !== null && typeof value === 'object' && !(value as Partial<PackageManifest>).signature)
    throw new CodedError('MDL_SIGNATURE', {
      file,
      expected: 'a signature',
      actual: 'an unsigned package',
      hint: 'sign it with `sightline models pack`',
    })
  const parsed = packageManifestSchema.safeParse(value)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new CodedError('MDL_PACKAGE', {
      file,
      path: issue?.path.join('.') ?? '',
      expected: issue?.message ?? 'a manifest',
    })
  }
  const manifest = parsed.data
  checkSignature(manifest, file, trusted)
  for (const name of Object.keys(manifest.files)) {
    if (!SAFE_NAME.test(name) || name === MANIFEST_FILE)
      throw new CodedError('MDL_PACKAGE', {
        file,
        path: `files.${name}`,
        expected: 'a file name inside the package folder',
        actual: name,
      })
  }
  for (const name of [MODEL_FILE, CARD_FILE]) {
    if (manifest.files[name] === undefined)
      throw new CodedError('MDL_PACKAGE', { file, path: `files.${name}`, expected: name, actual: 'nothing' })
  }
  return manifest
}

function checkSignature(manifest: PackageManifest, file: string, trusted: TrustedKeys): void {
  const known = Object.hasOwn(trusted, manifest.keyId) ? trusted[manifest.keyId] : undefined
  if (known === undefined)
    throw new CodedError('MDL_SIGNATURE', {
      file,
      path: 'keyId',
      expected: `one of the trusted keys: ${Object.keys(trusted).join(', ') || '(none)'}`,
      actual: manifest.keyId,
      hint: 'add the public key of the publisher to the trusted keys if you trust it',
    })
  const key = publicKeyOf(known)
  if (key === null)
    throw new CodedError('MDL_SIGNATURE', {
      path: manifest.keyId,
      expected: 'an Ed25519 public key in the trusted keys',
      actual: 'something else',
    })
  if (!verify(null, signedBytes(manifest.files), key, Buffer.from(manifest.signature, 'base64')))
    throw new CodedError('MDL_SIGNATURE', {
      file,
      path: 'signature',
      expected: `the signature of ${manifest.keyId} over the list of files`,
      actual: 'a signature that does not match: the manifest was altered',
    })
}
