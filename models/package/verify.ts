import { lstat, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { CodedError, asCoded, inFile } from '../../contracts/index.ts'
import type { ModelCard, PackageManifest } from '../../contracts/index.ts'
import { screenOnnx } from '../onnx/screen.ts'
import { readGolden } from './golden-file.ts'
import type { GoldenVector } from './golden-file.ts'
import type { TrustedKeys } from './keys.ts'
import { CARD_FILE, MANIFEST_FILE, MODEL_FILE, readManifest, sha256Of } from './manifest.ts'
import { readCard } from './read-card.ts'

/** A package whose every byte is accounted for by a trusted signature. What was checked is what is used: bytes, not paths. */
export interface VerifiedPackage {
  dir: string
  card: ModelCard
  manifest: PackageManifest
  /** SHA-256 of model.onnx, the pin of recipes. */
  sha256: string
  model: Uint8Array
  golden: GoldenVector[]
}

/**
 * Reads a package folder and checks manifest, signature, hashes, card and golden files; runs nothing.
 *
 * @throws MDL_UNKNOWN when the folder does not exist; MDL_SIGNATURE when unsigned, or signed by a key that is not
 *         trusted; MDL_HASH naming the altered file; MDL_PACKAGE for missing, additional, unreadable or malformed
 *         files and for external data; MDL_LOAD when model.onnx is no ONNX model
 */
export async function verifyPackage(dir: string, trustedKeys: TrustedKeys): Promise<VerifiedPackage> {
  const present = await listFiles(dir)
  const manifestFile = join(dir, MANIFEST_FILE)
  if (!present.includes(MANIFEST_FILE))
    throw new CodedError('MDL_PACKAGE', {
      file: manifestFile,
      expected: 'a signed manifest',
      actual: 'no such file',
    })
  const manifest = readManifest((await bytesOf(manifestFile)).toString('utf8'), manifestFile, trustedKeys)
  const extra = present.find((name) => name !== MANIFEST_FILE && !Object.hasOwn(manifest.files, name))
  if (extra !== undefined)
    throw new CodedError('MDL_PACKAGE', {
      file: join(dir, extra),
      expected: 'only files of the manifest',
      actual: 'a file that is not in it',
      hint: 'remove the file',
    })
  const files = await readListed(dir, manifest, present)
  const model = files.get(MODEL_FILE) ?? new Uint8Array()
  const card = readCard(Buffer.from(files.get(CARD_FILE) ?? []).toString('utf8'), join(dir, CARD_FILE))
  screenOnnx(model)
  return {
    dir,
    card,
    manifest,
    sha256: manifest.files[MODEL_FILE] ?? '',
    model,
    golden: await readGolden(files),
  }
}

async function readListed(
  dir: string,
  manifest: PackageManifest,
  present: readonly string[],
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  for (const [name, expected] of Object.entries(manifest.files)) {
    const file = join(dir, name)
    if (!present.includes(name))
      throw new CodedError('MDL_PACKAGE', {
        file,
        expected: 'a file of the manifest',
        actual: 'no such file',
        hint: 'copy the package again',
      })
    const bytes = await bytesOf(file)
    const actual = sha256Of(bytes)
    if (actual !== expected)
      throw new CodedError('MDL_HASH', { file, expected: `SHA-256 ${expected}`, actual })
    files.set(name, bytes)
  }
  return files
}

const bytesOf = (file: string): Promise<Buffer> => readFile(file).catch(inFile(file, 'MDL_PACKAGE'))

/** Regular files below `dir`, with `/` between folder names. Links are refused: they lead out of the package. */
async function listFiles(dir: string, prefix = ''): Promise<string[]> {
  const entries = await readdir(join(dir, prefix)).catch((error: unknown) => {
    throw asCoded(error, 'MDL_UNKNOWN', { file: dir, expected: 'a model package folder' })
  })
  const files: string[] = []
  for (const entry of entries.sort()) {
    const name = prefix === '' ? entry : `${prefix}/${entry}`
    const fact = await lstat(join(dir, name))
    if (fact.isDirectory()) files.push(...(await listFiles(dir, name)))
    else if (fact.isFile()) files.push(name)
    else
      throw new CodedError('MDL_PACKAGE', {
        file: join(dir, name),
        expected: 'regular files only',
        actual: 'a link or a special file',
      })
  }
  return files
}
