import { mapInOrder } from '../../contracts/index.ts'
import { onnxGraph, onnxModel, onnxNode, onnxTensor } from '../onnx/graph.ts'
import type { SessionPool } from '../runtime/session-pool.ts'
import type { WorkingSize } from './working-size.ts'
import type { Grid } from './embedding.ts'
import { OWN } from './feature-nodes.ts'
import type { GraphPart } from './feature-nodes.ts'
import type { LoadedImage } from './images.ts'
import type { Matrix } from './matrix-sessions.ts'
import { planeNumbers, pointPx } from './plane-points.ts'

/** Grey levels added to the deviation of an image: one without contrast is not blown up. */
const LEVELS = 1

/**
 * Pixels for comparison with a golden template: means over 2 x 2 px (of cells of 8 px; coarser on large grids), each colour less its mean over the
 * image and over its deviation, so that a brighter or flatter light changes nothing.
 *
 * @param input  uint8 [1, height, width, 3]
 * @param output [cells, numbers]
 */
export function planeNodes(input: string, grid: Grid, output: string): GraphPart {
  const name = (part: string): string => `${OWN}plane_${part}`
  const side = pointPx(grid)
  const over = (of: string, to: string) =>
    onnxNode('ReduceMean', [of], [to], { axes: { ints: [2, 3] }, keepdims: { int: 1 } })
  return {
    initializers: [
      onnxTensor(name('levels'), [1], Float32Array.of(LEVELS)),
      onnxTensor(name('rows'), [2], BigInt64Array.of(-1n, BigInt(planeNumbers(grid)))),
    ],
    nodes: [
      onnxNode('Cast', [input], [name('float')], { to: { int: 1 } }),
      onnxNode('Transpose', [name('float')], [name('colours')], { perm: { ints: [0, 3, 1, 2] } }),
      onnxNode('AveragePool', [name('colours')], [name('points')], {
        kernel_shape: { ints: [side, side] },
        strides: { ints: [side, side] },
      }),
      over(name('points'), name('mean')),
      onnxNode('Sub', [name('points'), name('mean')], [name('centred')]),
      onnxNode('Mul', [name('centred'), name('centred')], [name('squares')]),
      over(name('squares'), name('variance')),
      onnxNode('Sqrt', [name('variance')], [name('deviation')]),
      onnxNode('Add', [name('deviation'), name('levels')], [name('contrast')]),
      onnxNode('Div', [name('centred'), name('contrast')], [name('light')]),
      onnxNode('SpaceToDepth', [name('light')], [name('cells')], {
        blocksize: { int: grid.stridePx / side },
      }),
      onnxNode('Transpose', [name('cells')], [name('last')], { perm: { ints: [0, 2, 3, 1] } }),
      onnxNode('Reshape', [name('last'), name('rows')], [output]),
    ],
  }
}

/** @returns planes of one image of the working size (HWC uint8 RGB), [cells][numbers] */
export type Planes = (image: Uint8Array<ArrayBuffer>) => Promise<Matrix>

/** By the nodes that the taught model has. */
export async function openPlanes(
  { widthPx, heightPx, grid }: WorkingSize,
  pool: SessionPool,
): Promise<Planes> {
  const session = await pool.open(
    onnxModel(
      onnxGraph({
        name: 'planes',
        ...planeNodes('image', grid, 'planes'),
        inputs: [{ name: 'image', type: 'uint8', shape: [1, heightPx, widthPx, 3] }],
        outputs: [{ name: 'planes', type: 'float32', shape: ['cells', planeNumbers(grid)] }],
      }),
    ),
  )
  return async (data) => {
    const image = { data, shape: [1, heightPx, widthPx, 3] }
    const out = (await session.run({ image }, ['planes']))['planes']?.data
    return out instanceof Float32Array ? (out as Matrix) : new Float32Array()
  }
}

/** The images with their planes, where they have any. */
export const withPlanes = <T extends object>(
  planes: Planes | null,
  described: readonly T[],
  images: readonly LoadedImage[],
  lanes: number,
): Promise<(T & { planes?: Matrix })[]> =>
  mapInOrder(
    described,
    async (d, i) => {
      const image = images[i]
      return planes === null || image === undefined ? d : { ...d, planes: await planes(image.data) }
    },
    lanes,
  )
