import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { asCoded } from '../../contracts/index.ts'
import type { ModelCard } from '../../contracts/index.ts'
import type { ForwardResult, ModelImages } from '../forward.ts'
import { openVerified } from '../load-model.ts'
import { screenOnnx } from '../onnx/screen.ts'
import { createRunner } from '../runner.ts'
import { openSession } from '../runtime/ort-session.ts'
import { goldenFiles } from './golden-file.ts'
import { privateKeyOf, publicHalf } from './keys.ts'
import { CARD_FILE, MANIFEST_FILE, MODEL_FILE, sha256Of, signManifest } from './manifest.ts'
import { checkPlace, draftFolder, putInPlace, unwritten } from './output-folder.ts'
import { readCard, refuseOneClass } from './read-card.ts'
import { verifyPackage } from './verify.ts'

export interface PackRequest {
  /** A file, or the bytes of one. */
  onnx: string | Uint8Array
  card: ModelCard
  /** At least one; the outputs the model gives for them on the CPU become the expected ones. */
  goldenInputs: ModelImages[]
  /** Package folder; one of the same model and card in it is replaced, at once and by what has been verified. */
  outDir: string
  /** Ed25519, PKCS #8 PEM. */
  privateKeyPem: string
  keyId: string
  /** Puts what belongs to the package in its place; called right before the package itself, verified, comes to its own. */
  before?: () => Promise<void>
  /** Looks at what the model gives for the golden inputs; throws for what must not be packed. */
  refuse?: (card: ModelCard, results: readonly ForwardResult[]) => void
}

export interface PackedModel {
  dir: string
  sha256: string
  files: Record<string, string>
}

/**
 * Writes a signed package: runs the model on the golden inputs, records what it gives, hashes, signs, and then
 * verifies and replays the result as any user would. Blocks its thread.
 *
 * @throws as `checkPlace` and `putInPlace`; MDL_PACKAGE, MDL_LOAD, MDL_INPUT, MDL_OUTPUT, MDL_SIGNATURE, MDL_GOLDEN, TRC_DISK_FULL, CFG_USAGE when it cannot be written; nothing is replaced then
 */
export async function packModel(request: PackRequest): Promise<PackedModel> {
  const { outDir, goldenInputs, privateKeyPem, keyId } = request
  const publicKey = publicHalf(privateKeyOf(privateKeyPem))
  await checkPlace(outDir)
  const model = await bytesOf(request.onnx)
  const cardText = `${JSON.stringify(request.card, null, 2)}\n`
  const card = readCard(cardText, CARD_FILE)
  refuseOneClass(card)
  screenOnnx(model)

  const files = new Map<string, Uint8Array>([
    [MODEL_FILE, model],
    [CARD_FILE, Buffer.from(cardText)],
  ])
  const session = await openSession(model, { providers: ['cpu'], intraOpThreads: 1 })
  try {
    const { forward } = createRunner(card, sha256Of(model), session)
    const results: ForwardResult[] = []
    for (const [n, images] of goldenInputs.entries()) {
      const result = await forward(images)
      results.push(result)
      const { raw } = result
      for (const [name, bytes] of await goldenFiles(n, { ...images, outputs: raw })) files.set(name, bytes)
    }
    request.refuse?.(card, results)
  } finally {
    await session.close()
  }

  const hashes = Object.fromEntries([...files].map(([name, bytes]) => [name, sha256Of(bytes)]))
  const manifest = signManifest(hashes, privateKeyPem, keyId)
  files.set(MANIFEST_FILE, Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`))
  const draft = await draftFolder(outDir, 'packing')
  try {
    await writeFiles(draft, files).catch(unwritten(outDir))
    const runner = await openVerified(await verifyPackage(draft, { [keyId]: publicKey }), {
      providers: ['cpu'],
      intraOpThreads: 1,
    })
    await runner.close()
    await request.before?.()
    await putInPlace(draft, outDir).catch(unwritten(outDir))
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return { dir: outDir, sha256: sha256Of(model), files: hashes }
}

async function bytesOf(onnx: string | Uint8Array): Promise<Uint8Array> {
  if (typeof onnx !== 'string') return onnx
  return readFile(onnx).catch((error: unknown) => {
    throw asCoded(error, 'MDL_PACKAGE', { file: onnx })
  })
}

async function writeFiles(dir: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [name, bytes] of files) {
    const file = join(dir, name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, bytes)
  }
}
