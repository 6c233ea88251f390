import { onnxNode, onnxTensor } from '../onnx/graph.ts'
import type { GraphPart } from './feature-nodes.ts'

/** Farther, squared, than any patch is. */
export const FAR = 1e30
/**
 * Members whose least is sought first, then the place of the least of all, then that of the member: for rows of 3,600
 * onnxruntime takes a quarter of the time that `ArgMin` of whole rows takes.
 */
const SIDE = 64

/** Columns of the distances to so many members: the last ones stand for none, and are farther than any. */
export const columnsFor = (members: number): number => Math.ceil(members / SIDE) * SIDE

/**
 * What `nearestNodes` of the same prefix refer to: |b|² as `<prefix>norms` [columns], -2 Bᵀ, and how columns are laid.
 *
 * @param bank [members][dims]
 */
export function nearestConstants(
  bank: Float32Array<ArrayBuffer>,
  dims: number,
  prefix: string,
): GraphPart['initializers'] {
  const members = bank.length / dims
  const columns = columnsFor(members)
  const transposed = new Float32Array(dims * columns)
  const norms = new Float32Array(columns).fill(FAR)
  for (let m = 0; m < members; m++) {
    let sum = 0
    for (let d = 0; d < dims; d++) {
      const v = bank[m * dims + d] ?? 0
      sum += v * v
      transposed[d * columns + m] = -2 * v
    }
    norms[m] = sum
  }
  return [
    onnxTensor(`${prefix}products`, [dims, columns], transposed),
    onnxTensor(`${prefix}norms`, [columns], norms),
    onnxTensor(`${prefix}sides`, [3], BigInt64Array.of(0n, BigInt(columns / SIDE), BigInt(SIDE))),
    onnxTensor(`${prefix}side`, [1], BigInt64Array.of(BigInt(SIDE))),
    onnxTensor(`${prefix}inner`, [1], BigInt64Array.of(1n)),
  ]
}

/**
 * The nearest member of each row, found exactly: where |b|² - 2 x·b is least, the first of equal ones.
 *
 * @param input  [rows, dims]
 * @param norms  `<prefix>norms`, or these with members taken out
 * @param output begins the names: `<output>member` [rows], and `<output>leasts` [rows, sides], whose least is |b|² - 2 x·b
 */
export function nearestNodes(
  prefix: string,
  input: string,
  norms: string,
  output: string,
): GraphPart['nodes'] {
  const at = (part: string): string => `${output}${part}`
  return [
    onnxNode('Gemm', [input, `${prefix}products`, norms], [at('partial')]),
    onnxNode('Reshape', [at('partial'), `${prefix}sides`], [at('sides')]),
    onnxNode('ReduceMin', [at('sides')], [at('leasts')], { axes: { ints: [2] }, keepdims: { int: 0 } }),
    onnxNode('ArgMin', [at('leasts')], [at('side')], { axis: { int: 1 }, keepdims: { int: 1 } }),
    onnxNode('GatherND', [at('sides'), at('side')], [at('among')], { batch_dims: { int: 1 } }),
    onnxNode('ArgMin', [at('among')], [at('within')], { axis: { int: 1 }, keepdims: { int: 1 } }),
    onnxNode('Mul', [at('side'), `${prefix}side`], [at('before')]),
    onnxNode('Add', [at('before'), at('within')], [at('column')]),
    onnxNode('Squeeze', [at('column'), `${prefix}inner`], [at('member')]),
  ]
}
