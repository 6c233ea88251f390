import type { Box } from '../../contracts/index.ts'
import { labelRegions } from './components.kernel.ts'
import { renderCopper, type CopperLayers } from './copper.ts'
import { BOARD_PX, clip, grow, type Design, type DesignOptions } from './design.ts'
import { distanceTo } from './distance.kernel.ts'
import { gtinOf } from './label.ts'
import { createDesign } from './layout.ts'
import { fillPolyline, layer, type Layer } from './raster.kernel.ts'
import { createRng, mixSeed } from './rng.ts'
import { drawText } from './stroke-font.ts'

/**
 * How copper looks. `bright`: reflected light, copper shines on dark laminate. `dark`: fluorescence or back light,
 * the laminate glows and copper is black, as in the DeepPCB data set.
 */
export type Polarity = 'bright' | 'dark'

export interface ProductOptions extends Partial<DesignOptions> {
  polarity?: Polarity
}

/** One product, rendered once; boards are made from it by changing a few windows. All maps are HW, 640². */
export interface SampleProduct {
  seed: number
  id: string
  gtin: string
  polarity: Polarity
  design: Design
  layers: CopperLayers
  /** 1 = copper */
  mask: Uint8Array
  /** Number of the conductor, 0 = substrate. */
  nets: Int32Array
  /** Distance of copper pixels to substrate, and of substrate pixels to copper, px. */
  depth: Float32Array
  clearance: Float32Array
  silk: Layer
  /** Small grey differences of laminate and copper, -8..8. */
  texture: Int8Array
  /** Where defects must not lie: label, fiducials, legend. */
  reserved: Box[]
  /** Grey image without defects, without print, without optics. */
  grey: Uint8Array
}

/** Deterministic for seed and options. */
export function createSampleProduct(seed: number, options: ProductOptions = {}): SampleProduct {
  const frame = options.frame ?? 'board'
  const design = createDesign(seed, {
    frame,
    label: options.label ?? frame === 'board',
    silk: options.silk ?? frame === 'board',
  })
  const layers = renderCopper(design)
  const n = BOARD_PX * BOARD_PX
  const mask = new Uint8Array(n)
  for (let i = 0; i < n; i++) mask[i] = (layers.copper.data[i] ?? 0) >= 128 ? 1 : 0
  const nets = new Int32Array(n)
  labelRegions(mask, BOARD_PX, [0, 0, BOARD_PX, BOARD_PX], 1, nets)
  const depth = new Float32Array(n)
  const clearance = new Float32Array(n)
  distanceTo(mask, 0, BOARD_PX, BOARD_PX, depth)
  distanceTo(mask, 1, BOARD_PX, BOARD_PX, clearance)
  const silk = layer(BOARD_PX, BOARD_PX)
  for (const t of design.silkText) drawText(silk, t.text, t.x, t.y, t.heightPx, t.strokePx, t.quarterTurns)
  for (const t of design.silkLines) fillPolyline(silk, t.points, t.widthPx)
  const product: SampleProduct = {
    seed,
    id: `pcb-${(seed >>> 0).toString(36)}`,
    gtin: gtinOf(seed),
    polarity: options.polarity ?? 'bright',
    design,
    layers,
    mask,
    nets,
    depth,
    clearance,
    silk,
    texture: weave(seed),
    reserved: reservedBoxes(design),
    grey: new Uint8Array(n),
  }
  composeGrey(product, layers.copper.data, [0, 0, BOARD_PX, BOARD_PX], product.grey)
  return product
}

function reservedBoxes(design: Design): Box[] {
  const boxes: Box[] = design.fiducials.map((f) => clip(grow([f.cx, f.cy, f.cx, f.cy], f.clearPx + 2)))
  if (design.label) boxes.push(clip(grow(design.label, 6)))
  for (const t of design.silkText) {
    boxes.push(clip(grow([t.x, t.y, t.x + t.text.length * t.heightPx, t.y + t.heightPx], 4)))
  }
  return boxes
}

/** Glass weave of the laminate and rolling marks of the copper: faint, and the same on every board of the product. */
function weave(seed: number): Int8Array {
  const rng = createRng(mixSeed(seed, 0x7ea))
  const warp = Array.from({ length: BOARD_PX }, () => rng.normal())
  const weft = Array.from({ length: BOARD_PX }, () => rng.normal())
  const out = new Int8Array(BOARD_PX * BOARD_PX)
  for (let y = 0; y < BOARD_PX; y++) {
    for (let x = 0; x < BOARD_PX; x++) {
      const thread = ((x >> 2) + (y >> 2)) % 2 === 0 ? (warp[x] ?? 0) : (weft[y] ?? 0)
      out[y * BOARD_PX + x] = Math.round(Math.max(-8, Math.min(8, thread * 2.2 + rng.normal() * 0.8)))
    }
  }
  return out
}

interface Greys {
  substrate: number
  copper: number
  hole: number
  silk: number
  label: number
}

export const GREYS: Record<Polarity, Greys> = {
  bright: { substrate: 58, copper: 186, hole: 14, silk: 222, label: 214 },
  dark: { substrate: 206, copper: 44, hole: 228, silk: 168, label: 222 },
}

/**
 * Grey levels of a window from the copper coverage and the product's other layers.
 *
 * @param copper HW coverage, read only
 * @param out    HW, overwritten inside `window`
 */
export function composeGrey(product: SampleProduct, copper: Uint8Array, window: Box, out: Uint8Array): void {
  const g = GREYS[product.polarity]
  const [x1, y1, x2, y2] = window
  const { texture } = product
  const holes = product.layers.holes.data
  const silk = product.silk.data
  const label = product.design.label
  for (let y = y1; y < y2; y++) {
    for (let x = x1; x < x2; x++) {
      const i = y * BOARD_PX + x
      const base = g.substrate + (texture[i] ?? 0)
      const metal = g.copper + ((texture[i] ?? 0) >> 1)
      let v = base + ((metal - base) * (copper[i] ?? 0)) / 255
      v += ((g.hole - v) * (holes[i] ?? 0)) / 255
      v += ((g.silk - v) * (silk[i] ?? 0)) / 255
      if (label && x >= label[0] && x < label[2] && y >= label[1] && y < label[3]) v = g.label
      out[i] = Math.round(v)
    }
  }
}
