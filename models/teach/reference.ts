import { onnxGraph, onnxModel, onnxNode, onnxTensor } from '../onnx/graph.ts'
import type { SessionPool } from '../runtime/session-pool.ts'
import type { GraphPart } from './feature-nodes.ts'
import type { StandIns } from './stand-ins.ts'
import type { Matrix, MatrixSessions } from './matrix-sessions.ts'
import { addScaled, lessMean } from './mean.kernel.ts'
import { columnsFor, FAR, nearestConstants, nearestNodes } from './nearest-nodes.ts'

/** No member counts as closer to the others than this share of the mean. */
const FLOOR = 0.05
/** Input of a graph for teaching, [members]: `FAR` for those that nothing is compared with, else 0. */
const AWAY = 'members_away'
/** Floats of one block of distances in the graph, 2 MB: they are still in the cache when the least is sought. */
const BLOCK_FLOATS = 500_000
/** Rows of a block at least, however large the bank is. */
const BLOCK_ROWS = 64

/**
 * What a patch is compared with; the difference is its residual. `residuals` and `graph` are the same arithmetic, once
 * for teaching and once as ONNX nodes.
 */
export interface Reference {
  /**
   * [cells][dims], of one image
   *
   * @param without no patch of this group is compared with, and the stand-ins for it are: what the group would get had it
   *                not been taught. Its patches still count for how far apart good ones lie, which would be sought anew
   *                for every image
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
  standIns?: StandIns | undefined
}

/**
 * The nearest patch of good images (PatchCore, Roth et al. 2022), found exactly: the least of |b|² - 2 x·b. The
 * residual is measured in units of how far apart good patches lie there (as the local outlier factor does, Breunig et
 * al. 2000): where good parts vary much, being far says less. A large image is compared in blocks of rows, so that
 * memory stays bounded.
 */
export async function bankReference(
  bank: Bank,
  dims: number,
  cells: number,
  { matrices, pool }: { matrices: MatrixSessions; pool: SessionPool },
): Promise<Reference> {
  const { groups, members, standIns } = bank
  const all = { members, gains: await localGains(members, dims, matrices) }
  const part = bankGraph(withStandIns(all, standIns), dims, cells, 'x', 'out', 'bank_', true)
  const count = columnsFor(groups.length + (standIns?.without.length ?? 0))
  const session = await pool.open(
    onnxModel(
      onnxGraph({
        name: 'residuals',
        ...part,
        inputs: [
          { name: 'x', type: 'float32', shape: ['n', dims] },
          { name: AWAY, type: 'float32', shape: [count] },
        ],
        outputs: [{ name: 'out', type: 'float32', shape: ['n', dims] }],
      }),
    ),
  )
  return {
    async residuals(embedding, without) {
      const apart = [
        ...groups.map((g) => g === without),
        ...(standIns?.without ?? []).map((g) => g !== without),
      ]
      const away = new Float32Array(count)
      // copies of one picture leave nothing of the others in the bank
      const none = apart.every(Boolean)
      for (const [i, masked] of apart.entries()) if (masked && !(none && i < groups.length)) away[i] = FAR
      const feeds = {
        x: { data: embedding, shape: [embedding.length / dims, dims] },
        [AWAY]: { data: away, shape: [count] },
      }
      const { data } = (await session.run(feeds, ['out']))['out'] ?? {}
      return data instanceof Float32Array ? (data as Matrix) : new Float32Array()
    },
    graph: (input, output, prefix) => bankGraph(all, dims, cells, input, output, prefix, false),
  }
}

/** Members and stand-ins; as good patches lie about a stand-in, so they do about the member in whose place it stands. */
function withStandIns(
  { members, gains }: { members: Matrix; gains: Matrix },
  standIns: StandIns | undefined,
): { members: Matrix; gains: Matrix } {
  if (standIns === undefined) return { members, gains }
  const out = {
    members: new Float32Array(members.length + standIns.members.length),
    gains: new Float32Array(gains.length + standIns.like.length),
  }
  out.members.set(members)
  out.members.set(standIns.members, members.length)
  out.gains.set(gains)
  for (const [i, m] of standIns.like.entries()) out.gains[gains.length + i] = gains[m] ?? 1
  return out
}

/** 1 / mean distance of each member to its nearest others; a bank of one member has nothing to compare with. */
async function localGains(members: Matrix, dims: number, matrices: MatrixSessions): Promise<Matrix> {
  const count = members.length / dims
  if (count < 2) return new Float32Array(count).fill(1)
  const apart = await matrices.spacing(members, dims)
  // single precision gives copies a distance near 0
  const floor = (FLOOR * apart.reduce((a, b) => a + b, 0)) / count || 1
  return apart.map((d) => 1 / Math.max(d, floor))
}

/** @param masked adds the input `AWAY` to the squared distances of the members */
function bankGraph(
  { members: bank, gains }: { members: Matrix; gains: Matrix },
  dims: number,
  cells: number,
  input: string,
  output: string,
  prefix: string,
  masked: boolean,
): GraphPart {
  const members = bank.length / dims
  const part: GraphPart = {
    nodes: masked ? [onnxNode('Add', [`${prefix}norms`, AWAY], [`${prefix}masked`])] : [],
    initializers: [
      onnxTensor(`${prefix}bank`, [members, dims], bank),
      ...nearestConstants(bank, dims, prefix),
      onnxTensor(`${prefix}gains`, [members, 1], gains),
    ],
  }
  const rows = Math.max(BLOCK_ROWS, Math.floor(BLOCK_FLOATS / members))
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
      ...nearestNodes(prefix, x, masked ? `${prefix}masked` : `${prefix}norms`, `${prefix}block${b}_`),
    )
    indices.push(`${prefix}block${b}_member`)
  }
  const index = `${prefix}index`
  part.nodes.push(onnxNode('Concat', indices, [index], { axis: { int: 0 } }))
  const gather = (from: string, to: string) => onnxNode('Gather', [from, index], [to], { axis: { int: 0 } })
  part.nodes.push(
    gather(`${prefix}bank`, `${prefix}near`),
    onnxNode('Sub', [input, `${prefix}near`], [`${prefix}away`]),
    gather(`${prefix}gains`, `${prefix}gain`),
    onnxNode('Mul', [`${prefix}away`, `${prefix}gain`], [output]),
  )
  return part
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
  const ownOf = (group: number): Matrix[] => good.filter((_, i) => groups[i] === group)
  return {
    residuals: (embedding, without) => {
      const own = without === undefined ? [] : ownOf(without)
      const others = good.length - own.length
      return Promise.resolve(
        own.length === 0 || others === 0
          ? lessMean(embedding, sum, good.length)
          : lessMean(embedding, lessOwn(sum, own), others),
      )
    },
    graph: (input, output, prefix) => ({
      initializers: [onnxTensor(`${prefix}mean`, [mean.length / dims, dims], mean)],
      nodes: [onnxNode('Sub', [input, `${prefix}mean`], [output])],
    }),
  }
}

function sumOf(embeddings: readonly Matrix[]): Float64Array<ArrayBuffer> {
  const sum = new Float64Array(embeddings[0]?.length ?? 0)
  for (const e of embeddings) addScaled(sum, e, 1)
  return sum
}

function lessOwn(sum: Float64Array, own: readonly Matrix[]): Float64Array {
  const out = Float64Array.from(sum)
  for (const e of own) addScaled(out, e, -1)
  return out
}
