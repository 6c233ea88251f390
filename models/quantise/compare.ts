import { compareFindings } from '../import/parity.ts'
import type { ModelImages } from '../forward.ts'
import type { ModelOutput, ModelRunner, RunOptions } from '../runner.ts'

/** What both models are asked, and what is decided on their answers. */
export interface Judge {
  options: RunOptions
  verdictOf(output: ModelOutput): string
}

/** A quantised model beside the float one it was made of, on the same images. */
export interface QuantisedAgreement {
  images: number
  /** How many images got each verdict from the float model. */
  verdicts: Record<string, number>
  /** Images whose verdict differs. */
  flips: { image: string; float: string; quantised: string }[]
  findings: number
  /** Findings without a partner of their class at IoU 0.5 or more, on either side. */
  unmatched: number
  /** Largest difference of the score of matched findings. */
  scoreMax: number
  /** Largest difference of the named numbers of an image, relative above 1. */
  scoresMax: number
}

/** Verdicts and findings of both, image by image. */
export async function compareAnswers(
  float: ModelRunner,
  quantised: ModelRunner,
  judge: Judge,
  images: AsyncIterable<{ id: string; images: ModelImages }>,
): Promise<QuantisedAgreement> {
  const result: QuantisedAgreement = {
    images: 0,
    verdicts: {},
    flips: [],
    findings: 0,
    unmatched: 0,
    scoreMax: 0,
    scoresMax: 0,
  }
  for await (const { id, images: shown } of images) {
    const want = await float.run(shown, judge.options)
    const got = await quantised.run(shown, judge.options)
    const verdicts = { float: judge.verdictOf(want), quantised: judge.verdictOf(got) }
    if (verdicts.float !== verdicts.quantised) result.flips.push({ image: id, ...verdicts })
    const parity = compareFindings(got, want)
    result.images += 1
    result.verdicts[verdicts.float] = (result.verdicts[verdicts.float] ?? 0) + 1
    result.findings += want.findings.length
    result.unmatched += parity.unmatched
    result.scoreMax = Math.max(result.scoreMax, parity.scoreMax)
    result.scoresMax = Math.max(result.scoresMax, parity.scoresMax)
  }
  return result
}

export interface QuantisedTime {
  /** Median time inside the session for one image, ms. */
  floatMs: number
  quantisedMs: number
  /** CPU time of the float model divided by that of the quantised one, preparation included: above 1 is faster. */
  cpuRatio: number
}

/** Rounds over all images that count, after one that does not. */
const ROUNDS = 5

/** Times both in one run, one after the other on each image, so that a disturbance meets both. */
export async function timeBoth(
  float: ModelRunner,
  quantised: ModelRunner,
  options: RunOptions,
  images: readonly ModelImages[],
): Promise<QuantisedTime> {
  const runners = [float, quantised]
  const spent = [0, 0]
  const times: number[][] = [[], []]
  for (let round = 0; round <= ROUNDS; round++)
    for (const shown of images)
      for (const [n, runner] of runners.entries()) {
        const before = process.cpuUsage()
        const { inferMs } = await runner.run(shown, options)
        const { user, system } = process.cpuUsage(before)
        if (round === 0) continue
        spent[n] = (spent[n] ?? 0) + user + system
        times[n]?.push(inferMs)
      }
  const [floatMs = NaN, quantisedMs = NaN] = times.map(
    (list) => list.toSorted((a, b) => a - b)[list.length >> 1],
  )
  return { floatMs, quantisedMs, cpuRatio: (spent[0] ?? NaN) / (spent[1] ?? NaN) }
}
