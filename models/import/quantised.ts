import { CodedError } from '../../contracts/index.ts'
import { compareAnswers, timeBoth } from '../quantise/compare.ts'
import type { QuantisedAgreement } from '../quantise/compare.ts'
import type { ModelRunner } from '../runner.ts'
import type { ImportArguments } from './arguments.schema.ts'
import { optionsOf, verdictOf } from './compare-image.ts'
import type { ReferenceItem } from './read-reference.ts'

/** A quantised export beside the one it was made of; a package is made only when no verdict flips. */
export interface QuantisedParity extends QuantisedAgreement {
  /** CPU time of the model before quantisation divided by that of the quantised one: above 1 is faster. */
  cpuRatio: number
}

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
  async function* shown() {
    for (const { image, pixels } of items) yield { id: image, images: { image: pixels } }
  }
  const options = optionsOf(args)
  const judge = { options, verdictOf: (output: Parameters<typeof verdictOf>[1]) => verdictOf(args, output) }
  const result = await compareAnswers(fp32, quantised, judge, shown())
  if (result.flips.length > 0)
    throw new CodedError('MDL_GOLDEN', {
      path: result.flips.map((f) => f.image).join(', '),
      expected: `the verdicts before quantisation: ${result.flips.map((f) => f.float).join(', ')}`,
      actual: result.flips.map((f) => f.quantised).join(', '),
      hint: 'calibrate on images of the line, or leave the head of the network in float',
    })
  const { cpuRatio } = await timeBoth(
    fp32,
    quantised,
    options,
    items.map((i) => ({ image: i.pixels })),
  )
  return { ...result, cpuRatio }
}
