import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { CodedError, asCoded } from '../../contracts/index.ts'
import { importBackbone } from '../../models/index.ts'
import type { Environment } from '../environment.ts'
import { keyFileOf } from '../model-setup.ts'

interface Flags {
  onnx: string
  input: string
  taps: string
  mean: string
  std: string
  order: string
  id: string
  modelVersion: string
  licence: string
  trainedOn: string
  out: string
  key?: string
  keyId: string
}

/** `models add-backbone`: a feature extractor of another origin becomes a package to teach on. */
export function addAddBackbone(models: Command, environment: Environment): void {
  models
    .command('add-backbone')
    .description('make a backbone package of a float32 ONNX feature extractor, for `sightline teach`')
    .requiredOption('--onnx <file>')
    .requiredOption('--taps <names>', 'tensors of the graph to teach on, with commas')
    .option('--input <name>', 'its float32 [n, 3, h, w] input', 'input')
    .option('--mean <r,g,b>', 'grey levels subtracted', '0,0,0')
    .option('--std <r,g,b>', 'grey levels divided by', '1,1,1')
    .option('--order <order>', 'rgb or bgr', 'rgb')
    .requiredOption('--id <name>')
    .option('--model-version <x.y.z>', 'its version', '1.0.0')
    .requiredOption('--licence <text>')
    .requiredOption('--trained-on <text>', 'what it was trained on')
    .requiredOption('--out <dir>')
    .option('--key <file>', 'private key (or SIGHTLINE_SIGNING_KEY)')
    .requiredOption('--key-id <name>')
    .action(async (o: Flags) => {
      if (o.order !== 'rgb' && o.order !== 'bgr')
        throw new CodedError('CFG_USAGE', { expected: '--order rgb or bgr', actual: o.order })
      const keyFile = keyFileOf(o.key, environment)
      const packed = await importBackbone({
        onnxFile: resolve(o.onnx),
        input: o.input,
        mean: o.mean.split(',').map(Number),
        std: o.std.split(',').map(Number),
        order: o.order,
        taps: o.taps.split(','),
        id: o.id,
        version: o.modelVersion,
        licence: o.licence,
        trainingData: o.trainedOn,
        outDir: resolve(o.out),
        privateKeyPem: await readFile(keyFile, 'utf8').catch((error: unknown) => {
          throw asCoded(error, 'CFG_MISSING_FILE', { file: keyFile, expected: 'a private key' })
        }),
        keyId: o.keyId,
      })
      process.stdout.write(`${JSON.stringify(packed, null, 2)}\n`)
    })
}
