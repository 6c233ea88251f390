import { mapInOrder } from '../../contracts/index.ts'
import { nearestConstants, nearestNodes } from './nearest-nodes.ts'
import { onnxGraph, onnxModel, onnxNode, onnxTensor } from '../onnx/graph.ts'
import type { OnnxValueInfo } from '../onnx/graph.ts'
import type { PooledSession, SessionPool } from '../runtime/session-pool.ts'

export type Matrix = Float32Array<ArrayBuffer>

/** Rows compared by one call: 4,096 rows with a bank of 4,000 need 64 MB. */
const BLOCK = 4_096

/** Nearest other members whose mean distance says how far apart good patches lie around one. */
const NEIGHBOURS = 8

/** The matrix products teaching needs, by onnxruntime: in a loop of numbers they take a hundred times as long. */
export interface MatrixSessions {
  /** Calls worth keeping in flight. */
  readonly lanes: number
  /**
   * Smallest squared Euclidean distance of each row of `rows` to the rows of `bank`, by
   * |x|² - 2 x·b + |b|² in single precision, never below 0.
   */
  nearest(rows: Matrix, bank: Matrix, dims: number): Promise<Matrix>
  /** The same, with the number of the nearest row of `bank`. */
  nearestMember(rows: Matrix, bank: Matrix, dims: number): Promise<{ squares: Matrix; member: number[] }>
  /** For rows that are compared with one bank after another. */
  hold(rows: Matrix, dims: number): Promise<HeldRows>
  /** Mean distance of each row of `bank`, of two or more, to the `NEIGHBOURS` others nearest to it: [m]. */
  spacing(bank: Matrix, dims: number): Promise<Matrix>
  /** Each row times M: [n, dims]. */
  product(rows: Matrix, matrix: Matrix, dims: number): Promise<Matrix>
  /** Sum over all rows of x xᵀ: [dims, dims]. */
  gram(rows: Matrix, dims: number): Promise<Matrix>
}

/** Rows that lie with the threads: sent once, and not with every bank. */
export interface HeldRows {
  /** As `MatrixSessions.nearest`, of all of them in one call. */
  nearest(bank: Matrix): Promise<Matrix>
  close(): Promise<void>
}

export async function openMatrixSessions(pool: SessionPool): Promise<MatrixSessions> {
  const near = await pool.open(nearestModel())
  const apart = await pool.open(spacingModel())
  const times = await pool.open(productModel())
  const gram = await pool.open(gramModel())
  const first = async (s: PooledSession, feeds: Parameters<PooledSession['run']>[0]): Promise<Matrix> => {
    const { data } = (await s.run(feeds, ['out']))['out'] ?? {}
    return data instanceof Float32Array ? (data as Matrix) : new Float32Array()
  }
  const blocks = async (
    s: PooledSession,
    rows: Matrix,
    bank: Matrix,
    dims: number,
    block = BLOCK,
  ): Promise<Matrix> => {
    const n = rows.length / dims
    const out = new Float32Array(n)
    const members = { data: bank, shape: [bank.length / dims, dims] }
    await mapInOrder(
      starts(n, block),
      async (at) => {
        const end = Math.min(n, at + block)
        const x = { data: rows.subarray(at * dims, end * dims), shape: [end - at, dims] }
        out.set(await first(s, { x, bank: members }), at)
      },
      pool.lanes,
    )
    return out
  }
  return {
    lanes: pool.lanes,
    nearest: (rows, bank, dims) => blocks(near, rows, bank, dims),
    async nearestMember(rows, bank, dims) {
      const n = rows.length / dims
      const session = await pool.open(memberModel(bank, dims))
      const squares = new Float32Array(n)
      const members = await mapInOrder(
        starts(n, BLOCK),
        async (at) => {
          const end = Math.min(n, at + BLOCK)
          const x = { data: rows.subarray(at * dims, end * dims), shape: [end - at, dims] }
          const { out, member } = await session.run({ x }, ['out', 'member'])
          if (out?.data instanceof Float32Array) squares.set(out.data, at)
          return member?.data instanceof BigInt64Array ? Array.from(member.data, Number) : []
        },
        pool.lanes,
      )
      await session.close()
      return { squares, member: members.flat() }
    },
    async hold(rows, dims) {
      const x = { data: rows, shape: [rows.length / dims, dims] }
      const session = await pool.open(nearestModel(), { x })
      return {
        nearest: (bank) => first(session, { bank: { data: bank, shape: [bank.length / dims, dims] } }),
        close: () => session.close(),
      }
    },
    // it keeps more of each block than the others, and the plan counts one
    spacing: (bank, dims) => blocks(apart, bank, bank, dims, BLOCK / 4),
    product: (x, matrix, dims) =>
      first(times, {
        x: { data: x, shape: [x.length / dims, dims] },
        matrix: { data: matrix, shape: [dims, dims] },
      }),
    gram: (rows, dims) => first(gram, { x: { data: rows, shape: [rows.length / dims, dims] } }),
  }
}

const starts = (n: number, block: number): number[] =>
  Array.from({ length: Math.ceil(n / block) }, (_, i) => i * block)

const PARTIAL = [
  onnxNode('Mul', ['bank', 'bank'], ['bank2']),
  onnxNode('ReduceSum', ['bank2', 'last'], ['norms'], { keepdims: { int: 0 } }),
  onnxNode('Gemm', ['x', 'bank', 'norms'], ['partial'], { alpha: { float: -2 }, transB: { int: 1 } }),
]
/** |b|² - 2 x·b, least of all, to the squared distance. */
const SQUARED = [
  onnxNode('Mul', ['x', 'x'], ['x2']),
  onnxNode('ReduceSum', ['x2', 'last'], ['own'], { keepdims: { int: 0 } }),
  onnxNode('Add', ['least', 'own'], ['signed']),
  onnxNode('Relu', ['signed'], ['out']),
]
const BANK_INPUTS: OnnxValueInfo[] = [
  { name: 'x', type: 'float32', shape: ['n', 'd'] },
  { name: 'bank', type: 'float32', shape: ['m', 'd'] },
]

function nearestModel(): Uint8Array {
  return onnxModel(
    onnxGraph({
      name: 'nearest',
      nodes: [
        ...PARTIAL,
        onnxNode('ReduceMin', ['partial'], ['least'], { axes: { ints: [1] }, keepdims: { int: 0 } }),
        ...SQUARED,
      ],
      initializers: [onnxTensor('last', [1], BigInt64Array.of(1n))],
      inputs: BANK_INPUTS,
      outputs: [{ name: 'out', type: 'float32', shape: ['n'] }],
    }),
  )
}

function memberModel(bank: Matrix, dims: number): Uint8Array {
  return onnxModel(
    onnxGraph({
      name: 'member',
      nodes: [
        ...nearestNodes('bank_', 'x', 'bank_norms', ''),
        onnxNode('ReduceMin', ['leasts'], ['least'], { axes: { ints: [1] }, keepdims: { int: 0 } }),
        ...SQUARED,
      ],
      initializers: [onnxTensor('last', [1], BigInt64Array.of(1n)), ...nearestConstants(bank, dims, 'bank_')],
      inputs: [{ name: 'x', type: 'float32', shape: ['n', dims] }],
      outputs: [
        { name: 'out', type: 'float32', shape: ['n'] },
        { name: 'member', type: 'int64', shape: ['n'] },
      ],
    }),
  )
}

function spacingModel(): Uint8Array {
  return onnxModel(
    onnxGraph({
      name: 'spacing',
      nodes: [
        ...PARTIAL,
        onnxNode('Mul', ['x', 'x'], ['x2']),
        onnxNode('ReduceSum', ['x2', 'last'], ['own'], { keepdims: { int: 1 } }),
        onnxNode('Add', ['partial', 'own'], ['signed']),
        onnxNode('Relu', ['signed'], ['squares']),
        onnxNode('Shape', ['bank'], ['shape']),
        onnxNode('Slice', ['shape', 'zero', 'last'], ['rows']),
        onnxNode('Min', ['rows', 'most'], ['count']),
        onnxNode('TopK', ['squares', 'count'], ['least', 'where'], {
          axis: { int: 1 },
          largest: { int: 0 },
          sorted: { int: 1 },
        }),
        // the nearest of all is the row itself
        onnxNode('Slice', ['least', 'last', 'end', 'last'], ['others']),
        onnxNode('Sqrt', ['others'], ['distances']),
        onnxNode('ReduceMean', ['distances'], ['out'], { axes: { ints: [1] }, keepdims: { int: 0 } }),
      ],
      initializers: [
        onnxTensor('last', [1], BigInt64Array.of(1n)),
        onnxTensor('zero', [1], BigInt64Array.of(0n)),
        onnxTensor('end', [1], BigInt64Array.of(BigInt(NEIGHBOURS + 1))),
        onnxTensor('most', [1], BigInt64Array.of(BigInt(NEIGHBOURS + 1))),
      ],
      inputs: BANK_INPUTS,
      outputs: [{ name: 'out', type: 'float32', shape: ['n'] }],
    }),
  )
}

function productModel(): Uint8Array {
  return onnxModel(
    onnxGraph({
      name: 'product',
      nodes: [onnxNode('MatMul', ['x', 'matrix'], ['out'])],
      initializers: [],
      inputs: [
        { name: 'x', type: 'float32', shape: ['n', 'd'] },
        { name: 'matrix', type: 'float32', shape: ['d', 'd'] },
      ],
      outputs: [{ name: 'out', type: 'float32', shape: ['n', 'd'] }],
    }),
  )
}

function gramModel(): Uint8Array {
  return onnxModel(
    onnxGraph({
      name: 'gram',
      nodes: [
        onnxNode('Transpose', ['x'], ['xt'], { perm: { ints: [1, 0] } }),
        onnxNode('MatMul', ['xt', 'x'], ['out']),
      ],
      initializers: [],
      inputs: [{ name: 'x', type: 'float32', shape: ['n', 'd'] }],
      outputs: [{ name: 'out', type: 'float32', shape: ['d', 'd'] }],
    }),
  )
}
