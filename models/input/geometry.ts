import { CodedError } from '../../contracts/index.ts'
import type { Box, ModelInput } from '../../contracts/index.ts'
import { sizeText } from '../pixels.ts'

interface Size {
  widthPx: number
  heightPx: number
}

/**
 * How an image lies in the model's input: it is scaled to `content` px and its top left corner put at
 * (`leftPx`, `topPx`). Coordinates are edges: model = image * scale + offset, without half-pixel terms.
 */
export interface Geometry {
  image: Size
  model: Size
  content: Size
  leftPx: number
  topPx: number
  /** What surrounds the content: the margin grey of a letterbox, or the repeated edge of the image. */
  around: 'grey' | 'edge'
}

/**
 * Plans the fit of an image into a model input. Letterbox centring and rounding follow Ultralytics
 * (`LetterBox.__call__`), so that boxes land where the training put them.
 *
 * @throws MDL_INPUT when `fit` is `none` and the size is not the model's
 */
export function planFit(input: ModelInput, image: Size): Geometry {
  const { widthPx, heightPx } = input
  if (widthPx === null || heightPx === null) {
    const up = (n: number): number => Math.ceil(n / input.multipleOf) * input.multipleOf
    const model = { widthPx: up(image.widthPx), heightPx: up(image.heightPx) }
    return { image, model, content: image, leftPx: 0, topPx: 0, around: 'edge' }
  }
  const model = { widthPx, heightPx }
  const same = image.widthPx === widthPx && image.heightPx === heightPx
  if (same || input.fit === 'stretch')
    return { image, model, content: model, leftPx: 0, topPx: 0, around: 'grey' }
  if (input.fit === 'none')
    throw new CodedError('MDL_INPUT', {
      path: input.name,
      expected: sizeText(model),
      actual: sizeText(image),
      hint: 'crop the ROI to the size of the model, or use a package whose card has fit stretch or letterbox',
    })
  const scale = Math.min(widthPx / image.widthPx, heightPx / image.heightPx)
  const content = {
    widthPx: Math.max(1, Math.round(image.widthPx * scale)),
    heightPx: Math.max(1, Math.round(image.heightPx * scale)),
  }
  // an odd margin puts the smaller half first
  const leftPx = Math.floor((widthPx - content.widthPx) / 2)
  const topPx = Math.floor((heightPx - content.heightPx) / 2)
  return { image, model, content, leftPx, topPx, around: 'grey' }
}

/**
 * Maps a box of the model input to px of the image and clips it to the image. A box that lies outside (in the
 * margin, or flattened against the border) becomes the nearest strip of 1 px inside: a detection never vanishes.
 */
export function boxToImage(g: Geometry, x1: number, y1: number, x2: number, y2: number): Box {
  const sx = g.content.widthPx / g.image.widthPx
  const sy = g.content.heightPx / g.image.heightPx
  const [left, right] = clipSpan((x1 - g.leftPx) / sx, (x2 - g.leftPx) / sx, g.image.widthPx)
  const [top, bottom] = clipSpan((y1 - g.topPx) / sy, (y2 - g.topPx) / sy, g.image.heightPx)
  return [left, top, right, bottom]
}

function clipSpan(from: number, to: number, size: number): [number, number] {
  const a = Math.min(Math.max(from, 0), size)
  const b = Math.min(Math.max(to, 0), size)
  if (b > a) return [a, b]
  const start = Math.min(Math.max(Math.floor(a), 0), size - 1)
  return [start, start + 1]
}
