import type { Design } from './design.ts'
import type { Rng } from './rng.ts'
import type { RoutingGrid } from './routing-grid.ts'

/** Everything a layout step works on. */
export interface Workbench {
  rng: Rng
  design: Design
  grid: RoutingGrid
  /** Distance of grid lines, px. */
  pitch: number
  origin: number
  /** Width of ordinary traces, px. */
  tracePx: number
  nextNet: number
}

export const toPx = (w: Workbench, cells: number): number => w.origin + cells * w.pitch
