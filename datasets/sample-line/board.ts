import type { Box } from '../../contracts/index.ts'
import { CodedError } from '../../contracts/thread.ts'
import { injectDefects, type TrueDefect } from './defects.ts'
import type { DefectClass } from './defect-shapes.ts'
import { BOARD_PX, clip, grow } from './design.ts'
import { elementString, printLabel } from './label.ts'
import { blur3, expose, NO_OPTICS, type Optics } from './optics.kernel.ts'
import { composeGrey, GREYS, type SampleProduct } from './product.ts'
import { createRng, mixSeed, type Rng } from './rng.ts'

export interface BoardOrder {
  serial: string
  lot: string
  seed: number
  defects: readonly DefectClass[]
  /** Default: drawn from the seed by `drawOptics`. */
  optics?: Optics
  /** Free space around the changed pixels in the boxes; default 10 px as in DeepPCB. */
  boxMarginPx?: number
}

/** What is true about one board. */
export interface BoardTruth {
  product: string
  gtin: string
  serial: string
  lot: string
  /** GS1 element string in the code, or null on a product without label. */
  code: string | null
  defects: TrueDefect[]
  optics: Optics
}

/** One exposure: mono8, HW, `BOARD_PX` square. */
export interface SampleBoard {
  pixels: Uint8Array
  widthPx: number
  heightPx: number
  truth: BoardTruth
}

/** Grey levels of a defect-free board with an empty label field, without optics: the golden template. A copy. */
export const renderGolden = (product: SampleProduct): Uint8Array => product.grey.slice()

/** Shift up to ±8 px, rotation up to ±0.8°, and the usual spread of focus, light and noise of a line camera. */
function drawOptics(rng: Rng): Optics {
  return {
    dxPx: rng.range(-8, 8),
    dyPx: rng.range(-8, 8),
    angleRad: rng.range(-0.8, 0.8) * 0.017453292519943295,
    blur: rng.range(0.1, 0.24),
    gain: rng.range(0.94, 1.06),
    vignetting: rng.range(0.02, 0.1),
    tiltX: rng.range(-0.05, 0.05),
    tiltY: rng.range(-0.05, 0.05),
    noise: rng.range(1.2, 3),
    seed: rng.int(1, 0x7fffffff),
  }
}

/**
 * Makes one board of a product. The same product, order and seed give the same bytes on every machine.
 *
 * @throws DAT_EMPTY when a defect finds no place; DAT_ANNOTATION when the code does not fit the label
 */
export async function renderBoard(product: SampleProduct, order: BoardOrder): Promise<SampleBoard> {
  const rng = createRng(mixSeed(order.seed, 0xb0a7d))
  const optics = order.optics ?? drawOptics(rng.fork(1))
  const grey = product.grey.slice()
  const defects = drawDefects(product, order, rng.fork(2), grey)
  const label = product.design.label
  const text = { gtin: product.gtin, serial: order.serial, lot: order.lot }
  if (label) await print(grey, label, text, product)
  return {
    pixels: takePicture(grey, optics, GREYS[product.polarity].substrate),
    widthPx: BOARD_PX,
    heightPx: BOARD_PX,
    truth: {
      product: product.id,
      ...text,
      code: label ? elementString(text) : null,
      defects,
      optics,
    },
  }
}

function drawDefects(product: SampleProduct, order: BoardOrder, rng: Rng, grey: Uint8Array): TrueDefect[] {
  if (order.defects.length === 0) return []
  const copper = { ...product.layers.copper, data: product.layers.copper.data.slice() }
  const made = injectDefects(product, copper, order.defects, rng, order.boxMarginPx)
  for (const d of made) composeGrey(product, copper.data, clip(grow(d.box, 4)), grey)
  return made
}

/** Ink on the label is dark on either polarity. */
async function print(
  grey: Uint8Array,
  field: Box,
  text: { gtin: string; serial: string; lot: string },
  product: SampleProduct,
): Promise<void> {
  const ink = await printLabel(field, text)
  const paper = GREYS[product.polarity].label
  for (let y = 0; y < ink.heightPx; y++) {
    for (let x = 0; x < ink.widthPx; x++) {
      const i = (field[1] + y) * BOARD_PX + field[0] + x
      grey[i] = Math.round(paper - ((paper - 26) * (ink.data[y * ink.widthPx + x] ?? 0)) / 255)
    }
  }
}

/** What the camera sees of a drawn board; the input is left as it is. */
export function takePicture(grey: Uint8Array, optics: Optics, outside: number): Uint8Array {
  if (grey.length !== BOARD_PX * BOARD_PX) {
    throw new CodedError('INS_SHAPE', {
      expected: `${BOARD_PX} x ${BOARD_PX} px`,
      actual: `${grey.length} px`,
    })
  }
  const sharp = new Uint8Array(grey.length)
  if (optics.blur > 0) blur3(grey, BOARD_PX, BOARD_PX, optics.blur, new Uint8Array(grey.length), sharp)
  else sharp.set(grey)
  const out = new Uint8Array(grey.length)
  expose(sharp, BOARD_PX, BOARD_PX, optics, outside, out)
  return out
}

/** The view a recipe's golden template is made from: the camera's own blur, nothing else. */
export const goldenPicture = (product: SampleProduct): Uint8Array =>
  takePicture(product.grey, { ...NO_OPTICS, blur: 0.17 }, GREYS[product.polarity].substrate)
