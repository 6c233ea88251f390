import { topCells, topMean } from './calibration.ts'
import { TOP_SHARE, withSources } from './crossfit.ts'
import { buildBank } from './fit.ts'
import type { FitContext } from './fit.ts'
import { DISTANCE, formMap } from './form.ts'
import { bankReference } from './reference.ts'
import type { TeachData } from './teach-data.ts'

/** Whether turned copies of the good images help to explain good images, measured on images the bank does not hold. */
export interface PoseReport {
  /** Turned copies described. */
  views: number
  /**
   * How much farther damaged parts lie than the good parts they were made from, mean of the logarithm of the ratio, with
   * the turned copies in the bank less without.
   */
  gain: number
  used: boolean
}

/** Turned copies come into the bank when they gain more than this. */
const WORTH = 0

/**
 * Measures with a bank of half the images, then of the other half. Where pose varies, turned copies bring good parts
 * nearer and damaged ones less so; where parts lie in a fixture they only take the place of better members.
 */
export async function measurePose(
  data: Pick<TeachData, 'good' | 'damaged' | 'turned'>,
  context: FitContext,
): Promise<PoseReport> {
  const views = data.turned.length
  if (views === 0) return { views, gain: 0, used: false }
  const gain = (await contrast(data, context, true)) - (await contrast(data, context, false))
  return { views, gain, used: gain > WORTH }
}

async function contrast(
  { good, damaged, turned }: Pick<TeachData, 'good' | 'damaged' | 'turned'>,
  context: FitContext,
  withTurned: boolean,
): Promise<number> {
  const { dims, cells, matrices, checkCancelled } = context
  let sum = 0
  let count = 0
  for (const half of [0, 1]) {
    const inside = good.map((_, i) => i).filter((i) => i % 2 !== half)
    const places = new Map(inside.map((i) => [i, i]))
    const members = [
      ...inside.flatMap((i) => good[i]?.embedding ?? []),
      ...(withTurned ? withSources(turned, places).map((t) => t.embedding) : []),
    ]
    const bank = await buildBank(members, context, Math.ceil(context.bankSize / 2))
    const reference = bankReference(bank, dims, cells, matrices)
    const score = async (embedding: Float32Array<ArrayBuffer>): Promise<number> => {
      checkCancelled()
      const map = await formMap(await reference.residuals(embedding), DISTANCE, dims, matrices)
      return Math.max(1e-9, topMean(map, topCells(cells, TOP_SHARE)))
    }
    const own = new Map<number, number>()
    for (const { source, embedding } of damaged) {
      if (source % 2 !== half) continue
      const image = good[source]
      if (image === undefined) continue
      const before = own.get(source) ?? (await score(image.embedding))
      own.set(source, before)
      sum += Math.log((await score(embedding)) / before)
      count += 1
    }
  }
  return count === 0 ? 0 : sum / count
}
