import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CodedError, asCoded, monoMs } from '../../contracts/index.ts'
import { adapterFor } from '../adapters/registry.ts'
import { createForward } from '../forward.ts'
import type { Forward } from '../forward.ts'
import { createImageInput } from '../input/image-input.ts'
import { withUint8Input } from '../onnx/uint8-input.ts'
import { screenOnnx } from '../onnx/screen.ts'
import { packModel } from '../package/pack.ts'
import type { PackedModel } from '../package/pack.ts'
import { parsePackageJson } from '../package/parse-json.ts'
import { fromPng } from '../package/png.ts'
import type { Pixels } from '../pixels.ts'
import { createRunner } from '../runner.ts'
import type { ModelOutput, ModelRunner } from '../runner.ts'
import { openSession } from '../runtime/ort-session.ts'
import { importArgumentsSchema, referenceSchema } from './arguments.schema.ts'
import type { ImportArguments, ReferenceFinding } from './arguments.schema.ts'
import { foreignModel } from './foreign-card.ts'
import { compareFindings, pixelDifference } from './parity.ts'
import type { ImageParity } from './parity.ts'

export interface ImportRequest {
  /** float32 NCHW export of the other library. */
  onnxFile: string
  /** Folder with `import.json`, `reference.json` and what they name. */
  referenceDir: string
  /** In place of single entries of `import.json`. */
  overrides: Partial<ImportArguments>
  id: string
  version: string
  licence: string
  outDir: string
  privateKeyPem: string
  keyId: string
  /** Time one part may take in the model, ms; null = not compared. */
  taktMs: number | null
}

export interface ImportReport {
  library: string
  parity: ImageParity[]
  /** 95th percentile of one inference with its preparation on this machine, one thread, ms. */
  p95Ms: number
  taktMs: number | null
  withinTakt: boolean | null
}

/** Runs that the percentile is taken of. */
const TIMED_RUNS = 60

/** Most findings compared: more than any family of these gives. */
const ALL = 10_000

/**
 * Brings a model of another library into a signed package: gives it a uint8 input, runs it on the reference images
 * and compares pixels, findings and verdicts with what the library itself made of them. Blocks its thread.
 *
 * @throws MDL_GOLDEN when a verdict flips; MDL_PACKAGE for a malformed reference; what `packModel` throws
 */
export async function importModel(request: ImportRequest): Promise<ImportReport & { packed: PackedModel }> {
  const { arguments: args, library, items } = await readReference(request)
  const original = await readFile(request.onnxFile).catch((error: unknown) => {
    throw asCoded(error, 'CFG_MISSING_FILE', { file: request.onnxFile })
  })
  screenOnnx(original)
  const bare = await openSession(original, { providers: ['cpu'], intraOpThreads: 1 })
  const graph = { inputs: bare.inputs, outputs: bare.outputs }
  await bare.close()
  const { card, uint8 } = foreignModel({ ...request, arguments: args, library }, graph)
  const model = withUint8Input(original, uint8)
  const session = await openSession(model, { providers: ['cpu'], intraOpThreads: 1 })
  const { runner } = createRunner(card, '', session)
  const adapter = adapterFor(card.spec)
  // the library's own pixels: neither scaled nor cut again
  const asGiven = { ...card, inputs: card.inputs.map((i) => ({ ...i, fit: 'none' as const })) }
  const forward = createForward(asGiven, session, adapter)
  try {
    const parity: ImageParity[] = []
    for (const item of items) parity.push(await compareItem(runner, forward, args, item))
    const flips = parity.filter((p) => p.verdict !== p.referenceVerdict)
    if (flips.length > 0)
      throw new CodedError('MDL_GOLDEN', {
        file: request.referenceDir,
        path: flips.map((f) => f.image).join(', '),
        expected: `the verdicts of ${library}: ${flips.map((f) => f.referenceVerdict).join(', ')}`,
        actual: flips.map((f) => f.verdict).join(', '),
        hint: 'check family, labels, size and threshold; do not use the model before the difference is explained',
      })
    const [first] = items
    const p95Ms = first === undefined ? 0 : await timed(runner, args, first.pixels)
    const packed = await pack(request, card, model, items)
    const { taktMs } = request
    return { library, parity, p95Ms, taktMs, withinTakt: taktMs === null ? null : p95Ms <= taktMs, packed }
  } finally {
    await runner.close()
  }
}

interface Item {
  image: string
  pixels: Pixels
  input: Uint8Array
  findings: ReferenceFinding[]
  scores: Record<string, number>
}

async function readReference({ referenceDir, overrides }: ImportRequest) {
  const read = (name: string): Promise<Buffer> =>
    readFile(join(referenceDir, name)).catch((error: unknown) => {
      throw asCoded(error, 'CFG_MISSING_FILE', { file: join(referenceDir, name) })
    })
  const text = (await read('import.json')).toString('utf8')
  const given = parsePackageJson(text, importArgumentsSchema, join(referenceDir, 'import.json'))
  const file = join(referenceDir, 'reference.json')
  const reference = parsePackageJson((await read('reference.json')).toString('utf8'), referenceSchema, file)
  const items: Item[] = []
  for (const i of reference.items)
    items.push({ ...i, pixels: await fromPng(await read(i.image), i.image), input: await read(i.input) })
  return { arguments: { ...given, ...overrides }, library: reference.library, items }
}

const optionsOf = (args: ImportArguments) => ({ threshold: args.threshold, thresholds: {}, maxFindings: ALL })

async function compareItem(
  runner: ModelRunner,
  forward: Forward,
  args: ImportArguments,
  item: Item,
): Promise<ImageParity> {
  const { card } = runner
  const [input] = card.inputs
  if (input === undefined) throw new CodedError('MDL_PACKAGE', { path: 'inputs', expected: 'an image' })
  const { tensor, geometry } = createImageInput(input).prepare(item.pixels)
  const pixels = pixelDifference(tensor.data, item.input)
  const { widthPx, heightPx } = geometry.model
  const { raw } = await forward({ image: { data: item.input, widthPx, heightPx, channels: 3 } })
  const thresholds = card.labels.map(() => args.threshold)
  const given = adapterFor(card.spec).decode(raw, {
    labels: card.labels,
    thresholds,
    maxFindings: ALL,
    geometry,
  })
  const output = await runner.run({ image: item.pixels }, optionsOf(args))
  return {
    image: item.image,
    pixelsMax: pixels.max,
    pixelsMean: pixels.mean,
    referenceFindings: item.findings.length,
    given: compareFindings(given, item),
    own: compareFindings(output, item),
    verdict: verdictOf(args, output),
    referenceVerdict: verdictOf(args, item),
  }
}

/** What a recipe would decide on: the class for classification, the image score for anomalib, else any finding. */
function verdictOf(
  args: ImportArguments,
  { findings, scores }: Pick<ModelOutput, 'scores'> & { findings: readonly unknown[] },
): string {
  if (args.family === 'torchvision-classify') {
    const best = Object.entries(scores).reduce((a, b) => (b[1] > a[1] ? b : a), ['', -Infinity])
    return best[0]
  }
  if (args.family === 'anomalib' && args.imageThreshold !== undefined)
    return (scores['score'] ?? 0) > args.imageThreshold ? 'fail' : 'pass'
  return findings.length > 0 ? 'fail' : 'pass'
}

async function timed(runner: ModelRunner, args: ImportArguments, image: Pixels): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < TIMED_RUNS + 5; i++) {
    const start = monoMs()
    await runner.run({ image }, optionsOf(args))
    if (i >= 5) times.push(monoMs() - start)
  }
  times.sort((a, b) => a - b)
  return times[Math.ceil(0.95 * times.length) - 1] ?? 0
}

async function pack(
  request: ImportRequest,
  card: ModelRunner['card'],
  model: Uint8Array,
  items: readonly Item[],
): Promise<PackedModel> {
  const folder = await mkdtemp(join(tmpdir(), 'sightline-import-'))
  try {
    const onnxFile = join(folder, 'model.onnx')
    await writeFile(onnxFile, model)
    return await packModel({
      ...request,
      onnxFile,
      card,
      goldenInputs: items.slice(0, 2).map((i) => ({ image: i.pixels })),
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
