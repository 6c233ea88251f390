import { CodedError } from '../../contracts/index.ts'
import type { ModelRunner } from '../runner.ts'
import type { ImportArguments } from './arguments.schema.ts'
import { optionsOf, verdictOf } from './compare-image.ts'
import { compareFindings } from './parity.ts'
import type { ReferenceItem } from './read-reference.ts'

/** A quantised model beside the one it was made of, on the same images in the same run. */
export interface QuantisedParity {
  /** Images whose verdict differs; a package is made only when there are none. */
  flips: { image: string; fp32: string; quantised: string }[]
  findings: number
  /** Findings without a partner of their class at IoU 0.5 or more, on either side. */
  unmatched: number
  /** Largest difference of the score of matched findings. */
  scoreMax: number
  /** CPU time of the model before quantisation divided by that of the quantised one: above 1 is faster. */
  cpuRatio: number
}

/** Rounds over all images that the CPU time is taken of, after one that is not counted. */
const ROUNDS = 5

/**
 * Compares verdicts, findings and CPU time of a quantised model with those of the model it was made of.
 *
 * @throws MDL_GOLDEN when a verdict flips, naming image and both verdicts
 */
export async function compareQuantised(
  quantised: ModelRunner,
  fp32: ModelRunner,
  args: ImportArguments,
  items: readonly ReferenceItem[],
): Promise<QuantisedParity> {
  const result: QuantisedParity = { flips: [], findings: 0, unmatched: 0, scoreMax: 0, cpuRatio: NaN }
  for (const { image, pixels } of items) {
    const full = await fp32.run({ image: pixels }, optionsOf(args))
    const small = await quantised.run({ image: pixels }, optionsOf(args))
    const verdicts = { fp32: verdictOf(args, full), quantised: verdictOf(args, small) }
    if (verdicts.fp32 !== verdicts.quantised) result.flips.push({ image, ...verdicts })
    const parity = compareFindings(small, full)
    result.findings += full.findings.length
    result.unmatched += parity.unmatched
    result.scoreMax = Math.max(result.scoreMax, parity.scoreMax)
  }
  if (result.flips.length > 0)
    throw new CodedError('MDL_GOLDEN', {
      path: result.flips.map((f) => f.image).join(', '),
      expected: `the verdicts before quantisation: ${result.flips.map((f) => f.fp32).join(', ')}`,
      actual: result.flips.map((f) => f.quantised).join(', '),
      hint: 'calibrate on images of the line, or leave the head of the network in float',
    })
  const spent = { fp32: 0, quantised: 0 }
  // one after the other in each round, so that a disturbance meets both
  for (let round = 0; round <= ROUNDS; round++)
    for (const [name, runner] of [['fp32', fp32] as const, ['quantised', quantised] as const]) {
      const before = process.cpuUsage()
      for (const { pixels } of items) await runner.run({ image: pixels }, optionsOf(args))
      const { user, system } = process.cpuUsage(before)
      if (round > 0) spent[name] += user + system
    }
  return { ...result, cpuRatio: spent.fp32 / spent.quantised }
}
