import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { asCoded } from '../../contracts/index.ts'
import { checkPackageFolder, importBackbone, readBackboneCard } from '../../models/index.ts'
import type { Environment } from '../setup/environment.ts'
import { type SigningFlags, signingKey, signingOptions } from '../setup/signing-key.ts'

interface Flags extends SigningFlags {
  card: string
  out: string
  json?: boolean
}

/** `models add-backbone`: a feature extractor of another origin becomes a package to teach on. */
export function addAddBackbone(models: Command, environment: Environment): void {
  signingOptions(models.command('add-backbone <onnx>'))
    .description('make a backbone package of a float32 ONNX feature extractor, for `sightline teach`')
    .requiredOption(
      '--card <file>',
      'JSON: id, licence, trainedOn, taps [tensor names]; and where they differ version (1.0.0), input (input), mean ([0,0,0]), std ([1,1,1]), order (rgb)',
    )
    .requiredOption('--out <dir>', 'folder of the new package')
    .option('--json', 'print JSON')
    .action(async (onnxFile: string, o: Flags) => {
      const { keyFile, keyId } = await signingKey(o, environment)
      const privateKeyPem = await readFile(keyFile, 'utf8').catch((error: unknown) => {
        throw asCoded(error, 'CFG_MISSING_FILE', { file: keyFile, expected: 'a private key' })
      })
      await checkPackageFolder(resolve(o.out))
      const { packed, taps } = await importBackbone({
        onnxFile: resolve(onnxFile),
        card: await readBackboneCard(resolve(o.card)),
        outDir: resolve(o.out),
        privateKeyPem,
        keyId,
      })
      if (o.json) return void process.stdout.write(`${JSON.stringify({ ...packed, taps }, null, 2)}\n`)
      for (const t of taps)
        process.stdout.write(`tap ${t.output}: stride ${t.stridePx} px, ${t.channels} channels\n`)
      process.stdout.write(`${packed.dir} SHA-256 ${packed.sha256}\n`)
    })
}
