import type { Command } from 'commander'
import { CodedError } from '../../contracts/index.ts'
import { createSigningKey, listModels, packModelFiles, verifyModel } from '../../models/index.ts'
import type { Environment } from '../setup/environment.ts'
import { modelDirs, trustedKeys, warnOfOtherMeanings } from '../setup/models.ts'
import { type SigningFlags, signingKey, signingOptions } from '../setup/signing-key.ts'
import { endWhenStuck } from '../setup/stuck-guard.ts'
import { printTable } from '../terminal/table.ts'
import { addModelImports } from './models-import.ts'
import { addAddBackbone } from './models-add-backbone.ts'
import { addModelsGate } from './models-gate.ts'
import { addModelsQuantize } from './models-quantize.ts'
import { addModelsRecipe } from './models-recipe.ts'

export function addModels(program: Command, environment: Environment): void {
  const models = program
    .command('models')
    .description('model packages: list, verify, pack, make keys')
    .hook('preAction', () => endWhenStuck())
  models
    .command('list')
    .description('every package with its hash and whether it is in order')
    .option('--json', 'print JSON')
    .action(async (o: { json?: boolean }) => {
      const listed = await listModels(modelDirs(environment), await trustedKeys(environment))
      if (o.json) process.stdout.write(`${JSON.stringify(listed, null, 2)}\n`)
      else
        printTable(
          ['id', 'version', 'family', 'sha256', 'state'],
          listed.map((m) => [
            m.id ?? m.dir,
            m.version ?? '',
            m.family ?? '',
            m.sha256 ?? '',
            m.error?.message ?? 'ok',
          ]),
        )
    })
  models
    .command('verify <dir>')
    .description('check hashes, signature and golden vectors as the line does')
    .option('--provider <name...>', 'execution providers in order', ['cpu'])
    .action(async (dir: string, o: { provider: string[] }) => {
      const verified = await verifyModel(dir, {
        providers: o.provider,
        trustedKeys: await trustedKeys(environment),
      })
      process.stdout.write(`${JSON.stringify(verified, null, 2)}\n`)
    })
  models
    .command('keygen <private-key-file>')
    .description('make a signing key; prints the line for the trusted keys file')
    .requiredOption('--id <name>', 'name of the key')
    .action(async (file: string, o: { id: string }) => {
      if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(o.id))
        throw new CodedError('CFG_USAGE', {
          path: '--id',
          expected: 'letters, digits, dots, dashes and underscores',
          actual: o.id,
        })
      process.stdout.write(`${JSON.stringify(await createSigningKey(file, o.id), null, 2)}\n`)
    })
  signingOptions(models.command('pack'))
    .description('make a signed package of an ONNX file and its card')
    .requiredOption('--onnx <file>')
    .requiredOption('--card <file>')
    .requiredOption('--golden <files...>', 'images for the golden vectors; image,template for pair models')
    .requiredOption('--out <dir>')
    .action(async (o: SigningFlags & { onnx: string; card: string; golden: string[]; out: string }) => {
      const packed = await packModelFiles({
        onnxFile: o.onnx,
        cardFile: o.card,
        golden: o.golden.map((pair) => {
          const [image = '', template] = pair.split(',')
          return template === undefined ? { image } : { image, template }
        }),
        outDir: o.out,
        ...(await signingKey(o, environment)),
      })
      process.stdout.write(`${JSON.stringify(packed, null, 2)}\n`)
      await warnOfOtherMeanings(packed.dir, environment)
    })
  addModelImports(models, environment)
  addAddBackbone(models, environment)
  addModelsGate(models, environment)
  addModelsQuantize(models, environment)
  addModelsRecipe(models, environment)
}
