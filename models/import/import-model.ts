import { monoMs } from '../../contracts/index.ts'
import { packModel } from '../package/pack.ts'
import type { PackedModel, PackRequest } from '../package/pack.ts'
import type { Pixels } from '../pixels.ts'
import type { ModelRunner } from '../runner.ts'
import { areasOff } from './areas.ts'
import { isClassifier } from './arguments.schema.ts'
import type { ImportArguments } from './arguments.schema.ts'
import { compareImage, optionsOf, scaleOf } from './compare-image.ts'
import { cardThatDecides } from './foreign-card.ts'
import { openForeign } from './open-foreign.ts'
import type { OpenForeign } from './open-foreign.ts'
import type { ImageParity } from './parity.ts'
import { compareQuantised } from './quantised.ts'
import type { QuantisedParity } from './quantised.ts'
import { readReference } from './read-reference.ts'
import type { ReferenceItem } from './read-reference.ts'
import { refuseDifferences, refuseFlips, refuseNothing, refuseStrangers, scoresOff } from './refusals.ts'

export interface ImportRequest {
  /** float NCHW export of the other library; weights may lie beside it. */
  onnxFile: string
  /** The export before quantisation: verdicts are compared and times related; null = not quantised. */
  fp32File: string | null
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
  /** How many reference images got each verdict from the library. */
  verdicts: Record<string, number>
  /** Labels of findings that no reference image shows: what is found as these was not compared. */
  unseen: string[]
  /** Whether an image had another size than the input of the model: only then its resizing was compared. */
  resized: boolean
  /**
   * Mean share by which areas of regions of a `torchvision-segment` differ (`areasOff`); `unknown` where the reference has
   * none, null for other families.
   */
  areas: number | 'unknown' | null
  /**
   * Largest difference of scores from the library's, where both are shown the same; relative above 1. With `fp32File` that
   * of the model before quantisation.
   */
  scoresOff: number
  quantised: QuantisedParity | null
  /** 95th percentile of one inference with its preparation on this machine, one thread, ms. */
  p95Ms: number
  taktMs: number | null
  withinTakt: boolean | null
}

/** Runs that the percentile is taken of; fewer, but not less than the second number, when they take long. */
const TIMED_RUNS = { most: 60, least: 20, longMs: 20_000 }
/** Runs before them, which are not counted. */
const WARM_RUNS = 3

/**
 * Brings a model of another library into a signed package: gives it a uint8 input, runs it on the reference images
 * and compares pixels, findings and verdicts with what the library itself made of them. Blocks its thread.
 *
 * @throws MDL_GOLDEN when a verdict flips, findings have no partner, or scores, boxes or pixels differ; MDL_PACKAGE for
 *         a malformed reference; what `openForeign` and `packModel` throw
 */
export async function importModel(request: ImportRequest): Promise<ImportReport & { packed: PackedModel }> {
  const { arguments: args, library, items } = await readReference(request.referenceDir, request.overrides)
  const { id, version, licence } = request
  const foreign = { id, version, licence, arguments: args, library }
  const opened = await openForeign(request.onnxFile, foreign)
  const scalesItself = opened.runner.card.inputs[0]?.widthPx === null
  const compared = { referenceDir: request.referenceDir, library, size: args.size, scalesItself }
  try {
    const parity = await compareAll(opened)
    refuseNothing(
      compared,
      parity,
      items.some((i) => Object.keys(i.scores).length > 0),
    )
    refuseFlips(compared, args, parity)
    // findings of a classifier are its scores, each compared by itself: in float16 one may be just above the threshold
    if (!isClassifier(args.family)) refuseStrangers(compared, parity)
    // scores that quantisation moved are measured against the float model, whose own are held to the library's
    const before = request.fp32File === null ? null : await againstFp32(request.fp32File)
    const unquantised = before?.parity ?? parity
    refuseDifferences(compared, args, unquantised)
    const quantised = before?.quantised ?? null
    const [first] = items
    const p95Ms = first === undefined ? 0 : await timed(opened.runner, args, first.pixels)
    const packed = await packModel(packRequest(request, args, opened, items, quantised))
    const { taktMs } = request
    const withinTakt = taktMs === null ? null : p95Ms <= taktMs
    const verdicts = countBy(parity.map((p) => p.referenceVerdict))
    const unseen = unseenIn(args, items)
    const resized = items.some(({ pixels: p }) => p.widthPx !== args.size[0] || p.heightPx !== args.size[1])
    const areas =
      args.family !== 'torchvision-segment'
        ? null
        : parity.some((p) => p.areas)
          ? areasOff(parity).share
          : 'unknown'
    const off = scoresOff(args.family, unquantised)
    return {
      library,
      parity,
      verdicts,
      unseen,
      resized,
      areas,
      scoresOff: off,
      quantised,
      p95Ms,
      taktMs,
      withinTakt,
      packed,
    }
  } finally {
    await opened.runner.close()
  }

  async function compareAll(model: OpenForeign): Promise<ImageParity[]> {
    const parity: ImageParity[] = []
    const scale = scaleOf(args, items)
    for (const item of items) parity.push(await compareImage(model, args, item, scale))
    return parity
  }

  async function againstFp32(file: string): Promise<{ quantised: QuantisedParity; parity: ImageParity[] }> {
    const full = await openForeign(file, foreign)
    try {
      const quantised = await compareQuantised(opened.runner, full.runner, args, items)
      return { quantised, parity: await compareAll(full) }
    } finally {
      await full.runner.close()
    }
  }
}

/** Of a classifier the scores of all labels are compared. */
function unseenIn(
  { family, labels, background }: ImportArguments,
  items: readonly ReferenceItem[],
): string[] {
  if (isClassifier(family)) return []
  const seen = new Set(items.flatMap(({ findings }) => findings.map((f) => f.class)))
  return labels.filter((label) => label !== background && !seen.has(label))
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

async function timed(runner: ModelRunner, args: ImportArguments, image: Pixels): Promise<number> {
  for (let i = 0; i < WARM_RUNS; i++) await runner.run({ image }, optionsOf(args))
  const times: number[] = []
  const began = monoMs()
  while (
    times.length < TIMED_RUNS.least ||
    (times.length < TIMED_RUNS.most && monoMs() - began < TIMED_RUNS.longMs)
  ) {
    const start = monoMs()
    await runner.run({ image }, optionsOf(args))
    times.push(monoMs() - start)
  }
  times.sort((a, b) => a - b)
  return times[Math.ceil(0.95 * times.length) - 1] ?? 0
}

function packRequest(
  request: ImportRequest,
  args: ImportArguments,
  { runner, model }: OpenForeign,
  items: readonly ReferenceItem[],
  quantised: QuantisedParity | null,
): PackRequest {
  const metrics: Record<string, number> =
    quantised === null ? {} : { 'int8.cpuRatio': quantised.cpuRatio, 'int8.flips': quantised.flips.length }
  return {
    ...request,
    onnx: model,
    card: { ...cardThatDecides(runner.card, args), metrics },
    goldenInputs: items.slice(0, 2).map((i) => ({ image: i.pixels })),
  }
}
