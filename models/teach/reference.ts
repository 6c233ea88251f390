import { onnxNode, onnxTensor } from '../onnx/graph.ts'
import { takeRows } from './coreset.ts'
import type { GraphPart } from './feature-nodes.ts'
import type { Matrix, MatrixSessions } from './matrix-sessions.ts'

/** Floats of one block of distances in the graph: 64 MB. */
const BLOCK_FLOATS = 16_000_000

/**
 * What a patch is compared with; the difference is its residual. `residuals` and `graph` are the same arithmetic, once
 * for teaching and once as ONNX nodes.
 */
export interface Reference {
  /**
   * [cells][dims], of one image
   *
   * @param without nothing that images of this group gave takes part: what the group would get had it not been taught
   */
  residuals(embedding: Matrix, without?: number): Promise<Matrix>
  /**
   * @param input  name of the embeddings, [cells, dims]
   * @param output name of the residuals, [cells, dims]
   * @param prefix begins the names of everything in between
   */
  graph(input: string, output: string, prefix: string): GraphPart
}

/** Patches of good images, and the group of the image each is from. */
export interface Bank {
  /** [members][dims] */
  members: Matrix
  groups: readonly number[]
}

/**
 * The nearest patch of good images (PatchCore, Roth et al. 2022), found exactly: the least of |b|² - 2 x·b. A large
 * image is compared in blocks of rows, so that memory stays bounded.
 */
export function bankReference(bank: Bank, dims: number, cells: number, matrices: MatrixSessions): Reference {
  let rest = { group: Number.NaN, members: bank.members }
  const membersWithout = (group: number): Matrix => {
    if (rest.group === group) return rest.members
    const others = bank.groups.flatMap((g, i) => (g === group ? [] : [i]))
    // copies of one picture leave nothing of the others in the bank
    rest = { group, members: others.length === 0 ? bank.members : takeRows(bank.members, dims, others) }
    return rest.members
  }
  return {
    residuals: (embedding, without) =>
      matrices.residuals(embedding, without === undefined ? bank.members : membersWithout(without), dims),
    graph: (input, output, prefix) => bankGraph(bank.members, dims, cells, input, output, prefix),
  }
}

function bankGraph(
  bank: Matrix,
  dims: number,
  cells: number,
  input: string,
  output: string,
  prefix: string,
): GraphPart {
  const members = bank.length / dims
  const { transposed, norms } = bankConstants(bank, dims)
  const part: GraphPart = {
    nodes: [],
    initializers: [
      onnxTensor(`${prefix}bank`, [members, dims], bank),
      onnxTensor(`${prefix}products`, [dims, members], transposed),
      onnxTensor(`${prefix}norms`, [members], norms),
    ],
  }
  const rows = Math.max(1, Math.floor(BLOCK_FLOATS / members))
  const blocks = Math.ceil(cells / rows)
  const indices: string[] = []
  for (let b = 0; b < blocks; b++) {
    let x = input
    if (blocks > 1) {
      x = `${prefix}x${b}`
      part.initializers.push(
        onnxTensor(`${prefix}from${b}`, [1], BigInt64Array.of(BigInt(b * rows))),
        onnxTensor(`${prefix}to${b}`, [1], BigInt64Array.of(BigInt(Math.min(cells, (b + 1) * rows)))),
      )
      part.nodes.push(onnxNode('Slice', [input, `${prefix}from${b}`, `${prefix}to${b}`], [x]))
    }
    part.nodes.push(
      onnxNode('Gemm', [x, `${prefix}products`, `${prefix}norms`], [`${prefix}partial${b}`]),
      onnxNode('ArgMin', [`${prefix}partial${b}`], [`${prefix}index${b}`], {
        axis: { int: 1 },
        keepdims: { int: 0 },
      }),
    )
    indices.push(`${prefix}index${b}`)
  }
  if (blocks > 1) part.nodes.push(onnxNode('Concat', indices, [`${prefix}index`], { axis: { int: 0 } }))
  part.nodes.push(
    onnxNode(
      'Gather',
      [`${prefix}bank`, blocks > 1 ? `${prefix}index` : `${prefix}index0`],
      [`${prefix}near`],
      {
        axis: { int: 0 },
      },
    ),
    onnxNode('Sub', [input, `${prefix}near`], [output]),
  )
  return part
}

/** -2 Bᵀ and |b|² */
function bankConstants(bank: Matrix, dims: number): { transposed: Matrix; norms: Matrix } {
  const members = bank.length / dims
  const transposed = new Float32Array(bank.length)
  const norms = new Float32Array(members)
  for (let m = 0; m < members; m++) {
    let sum = 0
    for (let d = 0; d < dims; d++) {
      const v = bank[m * dims + d] ?? 0
      sum += v * v
      transposed[d * members + m] = -2 * v
    }
    norms[m] = sum
  }
  return { transposed, norms }
}

/**
 * The mean of good images at the same place, for parts that lie in a fixture: a golden template of features, and with
 * a covariance PaDiM (Defard et al. 2021).
 */
export function positionReference(
  good: readonly Matrix[],
  groups: readonly number[],
  dims: number,
): Reference {
  const sum = sumOf(good)
  const mean = Float32Array.from(sum, (s) => s / good.length)
  const meanWithout = (group: number): Float32Array => {
    const own = good.filter((_, i) => groups[i] === group)
    const others = good.length - own.length
    if (own.length === 0 || others === 0) return mean
    const less = sumOf(own)
    return Float32Array.from(sum, (s, i) => (s - (less[i] ?? 0)) / others)
  }
  return {
    residuals: (embedding, without) => {
      const from = without === undefined ? mean : meanWithout(without)
      return Promise.resolve(embedding.map((v, i) => v - (from[i] ?? 0)))
    },
    graph: (input, output, prefix) => ({
      initializers: [onnxTensor(`${prefix}mean`, [mean.length / dims, dims], mean)],
      nodes: [onnxNode('Sub', [input, `${prefix}mean`], [output])],
    }),
  }
}

function sumOf(embeddings: readonly Matrix[]): Float64Array {
  const sum = new Float64Array(embeddings[0]?.length ?? 0)
  for (const e of embeddings) for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (e[i] ?? 0)
  return sum
}
