import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { CodedError, type ModelCard, STOP_SIGNALS } from '../../contracts/index.ts'
import { DATASET_FORMATS, type Dataset } from '../../datasets/index.ts'
import {
  type Backbone,
  ColourSeen,
  findBackbone,
  keepPackageFolder,
  NOTHING_WRITTEN,
  type PackedModel,
  packModel,
  type Pixels,
} from '../../models/index.ts'
import type { Environment } from '../setup/environment.ts'
import { modelDirs, trustedKeys } from '../setup/models.ts'
import { tellBroken } from '../terminal/tell-broken.ts'
import { checkModelName, freeVersion } from './model-version.ts'
import { openDataSet } from '../images/open-data-set.ts'
import { whole } from '../terminal/options.ts'
import { taughtDir } from '../setup/paths.ts'
import { showProgress } from '../terminal/progress.ts'
import { type SigningFlags, signingKey, signingOptions } from '../setup/signing-key.ts'

/** Flags that every command has which teaches from a labelled data set. */
export interface LabelledFlags extends SigningFlags {
  out?: string
  id: string
  modelVersion?: string
  dataset?: string
  split?: string
  backbone: string
  seed: number
  licence: string
}

export const labelledOptions = (command: Command): Command =>
  signingOptions(command)
    .option('--out <dir>', 'folder of the new model package; default: among those taught on this machine')
    .requiredOption('--id <name>', 'id of the new model')
    .option('--model-version <x.y.z>', 'its version; default 1.0.0, or the next minor one of its id')
    .option('--dataset <layout>', `layout: ${DATASET_FORMATS.join(', ')}; default: found out`)
    .option('--split <name>', 'only this split, e.g. train')
    .option('--backbone <id>', 'package of family `backbone`', 'backbone-s')
    .option('--seed <n>', 'the same seed, images and backbone give the same model', whole(0), 1)
    .option('--licence <text>', 'licence of the images, for the model card', 'own data')

/** What such a command teaches with. */
export interface LabelledWork {
  version: string
  backbone: Backbone
  /** To be told of every picture that is taught. */
  colour: ColourSeen
  dataset: Dataset
  signal: AbortSignal
  onProgress: (stage: 'features' | 'heads', done: number, of: number) => void
}

/**
 * Teaches and packs: the key is read first, so that nobody waits for a model that cannot be signed; a signal that
 * stops the process ends the work between two images or steps, and then nothing is written.
 *
 * @param teach gives the model, its card and one image for the golden vectors
 */
export async function teachLabelled<T extends { model: Uint8Array; card: ModelCard }>(
  dir: string,
  o: LabelledFlags,
  environment: Environment,
  teach: (work: LabelledWork) => Promise<{ taught: T; golden: Pixels | undefined }>,
): Promise<{ taught: T; packed: PackedModel }> {
  checkModelName(o.id, o.modelVersion)
  const { keyFile, keyId } = await signingKey(o, environment)
  const version =
    o.out === undefined ? await freeVersion(o.id, o.modelVersion, environment) : (o.modelVersion ?? '1.0.0')
  const outDir = resolve(o.out ?? join(taughtDir(environment), `${o.id}-${version}`))
  const stop = new AbortController()
  const given = { version, outDir, keyFile, keyId, signal: stop.signal }
  const cancel = (): void => stop.abort(new CodedError('TCH_CANCELLED', NOTHING_WRITTEN))
  // Before the place is kept, which nobody would give back otherwise.
  for (const signal of STOP_SIGNALS) process.once(signal, cancel)
  try {
    return await keepPackageFolder(outDir, () => teachThere(dir, o, environment, teach, given))
  } finally {
    for (const signal of STOP_SIGNALS) process.removeListener(signal, cancel)
  }
}

async function teachThere<T extends { model: Uint8Array; card: ModelCard }>(
  dir: string,
  o: LabelledFlags,
  environment: Environment,
  teach: (work: LabelledWork) => Promise<{ taught: T; golden: Pixels | undefined }>,
  given: { version: string; outDir: string; keyFile: string; keyId: string; signal: AbortSignal },
): Promise<{ taught: T; packed: PackedModel }> {
  const { version, outDir, keyFile, keyId, signal } = given
  const privateKeyPem = await readFile(keyFile, 'utf8').catch((cause: unknown) => {
    throw new CodedError('CFG_MISSING_FILE', { file: keyFile, expected: 'a private key', cause })
  })
  const dataset = await openDataSet(resolve(dir), {
    ...(o.dataset && { format: o.dataset }),
    ...(o.split && { split: o.split }),
  })
  signal.throwIfAborted()
  const backbone = await findBackbone(
    modelDirs(environment),
    o.backbone,
    await trustedKeys(environment),
    tellBroken,
  )
  signal.throwIfAborted()
  const colour = new ColourSeen()
  const bars = { features: showProgress('features'), heads: showProgress('heads') }
  try {
    const { taught, golden } = await teach({
      version,
      backbone,
      colour,
      dataset,
      signal,
      onProgress: (stage, done, of) => bars[stage].update(done, of),
    })
    signal.throwIfAborted()
    if (colour.note) process.stderr.write(`note: ${colour.note.en}\n`)
    const packed = await packModel({
      onnx: taught.model,
      card: colour.told(taught.card),
      goldenInputs: golden ? [{ image: golden }] : [],
      outDir,
      privateKeyPem,
      keyId,
    })
    return { taught, packed }
  } finally {
    bars.features.stop()
    bars.heads.stop()
  }
}
