import { CodedError } from '../../contracts/index.ts'
import type { ModelCard } from '../../contracts/index.ts'
import { createPrepareInputs } from '../forward.ts'
import type { ModelImages } from '../forward.ts'
import { onnxNode, valueInfo } from '../onnx/graph.ts'
import { bytesField, concatFields, messageField, replaceField } from '../onnx/wire.ts'
import { openSession } from '../runtime/ort-session.ts'
import type { OrtSession } from '../runtime/ort-session.ts'
import type { Layer } from './layers.ts'

/** Least and greatest number that a value of the graph had on the calibration images. */
export type Ranges = ReadonlyMap<string, { min: number; max: number }>

/** Field numbers of GraphProto. */
const GRAPH = { node: 1, output: 12 } as const

const least = (value: string): string => `${value}_sightline_least`
const greatest = (value: string): string => `${value}_sightline_greatest`

/**
 * Runs the float model on the calibration images with least and greatest of what each layer reads and gives as
 * further outputs. The whole range is kept, not a percentile of it (the default of onnxruntime's `quantize_static`, too):
 * what is rare among activations is what an inspection looks for, and cutting one activation in 10,000 off made the
 * scores of the pair model six times as wrong (ADR 15).
 *
 * @throws MDL_QUANTISE without images, or when a value is not finite; MDL_INPUT, MDL_RUN
 */
export async function calibrate(
  model: Uint8Array,
  card: ModelCard,
  layers: readonly Pick<Layer, 'input' | 'output'>[],
  images: AsyncIterable<ModelImages>,
): Promise<{ ranges: Ranges; images: number }> {
  const values = [...new Set(layers.flatMap((l) => [l.input, l.output]))]
  const session = await openSession(observed(model, values), { providers: ['cpu'], intraOpThreads: 1 })
  const prepare = createPrepareInputs(card)
  const ranges = new Map(values.map((name) => [name, { min: Infinity, max: -Infinity }]))
  let count = 0
  try {
    for await (const image of images) {
      await observe(session, prepare(image).feeds, ranges)
      count += 1
    }
  } finally {
    await session.close()
  }
  if (count === 0)
    throw new CodedError('MDL_QUANTISE', { expected: 'images to calibrate with', actual: 'none' })
  return { ranges, images: count }
}

async function observe(
  session: OrtSession,
  feeds: Parameters<OrtSession['run']>[0],
  ranges: ReadonlyMap<string, { min: number; max: number }>,
): Promise<void> {
  const raw = await session.run(
    feeds,
    [...ranges.keys()].flatMap((name) => [least(name), greatest(name)]),
  )
  for (const [name, range] of ranges) {
    const [min, max] = [raw[least(name)], raw[greatest(name)]].map((t) => Number(t?.data[0]))
    if (min === undefined || max === undefined || !Number.isFinite(min) || !Number.isFinite(max))
      throw new CodedError('MDL_QUANTISE', {
        path: name,
        expected: 'finite activations on the calibration images',
        actual: `${min} to ${max}`,
      })
    range.min = Math.min(range.min, min)
    range.max = Math.max(range.max, max)
  }
}

/** The model with ReduceMin and ReduceMax over all axes of each value as outputs beside its own. */
function observed(model: Uint8Array, values: readonly string[]): Uint8Array {
  const scalar = (name: string) => valueInfo({ name, type: 'float32', shape: [] })
  const whole = { keepdims: { int: 0 } }
  return replaceField(model, 7, (graph) =>
    concatFields([
      graph,
      ...values.flatMap((v) => [
        bytesField(GRAPH.node, onnxNode('ReduceMin', [v], [least(v)], whole)),
        bytesField(GRAPH.node, onnxNode('ReduceMax', [v], [greatest(v)], whole)),
        messageField(GRAPH.output, scalar(least(v))),
        messageField(GRAPH.output, scalar(greatest(v))),
      ]),
    ]),
  )
}
