import { CodedError } from '../../contracts/index.ts'
import type { Box, ModelInput } from '../../contracts/index.ts'
import { sizeText } from '../pixels.ts'

interface Size {
  widthPx: number
  heightPx: number
}

/**
 * How an image lies in the model's input: it is scaled to `content` px and its top left corner put at
 * (`leftPx`, `topPx`), which is negative where the content is cut. Coordinates are edges: model = image * scale + offset, without half-pixel terms.
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
  if (widthPx === null || heightPx === null)
    return heightPx === null ? planFree(input, image) : planHeight(input, heightPx, image)
  const model = { widthPx, heightPx }
  if (input.fit === 'crop') return planCrop(input, model, image)
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
    widthPx: Math.max(1, halfEven(image.widthPx * scale)),
    heightPx: Math.max(1, halfEven(image.heightPx * scale)),
  }
  // an odd margin puts the smaller half first
  const leftPx = Math.floor((widthPx - content.widthPx) / 2)
  const topPx = Math.floor((heightPx - content.heightPx) / 2)
  return { image, model, content, leftPx, topPx, around: 'grey' }
}

const roundUp = (n: number, step: number): number => Math.ceil(n / step) * step

function planFree(input: ModelInput, image: Size): Geometry {
  const scale = Math.min(1, (input.maxSidePx ?? Infinity) / Math.max(image.widthPx, image.heightPx))
  const content = {
    widthPx: Math.max(1, Math.round(image.widthPx * scale)),
    heightPx: Math.max(1, Math.round(image.heightPx * scale)),
  }
  const model = {
    widthPx: roundUp(content.widthPx, input.multipleOf),
    heightPx: roundUp(content.heightPx, input.multipleOf),
  }
  return { image, model, content, leftPx: 0, topPx: 0, around: 'edge' }
}

/** A line of text at the height of the recogniser (PaddleOCR `resize_norm_img`). */
function planHeight(input: ModelInput, heightPx: number, image: Size): Geometry {
  const content = {
    widthPx: Math.max(1, Math.ceil((heightPx * image.widthPx) / image.heightPx)),
    heightPx,
  }
  const widthPx = roundUp(Math.max(content.widthPx, input.minWidthPx ?? 1), input.multipleOf)
  return { image, model: { widthPx, heightPx }, content, leftPx: 0, topPx: 0, around: 'grey' }
}

/** `Resize(resizePx)` and `CenterCrop` of torchvision.transforms (`_compute_resized_output_size`, `center_crop`). */
function planCrop(input: ModelInput, model: Size, image: Size): Geometry {
  const side = input.resizePx ?? Math.max(model.widthPx, model.heightPx)
  const short = Math.min(image.widthPx, image.heightPx)
  const scaled = (size: number): number => (size === short ? side : Math.trunc((side * size) / short))
  const content = { widthPx: scaled(image.widthPx), heightPx: scaled(image.heightPx) }
  const leftPx = -halfEven((content.widthPx - model.widthPx) / 2)
  const topPx = -halfEven((content.heightPx - model.heightPx) / 2)
  return { image, model, content, leftPx, topPx, around: 'grey' }
}

/** Python's `round`, which both libraries use: halves go to the even neighbour. */
function halfEven(x: number): number {
  const down = Math.floor(x)
  return x - down === 0.5 ? down + (down % 2) : Math.round(x)
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
