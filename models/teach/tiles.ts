import type { Tiles, WorkingSize } from './working-size.ts'

/** A larger working area is cut into tiles: what a network holds at once is what one tile takes. */
export const UNCUT_PX = 1_048_576
/** Sides of a tile at most, px. */
const MOST_PX = 1_024
/**
 * What lies beyond the border of a tile a network cannot see: descriptors of backbone-s differ there from those of the
 * whole image by 38 % at the border, 8 % eight cells from it, 2 % twelve and 0.01 % twenty. The middle of the overlap,
 * twelve cells from both borders, is where one tile hands over to the next.
 */
const OVERLAP_PX = 192

/** Tiles for a working area, whose sides are multiples of `stepPx`; nothing where it is judged in one piece. */
export function tilesFor(widthPx: number, heightPx: number, stepPx: number): Tiles | undefined {
  if (widthPx * heightPx <= UNCUT_PX) return undefined
  const up = (px: number): number => Math.ceil(px / stepPx) * stepPx
  const overlapPx = up(OVERLAP_PX)
  const alongside = (sidePx: number): { count: number; px: number } => {
    const count = Math.max(1, Math.ceil((sidePx - overlapPx) / (MOST_PX - overlapPx)))
    return { count, px: Math.min(sidePx, up((sidePx - overlapPx) / count) + overlapPx) }
  }
  const [across, down] = [alongside(widthPx), alongside(heightPx)]
  return { columns: across.count, rows: down.count, widthPx: across.px, heightPx: down.px, overlapPx }
}

/** Where the tiles of a working area lie, and which of their patches make its grid. */
export interface TileView {
  /** Upper left corner of each tile that is seen, px. */
  origins: [top: number, left: number][]
  /** [cells] of the grid: row of the patches of all seen tiles, one tile after the other. */
  source: Int32Array<ArrayBuffer>
}

/**
 * Each cell is that of the tile whose border is farthest from it, so that no cell is seen from two sides and no seam
 * is left to blend. Tiles all of whose cells are not allowed are not seen; their cells repeat the first one.
 *
 * @param allowed 1 or 0 per cell; null when all are
 */
export function viewTiles(
  { widthPx, heightPx, grid }: WorkingSize,
  tiles: Tiles,
  allowed: Float32Array | null,
): TileView {
  const { stridePx } = grid
  const [tileColumns, tileRows] = [tiles.widthPx / stridePx, tiles.heightPx / stridePx]
  const across = spread(widthPx, tiles.widthPx, tiles.columns, tiles.overlapPx)
  const down = spread(heightPx, tiles.heightPx, tiles.rows, tiles.overlapPx)
  const seen = new Map<number, number>()
  const origins: TileView['origins'] = []
  const source = new Int32Array(grid.width * grid.height)
  for (let v = 0; v < grid.height; v++) {
    const row = owner(down, tiles.heightPx, (v + 0.5) * stridePx)
    for (let u = 0; u < grid.width; u++) {
      const cell = v * grid.width + u
      if (allowed !== null && allowed[cell] === 0) continue
      const column = owner(across, tiles.widthPx, (u + 0.5) * stridePx)
      const tile = row * tiles.columns + column
      const [top, left] = [down[row] ?? 0, across[column] ?? 0]
      let number = seen.get(tile)
      if (number === undefined) {
        number = origins.push([top, left]) - 1
        seen.set(tile, number)
      }
      source[cell] = (number * tileRows + v - top / stridePx) * tileColumns + u - left / stridePx
    }
  }
  return { origins, source }
}

/** How many tiles are not seen. */
export const skippedTiles = (size: WorkingSize, tiles: Tiles, allowed: Float32Array | null): number =>
  tiles.columns * tiles.rows - viewTiles(size, tiles, allowed).origins.length

/** First px of each tile along a side. */
const spread = (sidePx: number, tilePx: number, count: number, overlapPx: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.min(i * (tilePx - overlapPx), sidePx - tilePx))

/** The tile along a side whose border is farthest from a place. */
function owner(starts: readonly number[], tilePx: number, atPx: number): number {
  let tile = 0
  // it hands over in the middle of what it shares with the next
  while (atPx >= ((starts[tile] ?? 0) + tilePx + (starts[tile + 1] ?? Infinity)) / 2) tile += 1
  return tile
}
