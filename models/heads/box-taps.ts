import { extendModel } from '../onnx/extend.ts'
import { onnxNode } from '../onnx/graph.ts'
import type { Field } from '../onnx/wire.ts'
import { openSession } from '../runtime/ort-session.ts'
import type { Backbone, Tap } from '../teach/backbone.ts'
import { finiteFeatures, type SegmentSize } from './patch-describer.ts'

const OWN = 'sightline_taps_'

/** Taps of a backbone joined at one stride: [1, channels, h, w]. */
export interface Level {
  output: string
  stridePx: number
  channels: number
}

/** What a box head looks at: the coarsest stride for the surroundings, finer taps at the stride of the patches. */
export interface Levels {
  nodes: Field[]
  coarse: Level
  /** Null when the backbone has no tap finer than the coarsest. */
  fine: Level | null
}

export function boxLevels(taps: readonly Tap[], stridePx: number): Levels {
  const coarsest = taps.reduce((a, b) => (b.stridePx > a.stridePx ? b : a))
  const fine = taps.filter((t) => t !== coarsest && t.stridePx <= stridePx)
  const nodes: Field[] = []
  const level = (name: string, parts: readonly Tap[], stride: number): Level => {
    const values = parts.map((tap, i) => {
      const k = stride / tap.stridePx
      if (k === 1) return tap.output
      const pooled = `${OWN}${name}${i}`
      nodes.push(
        onnxNode('AveragePool', [tap.output], [pooled], {
          kernel_shape: { ints: [k, k] },
          strides: { ints: [k, k] },
        }),
      )
      return pooled
    })
    nodes.push(onnxNode('Concat', values, [OWN + name], { axis: { int: 1 } }))
    return { output: OWN + name, stridePx: stride, channels: parts.reduce((n, t) => n + t.channels, 0) }
  }
  return {
    nodes,
    coarse: level(
      'coarse',
      taps.filter((t) => !fine.includes(t)),
      coarsest.stridePx,
    ),
    fine: fine.length === 0 ? null : level('fine', fine, stridePx),
  }
}

/** Features of one image: [cells][channels] of each level. */
export interface LevelFeatures {
  coarse: Float32Array
  fine: Float32Array
}

export interface LevelDescriber {
  channels: { coarse: number; fine: number }
  /**
   * @param image HWC uint8 RGB of the working size
   * @throws MDL_OUTPUT when the backbone gives NaN or infinity for it
   */
  describe(image: Uint8Array<ArrayBuffer>, name: string): Promise<LevelFeatures>
  close(): Promise<void>
}

export async function openLevelDescriber(backbone: Backbone, size: SegmentSize): Promise<LevelDescriber> {
  const { nodes, coarse, fine } = boxLevels(backbone.taps, size.stridePx)
  const levels = fine ? [coarse, fine] : [coarse]
  const shape = [1, size.heightPx, size.widthPx, 3]
  const [COARSE, FINE] = [`${OWN}coarse_rows`, `${OWN}fine_rows`] as const
  const names = [COARSE, FINE].slice(0, levels.length)
  const model = extendModel(backbone.model, {
    nodes: [
      ...nodes,
      ...levels.map(({ output }, i) =>
        onnxNode('Transpose', [output], [names[i] ?? ''], { perm: { ints: [0, 2, 3, 1] } }),
      ),
    ],
    initializers: [],
    inputs: [{ name: backbone.input, type: 'uint8', shape }],
    outputs: names.map((name, i) => ({
      name,
      type: 'float32',
      shape: [1, 'h', 'w', levels[i]?.channels ?? 0],
    })),
  })
  const session = await openSession(model, { providers: ['cpu'], intraOpThreads: 0 })
  return {
    channels: { coarse: coarse.channels, fine: fine?.channels ?? 0 },
    async describe(image, name) {
      const out = await session.run({ [backbone.input]: { data: image, shape } }, names)
      const rows = (key: string): Float32Array => finiteFeatures(out[key]?.data, name, backbone.id)
      return { coarse: rows(COARSE), fine: fine ? rows(FINE) : new Float32Array() }
    },
    close: () => session.close(),
  }
}
