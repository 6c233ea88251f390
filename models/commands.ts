import { readFile, writeFile } from 'node:fs/promises'
import { CodedError, asCoded, toFact } from '../contracts/index.ts'
import type { ErrorFact } from '../contracts/index.ts'
import type { ModelImages } from './forward.ts'
import { openVerified } from './load-model.ts'
import { findPackages } from './package/find.ts'
import { generateKeys, privateKeyOf, publicHalf } from './package/keys.ts'
import type { TrustedKeys } from './package/keys.ts'
import { packModel } from './package/pack.ts'
import type { PackedModel } from './package/pack.ts'
import { refuseContradictingScores } from './package/contradicting-scores.ts'
import { fromPng } from './package/png.ts'
import { readCard } from './package/read-card.ts'
import { verifyPackage } from './package/verify.ts'

/**
 * What `sightline models …` does. Functions return data; bin prints it. `verifyModel` and `packModelFiles` run the
 * model and block their thread.
 */

export interface ListedModel {
  dir: string
  id: string | null
  version: string | null
  family: string | null
  sha256: string | null
  licence: string | null
  /** Null when signature, hashes, card and golden files are in order; the model is not run. */
  error: ErrorFact | null
}

/** Every package below `dirs`, the broken ones with their error. */
export async function listModels(dirs: readonly string[], trustedKeys: TrustedKeys): Promise<ListedModel[]> {
  const listed: ListedModel[] = []
  const packages = await findPackages(dirs, ({ dir, error }) =>
    listed.push({
      dir,
      id: null,
      version: null,
      family: null,
      sha256: null,
      licence: null,
      error: toFact(error),
    }),
  )
  for (const { dir, id, version, sha256, card } of packages) {
    const error = await verifyPackage(dir, trustedKeys).then(
      () => null,
      (e: unknown) => toFact(asCoded(e, 'MDL_PACKAGE', { file: dir })),
    )
    listed.push({ dir, id, version, family: card.spec.family, sha256, licence: card.licence, error })
  }
  return listed
}

export interface VerifiedModel {
  dir: string
  id: string
  version: string
  sha256: string
  signedBy: string
  files: number
  goldenVectors: number
  provider: string
  degraded: string | null
}

/** Checks a package as the line does before it activates it, golden vectors included; throws as `loadModel`. */
export async function verifyModel(
  dir: string,
  options: { providers: string[]; trustedKeys: TrustedKeys },
): Promise<VerifiedModel> {
  const pkg = await verifyPackage(dir, options.trustedKeys)
  const runner = await openVerified(pkg, { providers: options.providers, intraOpThreads: 1 })
  await runner.close()
  return {
    dir,
    id: pkg.card.id,
    version: pkg.card.version,
    sha256: pkg.sha256,
    signedBy: pkg.manifest.keyId,
    files: Object.keys(pkg.manifest.files).length,
    goldenVectors: pkg.golden.length,
    provider: runner.provider,
    degraded: runner.degraded,
  }
}

/** Packs from files: card.json, model.onnx, 8-bit PNG images (for a pair with their templates). */
export async function packModelFiles(request: {
  onnxFile: string
  cardFile: string
  golden: { image: string; template?: string }[]
  outDir: string
  keyFile: string
  keyId: string
}): Promise<PackedModel> {
  const goldenInputs: ModelImages[] = []
  for (const { image, template } of request.golden)
    goldenInputs.push({
      image: await fromPng(await read(image), image),
      ...(template === undefined ? {} : { template: await fromPng(await read(template), template) }),
    })
  return packModel({
    onnx: request.onnxFile,
    card: readCard((await read(request.cardFile)).toString('utf8'), request.cardFile),
    goldenInputs,
    outDir: request.outDir,
    privateKeyPem: (await read(request.keyFile)).toString('utf8'),
    keyId: request.keyId,
    refuse: refuseContradictingScores,
  })
}

/**
 * Creates a signing key. The private half goes into `keyFile`, readable by its owner only; the public half is
 * returned, to be added to the trusted keys under `keyId`.
 *
 * @throws CFG_USAGE when the file exists: a key is never overwritten
 */
export async function createSigningKey(
  keyFile: string,
  keyId: string,
): Promise<{ keyId: string; keyFile: string; publicKey: string }> {
  const { privateKeyPem, publicKey } = generateKeys()
  await writeFile(keyFile, privateKeyPem, { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
    throw new CodedError('CFG_USAGE', {
      file: keyFile,
      expected: 'a new file for the private key',
      actual: error instanceof Error ? error.message : String(error),
    })
  })
  return { keyId, keyFile, publicKey }
}

/** Public half of a private key file, in the form of the trusted keys; null when there is no file. */
export async function publicKeyIn(keyFile: string): Promise<string | null> {
  const pem = await readFile(keyFile, 'utf8').catch(() => null)
  return pem === null ? null : publicHalf(privateKeyOf(pem))
}

const read = (file: string): Promise<Buffer> =>
  readFile(file).catch((error: unknown) => {
    throw asCoded(error, 'CFG_MISSING_FILE', { file })
  })
