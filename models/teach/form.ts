import { onnxNode, onnxTensor } from '../onnx/graph.ts'
import { takeRows } from './coreset.ts'
import type { GraphPart } from './feature-nodes.ts'
import { invertDefinite } from './linear.kernel.ts'
import type { Matrix, MatrixSessions } from './matrix-sessions.ts'

/** How a residual r becomes a raw score: rᵀ M r, or its root; M null is the identity. */
export interface Form {
  /** [dims][dims], symmetric */
  matrix: Matrix | null
  root: boolean
}

/** |r|: how far a patch is from its reference. */
export const DISTANCE: Form = { matrix: null, root: true }

/** [cells]: raw score of each residual. */
export async function formMap(
  residuals: Matrix,
  form: Form,
  dims: number,
  matrices: MatrixSessions,
): Promise<Matrix> {
  const squares =
    form.matrix === null ? rowNorms(residuals, dims) : await matrices.quadratic(residuals, form.matrix, dims)
  return form.root ? squares.map((s) => Math.sqrt(Math.max(0, s))) : squares
}

function rowNorms(rows: Matrix, dims: number): Matrix {
  const out = new Float32Array(rows.length / dims)
  for (let i = 0; i < out.length; i++) {
    let sum = 0
    for (let d = i * dims; d < (i + 1) * dims; d++) sum += (rows[d] ?? 0) ** 2
    out[i] = sum
  }
  return out
}

/** `formMap` as nodes: residuals [cells, dims] to raw scores [cells]. */
export function formGraph(
  form: Form,
  dims: number,
  input: string,
  output: string,
  prefix: string,
): GraphPart {
  const part: GraphPart = {
    nodes: [],
    initializers: [onnxTensor(`${prefix}axis`, [1], BigInt64Array.of(1n))],
  }
  let turned = input
  if (form.matrix !== null) {
    turned = `${prefix}turned`
    part.initializers.push(onnxTensor(`${prefix}matrix`, [dims, dims], form.matrix))
    part.nodes.push(onnxNode('MatMul', [input, `${prefix}matrix`], [turned]))
  }
  const square = form.root ? `${prefix}square` : output
  part.nodes.push(
    onnxNode('Mul', [turned, input], [`${prefix}products`]),
    onnxNode('ReduceSum', [`${prefix}products`, `${prefix}axis`], [square], { keepdims: { int: 0 } }),
  )
  if (form.root)
    part.nodes.push(
      onnxNode('Relu', [square], [`${prefix}positive`]),
      onnxNode('Sqrt', [`${prefix}positive`], [output]),
    )
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

/** Adds the residuals of the patches for which `wanted` holds. */
export async function addPatches(
  moment: SecondMoment,
  residuals: Matrix,
  wanted: (cell: number) => boolean,
  dims: number,
  matrices: MatrixSessions,
): Promise<void> {
  const cells = Array.from({ length: residuals.length / dims }, (_, i) => i).filter(wanted)
  if (cells.length === 0) return
  const gram = await matrices.gram(takeRows(residuals, dims, cells), dims)
  for (let i = 0; i < gram.length; i++) moment.gram[i] = (moment.gram[i] ?? 0) + (gram[i] ?? 0)
  moment.count += cells.length
}

/** Inverse of the second moment, after `shrinkage` of the mean variance was added to each direction. */
export function precision({ gram, count }: SecondMoment, dims: number, shrinkage: number): Float64Array {
  const out = gram.map((g) => g / count)
  let trace = 0
  for (let i = 0; i < dims; i++) trace += out[i * dims + i] ?? 0
  for (let i = 0; i < dims; i++)
    out[i * dims + i] = (out[i * dims + i] ?? 0) + (shrinkage * trace) / dims + 1e-12
  invertDefinite(out, dims)
  return out
}
