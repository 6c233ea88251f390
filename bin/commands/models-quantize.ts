import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { asCoded, makeFolder } from '../../contracts/index.ts'
import { type Comparison, DATASET_FORMATS } from '../../datasets/index.ts'
import {
  checkPackageFolder,
  packModel,
  publicKeyIn,
  quantise,
  type Quantised,
  verifyPackage,
} from '../../models/index.ts'
import type { Environment } from '../setup/environment.ts'
import { comparisonLines } from '../jobs/evaluation-text.ts'
import { checkModelName, freeVersion } from '../teach/model-version.ts'
import { modelSetup, trustedKeys } from '../setup/models.ts'
import { openDataSet } from '../images/open-data-set.ts'
import { whole } from '../terminal/options.ts'
import { taughtDir } from '../setup/paths.ts'
import { inScratchFolder } from '../setup/scratch-folder.ts'
import { showProgress } from '../terminal/progress.ts'
import { accuracyOfBoth } from '../quantise/accuracy.ts'
import { quantiseImages } from '../quantise/images.ts'
import { type SigningFlags, signingKey, signingOptions } from '../setup/signing-key.ts'

interface Flags extends SigningFlags {
  images: string
  dataset?: string
  split?: string
  calibrate: number
  maxFlips: number
  weightBits: '7' | '8'
  id?: string
  version?: string
  out?: string
  json?: boolean
}

/** `models quantize`: the int8 variant of a package, measured against it. */
export function addModelsQuantize(models: Command, environment: Environment): void {
  signingOptions(models.command('quantize <dir>').alias('quantise'))
    .description(
      'make the int8 variant of a package and measure it against the float one; exit code 3 = refused, verdicts flip',
    )
    .requiredOption(
      '--images <dir>',
      'images of the line, good and bad: they set the ranges and are judged by both',
    )
    .option('--dataset <layout>', `layout: ${DATASET_FORMATS.join(', ')}; default: found out`)
    .option('--split <name>', 'only this split')
    .option('--calibrate <n>', 'images that set the ranges, evenly over all', whole(1), 64)
    .option('--max-flips <n>', 'verdicts that may differ', whole(0), 0)
    .addOption(
      new Option('--weight-bits <n>', '7 for processors without VNNI, where 8 saturate')
        .choices(['7', '8'])
        .default('8'),
    )
    .option('--id <name>', 'id of the new package; default: that of the float one with -int8')
    .option(
      '--version <x.y.z>',
      'version of the new package; default: that of the float one, or where that is taken the next behind those there',
    )
    .option('--out <dir>', 'folder of the new package; default: among those made on this machine')
    .option('--json', 'print JSON')
    .action((dir: string, flags: Flags) => run(resolve(dir), flags, environment))
}

async function run(dir: string, flags: Flags, environment: Environment): Promise<void> {
  const { keyFile, keyId } = await signingKey(flags, environment)
  const privateKeyPem = await readFile(keyFile, 'utf8').catch((error: unknown) => {
    throw asCoded(error, 'CFG_MISSING_FILE', { file: keyFile, expected: 'a private key' })
  })
  const float = await verifyPackage(dir, await trustedKeys(environment))
  const id = flags.id ?? `${float.card.id}-int8`
  checkModelName(id, flags.version, '--version')
  const version =
    flags.out === undefined
      ? await freeVersion(id, flags.version, environment, { like: float.card.version, flag: '--version' })
      : (flags.version ?? float.card.version)
  const outDir = resolve(flags.out ?? join(taughtDir(environment), `${id}-${version}`))
  await checkPackageFolder(outDir)
  const dataset = await openDataSet(resolve(flags.images), {
    ...(flags.dataset && { format: flags.dataset }),
    ...(flags.split && { split: flags.split }),
  })
  const result = await quantise({
    float,
    id,
    version,
    ...(await quantiseImages(dataset, float.card, flags.calibrate)),
    maxFlips: flags.maxFlips,
    weightBits: flags.weightBits === '7' ? 7 : 8,
    onTrial: (trial) => process.stderr.write(`${JSON.stringify({ task: 'quantize', ...trial })}\n`),
  })
  const pack = (to: string, card = result.card) =>
    packModel({ onnx: result.model, card, goldenInputs: float.golden, outDir: to, privateKeyPem, keyId })
  const accuracy = await inScratchFolder('quantise', async (scratch) => {
    const progress = showProgress('accuracy')
    try {
      const draft = join(scratch, 'packages', id)
      await mkdir(dirname(draft))
      await pack(draft)
      const setup = await modelSetup(['cpu'], environment)
      const own = { [keyId]: (await publicKeyIn(keyFile)) ?? '' }
      return await accuracyOfBoth(
        dataset,
        { quantised: draft, float: dir },
        { ...setup, trustedKeys: { ...setup.trustedKeys, ...own } },
        (done, total) => progress.update(done, total),
      )
    } finally {
      progress.stop()
    }
  })
  let packed = null
  if (result.accepted) {
    makeFolder(dirname(outDir))
    packed = await pack(outDir, { ...result.card, metrics: { ...result.card.metrics, ...named(accuracy) } })
  } else process.exitCode = 3
  const { model, ...facts } = result
  const sizes = { floatBytes: float.model.length, bytes: model.length }
  if (flags.json)
    process.stdout.write(`${JSON.stringify({ ...facts, ...sizes, accuracy, packed }, null, 2)}\n`)
  else print(result, flags.maxFlips, sizes, accuracy, packed)
}

/** Numbers of both on the labelled images, for the card. */
const named = (accuracy: Comparison | null): Record<string, number> =>
  Object.fromEntries(
    (accuracy?.differences ?? []).flatMap((d) => [
      [`int8.${d.metric}`, d.value],
      [`float.${d.metric}`, d.other],
    ]),
  )

function print(
  { agreement: a, time, calibrationImages, layers, left }: Quantised,
  maxFlips: number,
  { floatBytes, bytes }: { floatBytes: number; bytes: number },
  accuracy: Comparison | null,
  packed: { dir: string; sha256: string } | null,
): void {
  const why = (rule: string): number => left.filter((l) => l.rule === rule).length
  const lines = [
    `${layers.length} layers in 8 bits; float: ${why('first')} first, ${why('last')} last, ${why('appended')} appended by teaching, ${why('measured')} because verdicts flipped`,
    `ranges: least and greatest activation on ${calibrationImages} images`,
    `${time.floatMs.toFixed(1)} ms an image float, ${time.quantisedMs.toFixed(1)} ms int8, one thread, in turn; ${time.cpuRatio.toFixed(2)} x as fast in CPU time; ${(floatBytes / 1e6).toFixed(1)} MB, ${(bytes / 1e6).toFixed(1)} MB`,
    `${a.flips.length} of ${a.images} verdicts differ (at most ${maxFlips} allowed), ${a.unmatched} findings unmatched of ${a.findings}, score max ${a.scoreMax.toFixed(4)}`,
    ...a.flips.slice(0, 20).map((f) => `  ${f.image}: ${f.float}, int8 ${f.quantised}`),
    ...(Object.keys(a.verdicts).length === 1
      ? ['all images have one verdict: add some of another before relying on it']
      : []),
    ...comparisonLines({ comparison: accuracy }),
    packed === null
      ? 'refused: nothing is written; calibrate with more images of the line, good and bad, or allow more with --max-flips'
      : `${packed.dir} SHA-256 ${packed.sha256}`,
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}
