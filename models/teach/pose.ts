import { topCells, topMean } from './calibration.ts'
import { TOP_SHARE, withSources } from './crossfit.ts'
import { buildBank } from './fit.ts'
import type { FitContext } from './fit.ts'
import { formMap } from './form.ts'
import { groupsOf } from './groups.ts'
import { bankReference } from './reference.ts'
import type { TeachData } from './teach-data.ts'

/** Whether turned copies of the good images help, measured on images the bank does not hold. */
export interface PoseReport {
  /** Turned copies described. */
  views: number
  /**
   * How far damaged parts lie beyond good ones, in deviations of the good ones: without and with the turned copies in
   * the bank.
   */
  separation: readonly [number, number]
  used: boolean
}

type PoseData = Pick<TeachData, 'good' | 'damaged' | 'turned' | 'options'>

/**
 * Measures with a bank of half the images, then of the other half. Where pose varies, the unusual good parts come
 * nearer; where parts lie in a fixture, turned copies only take the place of better members.
 */
export async function measurePose(data: PoseData, context: FitContext): Promise<PoseReport> {
  const views = data.turned.length
  if (views === 0) return { views, separation: [0, 0], used: false }
  const before = await separation(data, context, false)
  const after = await separation(data, context, true)
  return { views, separation: [before, after], used: after > before }
}

async function separation(
  { good, damaged, turned, options }: PoseData,
  context: FitContext,
  withTurned: boolean,
): Promise<number> {
  const { dims, cells, matrices, checkCancelled } = context
  const groups = groupsOf({ good, options })
  const goodScores: number[] = []
  const damagedScores: number[] = []
  for (const half of [0, 1]) {
    const inside = good.map((_, i) => i).filter((i) => (groups[i] ?? 0) % 2 !== half)
    const places = new Map(inside.map((i) => [i, i]))
    const members = [
      ...inside.flatMap((i) => good[i]?.embedding ?? []),
      ...(withTurned ? withSources(turned, places).map((t) => t.embedding) : []),
    ]
    const bank = await buildBank(
      members,
      members.map(() => -1),
      context,
      Math.ceil(context.bankSize / 2),
    )
    const reference = bankReference(bank, dims, cells, matrices)
    const logScore = async (embedding: Float32Array<ArrayBuffer>): Promise<number> => {
      checkCancelled()
      const map = await formMap(await reference.residuals(embedding), { kind: 'length' }, dims, matrices)
      return Math.log(Math.max(1e-9, topMean(map, topCells(cells, TOP_SHARE))))
    }
    for (const [i, { embedding }] of good.entries())
      if ((groups[i] ?? 0) % 2 === half) goodScores.push(await logScore(embedding))
    for (const { source, embedding } of damaged)
      if ((groups[source] ?? 0) % 2 === half) damagedScores.push(await logScore(embedding))
  }
  const middle = mean(goodScores)
  const spread = Math.sqrt(mean(goodScores.map((s) => (s - middle) ** 2)))
  return spread > 0 && damagedScores.length > 0 ? (mean(damagedScores) - middle) / spread : 0
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length
