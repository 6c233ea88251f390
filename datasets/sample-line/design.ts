import type { Box } from '../../contracts/index.ts'
import type { Point } from './raster.kernel.ts'

/** Side of every sample image, px. */
export const BOARD_PX = 640
/** 48 px/mm, as in the DeepPCB data set. */
export const MM_PER_PX = 1 / 48

export interface Trace {
  points: Point[]
  widthPx: number
}

export interface Pad {
  shape: 'rect' | 'disc'
  cx: number
  cy: number
  widthPx: number
  heightPx: number
  cornerPx: number
  /** Diameter of the drilled hole, 0 = none. */
  holePx: number
}

/** Copper poured into the free part of a region, keeping clear of everything else. */
export interface Pour {
  box: Box
  /** Corners cut at 45° by this much, px. */
  chamferPx: number
  clearancePx: number
  holes: { cx: number; cy: number; radiusPx: number }[]
}

export interface Legend {
  text: string
  x: number
  y: number
  heightPx: number
  strokePx: number
  quarterTurns: 0 | 1
}

/** The geometry of one product, px of its golden template. */
export interface Design {
  seed: number
  traces: Trace[]
  pads: Pad[]
  pours: Pour[]
  /** Letters etched in copper. */
  copperText: Legend[]
  /** Printed legend, on substrate only. */
  silkText: Legend[]
  silkLines: Trace[]
  fiducials: { cx: number; cy: number; radiusPx: number; clearPx: number }[]
  /** Where the serial is printed; null = a product without label. */
  label: Box | null
}

export interface DesignOptions {
  /** `board`: the whole board with fiducials inside the image. `crop`: a part of a larger one, cut by the edges. */
  frame: 'board' | 'crop'
  label: boolean
  silk: boolean
}

export const grow = (b: Box, by: number): Box => [b[0] - by, b[1] - by, b[2] + by, b[3] + by]

export const clip = (b: Box): Box => [
  Math.max(0, Math.floor(b[0])),
  Math.max(0, Math.floor(b[1])),
  Math.min(BOARD_PX, Math.ceil(b[2])),
  Math.min(BOARD_PX, Math.ceil(b[3])),
]

export const overlap = (a: Box, b: Box): boolean => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
