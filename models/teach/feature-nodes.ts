import { onnxNode, onnxTensor } from '../onnx/graph.ts'
import type { Field } from '../onnx/wire.ts'
import type { Tap } from './backbone.ts'

/** Nodes and constants that are appended to a backbone. */
export interface GraphPart {
  nodes: Field[]
  initializers: Field[]
}

/** Linear map from all channels of the taps, one after the other, to `dims` numbers per patch. */
export interface Projection {
  dims: number
  /** [channels of all taps][dims] */
  weights: Float32Array<ArrayBuffer>
  /** [dims] */
  bias: Float32Array<ArrayBuffer>
}

/** Prefix of every name added, so that none meets a name of the backbone. */
export const OWN = 'sightline_'

export const channelsOf = (taps: readonly Tap[]): number => taps.reduce((n, t) => n + t.channels, 0)

/**
 * Patch descriptors of a backbone: each tap is averaged over 3 x 3 cells (Roth et al. 2022, "Towards total recall in
 * industrial anomaly detection", section 3.1; cells outside the image do not count), brought to the grid of stride
 * `stridePx`, and either concatenated or projected. Averaging and resizing act on each channel alone, so a projection
 * may come first, where it is cheapest.
 *
 * @param project null concatenates the channels: [patches, channels]; else [patches, dims]
 * @param output  name of the result, patches row by row
 */
export function descriptorNodes(
  taps: readonly Tap[],
  stridePx: number,
  project: Projection | null,
  output: string,
): GraphPart {
  const part: GraphPart = { nodes: [], initializers: [] }
  const { nodes, initializers } = part
  const levels: string[] = []
  let first = 0
  for (const [i, tap] of taps.entries()) {
    const name = `${OWN}tap${i}`
    let value = tap.output
    if (project !== null) {
      const { weights, dims, bias } = project
      const kernel = new Float32Array(dims * tap.channels)
      for (let c = 0; c < tap.channels; c++)
        for (let d = 0; d < dims; d++) kernel[d * tap.channels + c] = weights[(first + c) * dims + d] ?? 0
      initializers.push(onnxTensor(`${name}_kernel`, [dims, tap.channels, 1, 1], kernel))
      if (i === 0) initializers.push(onnxTensor(`${OWN}bias`, [dims], bias))
      nodes.push(
        onnxNode(
          'Conv',
          [value, `${name}_kernel`, ...(i === 0 ? [`${OWN}bias`] : [])],
          [`${name}_projected`],
        ),
      )
      value = `${name}_projected`
    }
    first += tap.channels
    if (tap.stridePx < stridePx) {
      const k = stridePx / tap.stridePx
      nodes.push(
        onnxNode('AveragePool', [value], [`${name}_coarse`], {
          kernel_shape: { ints: [k, k] },
          strides: { ints: [k, k] },
        }),
      )
      value = `${name}_coarse`
    }
    nodes.push(averageCells(value, `${name}_mean`))
    value = `${name}_mean`
    if (tap.stridePx > stridePx) {
      const k = tap.stridePx / stridePx
      initializers.push(onnxTensor(`${name}_scales`, [4], Float32Array.of(1, 1, k, k)))
      nodes.push(
        onnxNode('Resize', [value, '', `${name}_scales`], [`${name}_fine`], {
          mode: { string: 'linear' },
          coordinate_transformation_mode: { string: 'half_pixel' },
        }),
      )
      value = `${name}_fine`
    }
    levels.push(value)
  }
  const joined = join(levels, project !== null, nodes)
  initializers.push(
    onnxTensor(
      `${OWN}rows`,
      [2],
      BigInt64Array.of(-1n, BigInt(project === null ? channelsOf(taps) : project.dims)),
    ),
  )
  nodes.push(
    onnxNode('Transpose', [joined], [`${OWN}last`], { perm: { ints: [0, 2, 3, 1] } }),
    onnxNode('Reshape', [`${OWN}last`, `${OWN}rows`], [output]),
  )
  return part
}

/** Mean of each channel over a square of cells, `reach` to each side; cells outside do not count. */
export const averageCells = (input: string, output: string, reach = 1): Field =>
  onnxNode('AveragePool', [input], [output], {
    kernel_shape: { ints: [2 * reach + 1, 2 * reach + 1] },
    pads: { ints: [reach, reach, reach, reach] },
    count_include_pad: { int: 0 },
  })

function join(levels: readonly string[], add: boolean, nodes: Field[]): string {
  const [head = '', ...rest] = levels
  if (!add) {
    nodes.push(onnxNode('Concat', levels, [`${OWN}joined`], { axis: { int: 1 } }))
    return `${OWN}joined`
  }
  return rest.reduce((sum, level, i) => {
    nodes.push(onnxNode('Add', [sum, level], [`${OWN}sum${i}`]))
    return `${OWN}sum${i}`
  }, head)
}
