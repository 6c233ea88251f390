import type { ModelCard } from '../../contracts/index.ts'
import { createPrepareInputs } from '../forward.ts'
import type { ModelImages } from '../forward.ts'
import { valueInfo } from '../onnx/graph.ts'
import { concatFields, messageField, replaceField } from '../onnx/wire.ts'
import { openSession } from '../runtime/ort-session.ts'
import type { RawOutputs } from '../runtime/ort-session.ts'
import type { Ranges } from './calibrate.ts'
import type { Layer, LayerChoice } from './layers.ts'
import { qdqModel } from './qdq-model.ts'

/** Field number of GraphProto. */
const OUTPUT = 12

/** Layers by how much each alone in 8 bits disturbs what the last layers compute from, the worst first. */
export async function bySensitivity(
  model: Uint8Array,
  card: ModelCard,
  { layers, final }: LayerChoice,
  ranges: Ranges,
  weightBits: 7 | 8,
  images: readonly ModelImages[],
): Promise<Layer[]> {
  const float = await finalValues(model, card, final, images)
  const ranked: { layer: Layer; error: number }[] = []
  for (const layer of layers) {
    const alone = await finalValues(qdqModel(model, [layer], ranges, weightBits), card, final, images)
    ranked.push({ layer, error: disturbance(float, alone) })
  }
  return ranked.sort((a, b) => b.error - a.error).map((r) => r.layer)
}

async function finalValues(
  model: Uint8Array,
  card: ModelCard,
  final: readonly string[],
  images: readonly ModelImages[],
): Promise<RawOutputs[]> {
  const session = await openSession(withOutputs(model, final), { providers: ['cpu'], intraOpThreads: 1 })
  const prepare = createPrepareInputs(card)
  const found: RawOutputs[] = []
  try {
    for (const image of images) found.push(await session.run(prepare(image).feeds, final))
  } finally {
    await session.close()
  }
  return found
}

/** Mean over values and images of squared difference over squared size. */
function disturbance(want: readonly RawOutputs[], got: readonly RawOutputs[]): number {
  let sum = 0
  let count = 0
  for (const [n, outputs] of want.entries())
    for (const [name, { data }] of Object.entries(outputs)) {
      const other = got[n]?.[name]?.data
      let error = 0
      let size = 0
      for (let i = 0; i < data.length; i++) {
        const value = Number(data[i])
        error += (value - Number(other?.[i])) ** 2
        size += value ** 2
      }
      sum += error / Math.max(size, Number.MIN_VALUE)
      count += 1
    }
  return sum / Math.max(1, count)
}

const withOutputs = (model: Uint8Array, values: readonly string[]): Uint8Array =>
  replaceField(model, 7, (graph) =>
    concatFields([
      graph,
      ...values.map((name) => messageField(OUTPUT, valueInfo({ name, type: 'float32', shape: null }))),
    ]),
  )
