import { CodedError, type ImageQuality, type Recipe } from '../../contracts/index.ts'
import type { PartImage } from '../pipeline/part-image.ts'
import { presenceMeter } from './presence.ts'
import { measureQuality } from './quality.ts'

/** A limit of the recipe that a frame violates. */
export interface GateViolation {
  limit:
    'focusMin' | 'meanGreyMin' | 'meanGreyMax' | 'glareMax' | 'darkMax' | 'blurAnisotropyMax' | 'presence'
  bound: number
  measured: number
}

export interface GateResult {
  quality: ImageQuality
  violations: GateViolation[]
}

/** The image-quality gate of a recipe: what is too poor to judge is a no-verdict, before any tool runs. */
export function compileGate(recipe: Recipe): (image: PartImage) => GateResult {
  const limits = recipe.gate
  const presence = limits.presence
  const presenceOf = presence && presenceMeter(recipe, presence.roi)
  return (image) => {
    const quality = measureQuality(image.pixels)
    const violations: GateViolation[] = []
    const atLeast = (limit: GateViolation['limit'], bound: number | undefined, measured: number): void => {
      if (bound !== undefined && measured < bound) violations.push({ limit, bound, measured })
    }
    const atMost = (limit: GateViolation['limit'], bound: number | undefined, measured: number): void => {
      if (bound !== undefined && measured > bound) violations.push({ limit, bound, measured })
    }
    atLeast('focusMin', limits.focusMin, quality.focus)
    atLeast('meanGreyMin', limits.meanGreyMin, quality.meanGrey)
    atMost('meanGreyMax', limits.meanGreyMax, quality.meanGrey)
    atMost('glareMax', limits.glareMax, quality.glare)
    atMost('darkMax', limits.darkMax, quality.dark)
    atMost('blurAnisotropyMax', limits.blurAnisotropyMax, quality.blurAnisotropy)
    if (presence && presenceOf) atLeast('presence', presence.stdMin, presenceOf(image))
    return { quality, violations }
  }
}

/** All violated limits as one INS_QUALITY error. */
export function qualityError(violations: readonly GateViolation[]): CodedError {
  const text = (n: number): string => String(Number(n.toPrecision(4)))
  return new CodedError('INS_QUALITY', {
    expected: violations.map((v) => `${v.limit} ${text(v.bound)}`).join(', '),
    actual: violations.map((v) => text(v.measured)).join(', '),
    hint: Object.entries(HINTS).find(([limit]) => violations.some((v) => v.limit === limit))?.[1],
  })
}

/** The cause before what comes of it: a picture without light or part is not sharp either. */
const HINTS: Record<GateViolation['limit'], string> = {
  meanGreyMin: 'check the lamp and the exposure',
  darkMax: 'check the lamp and the exposure',
  meanGreyMax: 'check the exposure',
  glareMax: 'check reflections and the exposure',
  presence: 'no part in its place: check the trigger',
  focusMin: 'check focus and dirt on the lens',
  blurAnisotropyMax: 'check vibration, belt speed and exposure time',
}
