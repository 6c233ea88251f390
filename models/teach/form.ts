import { onnxGraph, onnxModel, onnxNode, onnxTensor } from '../onnx/graph.ts'
import type { SessionPool } from '../runtime/session-pool.ts'
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
  /**
   * Length of r W with a matrix of each place, over the first `kept` coordinates.
   *
   * `factors` [cells][kept][kept]; `share` of a covariance that one of the images fitted on is
   */
  | { kind: 'gaussian'; factors: Matrix; kept: number; share: number }
  /** Largest coordinate, each times its scale at the place: `scale` [cells][dims]. */
  | { kind: 'spread'; scale: Matrix }

/** What a residual is scored as, by name. */
const FORM_KINDS = ['distance', 'evidence', 'mahalanobis', 'gaussian', 'spread'] as const
export type FormKind = (typeof FORM_KINDS)[number]
export type Forms = Partial<Record<FormKind, Form>>
/** Raw scores of the patches of one image, [cells] per form. */
export type RawMaps = Partial<Record<FormKind, Matrix>>

/** Forms at work. */
export interface OpenForms {
  /** @param residuals [cells][dims], of one image */
  maps(residuals: Matrix): Promise<RawMaps>
  close(): Promise<void>
}

/** All forms by one graph, of the nodes that the taught model has. */
export async function openForms(forms: Forms, dims: number, pool: SessionPool): Promise<OpenForms> {
  const kinds = FORM_KINDS.filter((k) => forms[k] !== undefined)
  const parts = kinds.flatMap((kind) => {
    const form = forms[kind]
    return form === undefined ? [] : [formGraph(form, dims, 'residuals', kind, `${kind}_`)]
  })
  const session = await pool.open(
    onnxModel(
      onnxGraph({
        name: 'forms',
        nodes: parts.flatMap((p) => p.nodes),
        initializers: parts.flatMap((p) => p.initializers),
        inputs: [{ name: 'residuals', type: 'float32', shape: ['n', dims] }],
        outputs: kinds.map((name) => ({ name, type: 'float32', shape: ['n'] })),
      }),
    ),
  )
  return {
    async maps(residuals) {
      const x = { data: residuals, shape: [residuals.length / dims, dims] }
      const out = await session.run({ residuals: x }, kinds)
      const maps: RawMaps = {}
      for (const kind of kinds) {
        const data = out[kind]?.data
        if (data instanceof Float32Array) maps[kind] = data as Matrix
      }
      return maps
    },
    close: () => session.close(),
  }
}

type OfPlace = Extract<Form, { kind: 'gaussian' | 'spread' }>

const matrixOf = (form: Exclude<Form, { kind: 'length' } | OfPlace>): Matrix =>
  form.kind === 'evidence' ? form.basis : form.matrix

/** A form as nodes: residuals [cells, dims] to raw scores [cells]. */
export function formGraph(
  form: Form,
  dims: number,
  input: string,
  output: string,
  prefix: string,
): GraphPart {
  if (form.kind === 'gaussian' || form.kind === 'spread') return placeGraph(form, dims, input, output, prefix)
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

/** A form with numbers of each place: residuals are those of all cells, in their order. */
function placeGraph(form: OfPlace, dims: number, input: string, output: string, prefix: string): GraphPart {
  const name = (part: string): string => `${prefix}${part}`
  if (form.kind === 'spread')
    return {
      initializers: [onnxTensor(name('scale'), [form.scale.length / dims, dims], form.scale)],
      nodes: [
        onnxNode('Mul', [input, name('scale')], [name('spreads')]),
        onnxNode('Abs', [name('spreads')], [name('sizes')]),
        onnxNode('ReduceMax', [name('sizes')], [output], { axes: { ints: [1] }, keepdims: { int: 0 } }),
      ],
    }
  const { factors, kept } = form
  const ints = (...values: number[]): BigInt64Array => BigInt64Array.from(values, BigInt)
  return {
    initializers: [
      onnxTensor(name('factors'), [factors.length / kept ** 2, kept, kept], factors),
      onnxTensor(name('first'), [1], ints(0)),
      onnxTensor(name('kept'), [1], ints(kept)),
      onnxTensor(name('one'), [1], ints(1)),
      onnxTensor(name('axes'), [2], ints(1, 2)),
    ],
    nodes: [
      onnxNode('Slice', [input, name('first'), name('kept'), name('one')], [name('leading')]),
      onnxNode('Unsqueeze', [name('leading'), name('one')], [name('rows')]),
      onnxNode('MatMul', [name('rows'), name('factors')], [name('turned')]),
      onnxNode('Mul', [name('turned'), name('turned')], [name('products')]),
      onnxNode('ReduceSum', [name('products'), name('axes')], [name('square')], { keepdims: { int: 0 } }),
      onnxNode('Sqrt', [name('square')], [output]),
    ],
  }
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

/** Adds these patches, in their order. */
export function addPatches(moment: SecondMoment, patches: readonly Patches[]): void {
  for (const { cells, gram } of patches) {
    addScaled(moment.gram, gram, 1)
    moment.count += cells.length
  }
}

/** Residuals of one image and which of its patches are wanted. */
export interface Patches {
  residuals: Matrix
  cells: readonly number[]
  /** Sum of r rᵀ over the cells, [dims][dims]. */
  gram: Matrix
}

export async function patchesOf(
  residuals: Matrix,
  cells: readonly number[],
  dims: number,
  matrices: MatrixSessions,
): Promise<Patches> {
  const rows = cells.length * dims === residuals.length ? residuals : takeRows(residuals, dims, cells)
  const gram = cells.length === 0 ? new Float32Array(dims * dims) : await matrices.gram(rows, dims)
  return { residuals, cells, gram }
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
