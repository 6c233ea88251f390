import { CodedError } from '../../contracts/index.ts'
import type { FamilySpec, ModelCard } from '../../contracts/index.ts'
import type { VerifiedPackage } from '../package/verify.ts'

/** One feature map of a backbone: float32 [1, channels, height / stridePx, width / stridePx]. */
export type Tap = Extract<FamilySpec, { family: 'backbone' }>['taps'][number]

/**
 * What teaching needs of a backbone package: the graph, its one uint8 RGB input of free size, and its taps. The card
 * family `backbone` (contracts/card.schema.ts) is the whole agreement between a backbone and `models/teach`.
 */
export interface Backbone {
  id: string
  version: string
  /** SHA-256 of its model.onnx. */
  sha256: string
  licence: string
  trainingData: ModelCard['trainingData']
  model: Uint8Array
  /** Name of the input, uint8 [n, h, w, 3]. */
  input: string
  /** Both sides of an image must be multiples of it. */
  multipleOfPx: number
  taps: readonly Tap[]
}

/** @throws MDL_PACKAGE when the package is no backbone for colour images */
export function backboneOf(pkg: VerifiedPackage): Backbone {
  const { card, sha256, model } = pkg
  const [input] = card.inputs
  if (card.spec.family !== 'backbone' || input?.channels !== 3)
    throw new CodedError('MDL_PACKAGE', {
      file: pkg.dir,
      path: 'spec.family',
      expected: 'a backbone with an RGB input',
      actual: `${card.id}, family ${card.spec.family}, ${input?.channels ?? 0} channels`,
      hint: 'name a backbone package; `sightline models list` shows the family of each',
    })
  return {
    id: card.id,
    version: card.version,
    sha256,
    licence: card.licence,
    trainingData: card.trainingData,
    model,
    input: input.name,
    multipleOfPx: input.multipleOf,
    taps: card.spec.taps,
  }
}

/**
 * Taps that describe patches: those at the stride of the grid or coarser. Finer ones see edges and grain more than
 * parts: with them defects of castings and strips stood out less (ADR 7).
 */
export const patchTaps = (taps: readonly Tap[]): readonly Tap[] => {
  const stridePx = patchStride(taps)
  return taps.filter((t) => t.stridePx >= stridePx)
}

/** Stride of the grid of patches: 8 px, or the nearest stride the taps offer. Coarser taps are brought to it. */
export function patchStride(taps: readonly Tap[]): number {
  const strides = taps.map((t) => t.stridePx)
  return strides.reduce((best, s) => (Math.abs(s - 8) < Math.abs(best - 8) ? s : best))
}
