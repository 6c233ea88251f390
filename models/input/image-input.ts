import type { ModelInput } from '../../contracts/index.ts'
import { placeRows, replicateEdge, rgbToGrey } from '../kernels/convert.kernel.ts'
import { checkPixels } from '../pixels.ts'
import type { Pixels } from '../pixels.ts'
import type { ImageTensor } from '../runtime/ort-session.ts'
import { planFit } from './geometry.ts'
import type { Geometry } from './geometry.ts'
import { createResampler } from './resampler.ts'
import type { Resample } from './resampler.ts'

/** Grey of the letterbox margin, the value YOLO models are trained with (Ultralytics `LetterBox`, 114). */
const MARGIN = 114

interface PreparedInput {
  tensor: ImageTensor
  geometry: Geometry
}

/**
 * Brings images to the form one model input wants: size by the card's `fit`, grey ↔ RGB, edge padding. The
 * returned tensor is the preparer's own buffer, valid until the next call.
 */
export interface ImageInput {
  /** @throws MDL_INPUT when the image cannot be brought to the input's size */
  prepare(image: Pixels): PreparedInput
}

interface Plan {
  prepared: PreparedInput
  channels: 1 | 3
  resize: Resample | null
  /** Scratch of luma and of resized grey before it becomes RGB. */
  luma: Uint8Array
  small: Uint8Array
  /** The whole content where only its middle is shown to the model. */
  whole: Uint8Array | null
}

export function createImageInput(input: ModelInput): ImageInput {
  let plan: Plan | null = null
  return {
    prepare(image) {
      checkPixels(image, input.name)
      const known = plan?.prepared.geometry.image
      if (
        plan === null ||
        plan.channels !== image.channels ||
        known?.widthPx !== image.widthPx ||
        known.heightPx !== image.heightPx
      )
        plan = createPlan(input, image)
      fill(plan, input.channels, image)
      return plan.prepared
    },
  }
}

function createPlan(input: ModelInput, image: Pixels): Plan {
  const geometry = planFit(input, { widthPx: image.widthPx, heightPx: image.heightPx })
  const { model, content } = geometry
  const work = Math.min(image.channels, input.channels)
  const resized = content.widthPx !== image.widthPx || content.heightPx !== image.heightPx
  const expands = image.channels < input.channels
  return {
    prepared: {
      geometry,
      tensor: {
        data: new Uint8Array(model.widthPx * model.heightPx * input.channels).fill(
          input.marginGrey ?? MARGIN,
        ),
        shape: [1, model.heightPx, model.widthPx, input.channels],
      },
    },
    channels: image.channels,
    resize: resized ? createResampler(image, content, work, input.resample ?? 'pillow') : null,
    luma: new Uint8Array(image.channels > input.channels ? image.widthPx * image.heightPx : 0),
    small: new Uint8Array(resized && expands ? content.widthPx * content.heightPx : 0),
    whole:
      content.widthPx > model.widthPx || content.heightPx > model.heightPx
        ? new Uint8Array(content.widthPx * content.heightPx * input.channels)
        : null,
  }
}

function fill(plan: Plan, channels: 1 | 3, image: Pixels): void {
  const { geometry, tensor } = plan.prepared
  const { model, content, leftPx, topPx } = geometry
  const out = plan.whole ?? tensor.data
  const stride = (plan.whole ? content : model).widthPx * channels
  const start = plan.whole ? 0 : topPx * stride + leftPx * channels
  let src = image.data
  if (image.channels > channels) {
    rgbToGrey(src, plan.luma)
    src = plan.luma
  }
  const expands = image.channels < channels
  if (plan.resize === null && !expands && src.length === out.length) {
    out.set(src)
    if (plan.whole) cutMiddle(plan.whole, plan.prepared, channels)
    return
  }
  if (plan.resize !== null && !expands) plan.resize(src, out, start, stride)
  else {
    if (plan.resize !== null) {
      plan.resize(src, plan.small, 0, content.widthPx)
      src = plan.small
    }
    const rowBytes = content.widthPx * (expands ? 1 : channels)
    placeRows(src, rowBytes, content.heightPx, expands ? 3 : 1, out, start, stride)
  }
  if (plan.whole) cutMiddle(plan.whole, plan.prepared, channels)
  if (geometry.around === 'edge')
    replicateEdge(out, content.widthPx, content.heightPx, channels, model.widthPx, model.heightPx)
}

/** Shows the model the middle of the content. */
function cutMiddle(whole: Uint8Array, { geometry, tensor }: PreparedInput, channels: number): void {
  const { model, content, leftPx, topPx } = geometry
  for (let y = 0; y < model.heightPx; y++) {
    const from = ((y - topPx) * content.widthPx - leftPx) * channels
    tensor.data.set(whole.subarray(from, from + model.widthPx * channels), y * model.widthPx * channels)
  }
}
