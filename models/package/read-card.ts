import { CodedError, modelCardSchema } from '../../contracts/index.ts'
import type { ModelCard, ModelInput } from '../../contracts/index.ts'
import { parsePackageJson } from './parse-json.ts'

/**
 * Parses a card and checks what its schema cannot say.
 *
 * @throws MDL_PACKAGE with the path of the first fault
 */
export function readCard(text: string, file: string): ModelCard {
  const card = parsePackageJson(text, modelCardSchema, file)
  const fault = cardFault(card)
  if (fault !== null) throw new CodedError('MDL_PACKAGE', { file, ...fault })
  return card
}

function cardFault(card: ModelCard): Fault | null {
  const roles = card.inputs.map((i) => i.role)
  if (roles.filter((r) => r === 'image').length !== 1 || new Set(roles).size !== roles.length)
    return {
      path: 'inputs',
      expected: 'one input with role image, and at most one with role template',
      actual: roles.join(', '),
    }
  if (new Set(card.inputs.map((i) => i.name)).size !== card.inputs.length)
    return {
      path: 'inputs',
      expected: 'different names',
      actual: card.inputs.map((i) => i.name).join(', '),
    }
  for (const [n, input] of card.inputs.entries()) {
    const path = `inputs[${n}]`
    const fault = sizeFault(input, path)
    if (fault !== null) return fault
  }
  const { spec } = card
  // Of a dictionary the space alone, as in PaddleOCR's of English: it is left out of what was read.
  const mayRepeat = (label: string): boolean => spec.family === 'text-recognition' && label === ' '
  const twice = card.labels.find((l, i) => card.labels.indexOf(l) !== i && !mayRepeat(l))
  if (twice !== undefined) return { path: 'labels', expected: 'each label once', actual: `${twice} twice` }
  if ((spec.family === 'anomaly-map' || spec.family === 'text-detection') && card.labels.length !== 1)
    return {
      path: 'labels',
      expected: `one label for ${spec.family}: the name of its findings`,
      actual: card.labels.join(', '),
    }
  if (
    spec.family === 'segmentation-classes' &&
    !card.labels.includes(spec.background ?? card.labels[0] ?? '')
  )
    return {
      path: 'spec.background',
      expected: 'one of the labels, or null',
      actual: String(spec.background),
    }
  const certain = alwaysCertain(card)
  if (certain !== null) return certain
  if (spec.family === 'anomaly-map' && spec.tiles !== undefined) return tilesFault(spec.tiles, card.inputs)
  if (card.spec.family === 'backbone') return backboneFault(card, card.spec.taps)
  return null
}

/** A score that is the same for every image: the softmax of one label is 1. */
function alwaysCertain({ spec, labels }: ModelCard): Fault | null {
  if (spec.family !== 'classification' && spec.family !== 'segmentation-classes') return null
  if (spec.activation === 'softmax' && labels.length === 1)
    return { path: 'labels', expected: 'two labels or more to choose from by softmax', actual: labels.join() }
  if (spec.family === 'segmentation-classes' && labels.every((l) => l === spec.background))
    return { path: 'labels', expected: 'a label beside the background', actual: labels.join() }
  return null
}

/**
 * Asked where a package is made, not where one is loaded: the best of one class is that class at every place, so that its
 * finding is the whole image, however small what it marks; its score is right.
 *
 * @throws MDL_PACKAGE for a segmentation with one label
 */
export function refuseOneClass({ spec, labels }: Pick<ModelCard, 'spec' | 'labels'>): void {
  if (spec.family !== 'segmentation-classes' || labels.length > 1) return
  throw new CodedError('MDL_PACKAGE', {
    path: 'labels',
    expected: 'two labels or more, since each place belongs to the best of its classes',
    actual: labels.join(', '),
    hint: 'a network that gives one number per place is imported with one label and no background, or packed with a card of the family anomaly-map (`models pack`)',
  })
}

/** Tiles that leave a part of the input unseen would pass it unjudged. */
function tilesFault(tiles: Tiles, [input]: readonly ModelInput[]): Fault | null {
  const { columns, rows, widthPx, heightPx, overlapPx, skipped } = tiles
  const reach = (count: number, px: number): number => count * px - (count - 1) * overlapPx
  const covered = [reach(columns, widthPx), reach(rows, heightPx)] as const
  const inside = overlapPx < Math.min(widthPx, heightPx) && skipped < columns * rows
  if (inside && covered[0] >= (input?.widthPx ?? Infinity) && covered[1] >= (input?.heightPx ?? Infinity))
    return null
  return {
    path: 'spec.tiles',
    expected: `tiles that cover the input, ${input?.widthPx} x ${input?.heightPx} px, of which one or more is seen`,
    actual: `${columns} x ${rows} tiles of ${widthPx} x ${heightPx} px that share ${overlapPx} px, ${skipped} skipped`,
  }
}

type Tiles = NonNullable<Extract<ModelCard['spec'], { family: 'anomaly-map' }>['tiles']>
type Fault = { path: string; expected: string; actual: string }

function sizeFault(input: ModelInput, path: string): Fault | null {
  const { widthPx, heightPx, fit, resizePx } = input
  const size = `${widthPx} x ${heightPx}`
  if (fit === 'height')
    return widthPx === null && heightPx !== null
      ? null
      : { path, expected: 'for fit height heightPx fixed and widthPx null', actual: size }
  if ((widthPx === null) !== (heightPx === null))
    return { path, expected: 'widthPx and heightPx both fixed or both null', actual: size }
  if (widthPx === null && fit !== 'none')
    return { path: `${path}.fit`, expected: 'none, since the graph takes any size', actual: fit }
  const longer = Math.max(widthPx ?? 0, heightPx ?? 0)
  if (fit === 'crop' && (resizePx ?? 0) < longer)
    return {
      path: `${path}.resizePx`,
      expected: `for fit crop at least ${longer} px, the longer side of the input`,
      actual: String(resizePx),
    }
  return null
}

function backboneFault(
  { inputs }: ModelCard,
  taps: readonly { output: string; stridePx: number }[],
): Fault | null {
  const step = Math.max(...taps.map((t) => t.stridePx))
  const [input] = inputs
  if (inputs.length !== 1 || input === undefined || input.widthPx !== null || input.multipleOf % step !== 0)
    return {
      path: 'inputs',
      expected: `one image of any size that is a multiple of ${step} px, the largest stride`,
      actual: inputs
        .map((i) => `${i.name} ${i.widthPx ?? 'any'} x ${i.heightPx ?? 'any'}, ${i.multipleOf}`)
        .join('; '),
    }
  const names = taps.map((t) => t.output)
  const twice = names.find((n, i) => names.indexOf(n) !== i)
  return twice === undefined
    ? null
    : { path: 'spec.taps', expected: 'each output once', actual: `${twice} twice` }
}
