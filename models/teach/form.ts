import { onnxNode, onnxTensor } from '../onnx/graph.ts'
import { mapInOrder } from '../../contracts/index.ts'
import { takeRows } from './coreset.ts'
import type { GraphPart } from './feature-nodes.ts'
import type { Matrix, MatrixSessions } from './matrix-sessions.ts'
import { addScaled } from './mean.kernel.ts'

/** How a residual becomes a raw score. */
export type Form =
  /** How far a patch is from its reference. */
  | { kind: 'length' }
  /** Root of rᵀ M r. */
  | { kind: 'mahalanobis'; matrix: Matrix }
  /**
   * `length` |r| + sum of |r B|: no coordinate can speak against the others, so that a larger residual is never better.
   */
  | { kind: 'evidence'; basis: Matrix; length: number }

/** [cells]: raw score of each residual. */
export async function formMap(
  residuals: Matrix,
  form: Form,
  dims: number,
  matrices: MatrixSessions,
): Promise<Matrix> {
  const out = new Float32Array(residuals.length / dims)
  const turned = form.kind === 'length' ? residuals : await matrices.product(residuals, matrixOf(form), dims)
  for (let i = 0; i < out.length; i++) {
    let sizes = 0
    let square = 0
    for (let d = i * dims; d < (i + 1) * dims; d++) {
      const r = residuals[d]!
      const t = turned[d]!
      sizes += Math.abs(t)
      square += (form.kind === 'evidence' ? r : t) * r
    }
    const root = Math.sqrt(Math.max(0, square))
    out[i] = form.kind === 'evidence' ? sizes + form.length * root : root
  }
  return out
}

const matrixOf = (form: Exclude<Form, { kind: 'length' }>): Matrix =>
  form.kind === 'evidence' ? form.basis : form.matrix

/** `formMap` as nodes: residuals [cells, dims] to raw scores [cells]. */
export function formGraph(
  form: Form,
  dims: number,
  input: string,
  output: string,
  prefix: string,
): GraphPart {
  const name = (part: string): string => `${prefix}${part}`
  const part: GraphPart = {
    nodes: [],
    initializers: [onnxTensor(name('axis'), [1], BigInt64Array.of(1n))],
  }
  let turned = input
  if (form.kind !== 'length') {
    turned = name('turned')
    part.initializers.push(onnxTensor(name('matrix'), [dims, dims], matrixOf(form)))
    part.nodes.push(onnxNode('MatMul', [input, name('matrix')], [turned]))
  }
  const sum = (of: string, to: string) =>
    onnxNode('ReduceSum', [of, name('axis')], [to], { keepdims: { int: 0 } })
  const root = form.kind === 'evidence' ? name('root') : output
  part.nodes.push(
    onnxNode('Mul', [form.kind === 'evidence' ? input : turned, input], [name('products')]),
    sum(name('products'), name('square')),
    onnxNode('Relu', [name('square')], [name('positive')]),
    onnxNode('Sqrt', [name('positive')], [root]),
  )
  if (form.kind === 'evidence') {
    part.initializers.push(onnxTensor(name('length'), [1], Float32Array.of(form.length)))
    part.nodes.push(
      onnxNode('Abs', [turned], [name('sizes')]),
      sum(name('sizes'), name('evidence')),
      onnxNode('Mul', [root, name('length')], [name('distance')]),
      onnxNode('Add', [name('evidence'), name('distance')], [output]),
    )
  }
  return part
}

/** Sum of r rᵀ over chosen patches. */
export interface SecondMoment {
  count: number
  /** [dims][dims] */
  gram: Float64Array
}

export const emptySecondMoment = (dims: number): SecondMoment => ({
  count: 0,
  gram: new Float64Array(dims * dims),
})

/** Adds the residuals of these patches, in their order. */
export async function addPatches(
  moment: SecondMoment,
  patches: readonly Patches[],
  dims: number,
  matrices: MatrixSessions,
  checkCancelled: () => void,
): Promise<void> {
  const some = patches.filter((p) => p.cells.length > 0)
  const grams = await mapInOrder(
    some,
    ({ residuals, cells }) => {
      checkCancelled()
      return matrices.gram(takeRows(residuals, dims, cells), dims)
    },
    matrices.lanes,
  )
  for (const gram of grams) addScaled(moment.gram, gram, 1)
  for (const { cells } of some) moment.count += cells.length
}

/** Residuals of one image and which of its patches are wanted. */
export interface Patches {
  residuals: Matrix
  cells: readonly number[]
}

/** The second moment, with `shrinkage` of the mean variance added to each direction. */
export function covariance({ gram, count }: SecondMoment, dims: number, shrinkage: number): Float64Array {
  const out = gram.map((g) => g / count)
  let trace = 0
  for (let i = 0; i < dims; i++) trace += out[i * dims + i] ?? 0
  for (let i = 0; i < dims; i++)
    out[i * dims + i] = (out[i * dims + i] ?? 0) + (shrinkage * trace) / dims + 1e-12
  return out
}
