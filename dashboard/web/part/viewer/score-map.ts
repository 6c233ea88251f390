import type { ScoreMap } from '../../api/types.ts'

/** Below this share of the map's range nothing is tinted, so that the part stays as it is. */
const FLOOR = 0.1

/**
 * Paints a score map once, as an image of one pixel per cell: transparent where nothing is suspicious, then yellow
 * to red. The opacity of the whole is the viewer's.
 */
export function paintScoreMap(map: ScoreMap): HTMLCanvasElement {
  const canvas = document.createElement('canvas')
  canvas.width = map.widthPx
  canvas.height = map.heightPx
  const context = canvas.getContext('2d')
  if (!context) return canvas
  const cells = Uint8Array.from(atob(map.data), (c) => c.charCodeAt(0))
  const image = context.createImageData(map.widthPx, map.heightPx)
  for (let i = 0; i < map.widthPx * map.heightPx; i++) {
    const v = (cells[i] ?? 0) / 255
    image.data[4 * i] = 255
    image.data[4 * i + 1] = Math.round(230 * (1 - v))
    image.data[4 * i + 2] = 40
    image.data[4 * i + 3] = Math.round(255 * Math.min(1, Math.max(0, (v - FLOOR) / 0.5)))
  }
  context.putImageData(image, 0, 0)
  return canvas
}
