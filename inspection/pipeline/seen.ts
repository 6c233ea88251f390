import { CodedError, type Recipe, type Registration, type ToolSpec } from '../../contracts/index.ts'
import { roiOf } from './roi.ts'

type Point = readonly [number, number]

/** A pixel whose centre the frame has was seen: a corner may lie half a pixel outside. */
const HALF_PX = 0.5

/**
 * Whether the frame of a part that lies off shows all that the tools look at. What it does not show is filled with
 * what lies at its border, and there no defect would ever be found.
 *
 * @param r where the part lies, as the frame was registered
 * @throws INS_REGISTER naming the first tool whose region is not wholly in the frame
 */
export function checkSeen(recipe: Recipe, r: Registration): void {
  const { widthPx, heightPx } = recipe.view
  const [cos, sin] = [Math.cos(r.angleRad), Math.sin(r.angleRad)]
  const [cx, cy] = [widthPx / 2, heightPx / 2]
  for (const tool of recipe.tools) {
    const beyond = mustSee(recipe, tool).map(([x, y]) => {
      const u = cos * (x - cx) - sin * (y - cy) + cx + r.dxPx
      const v = sin * (x - cx) + cos * (y - cy) + cy + r.dyPx
      return Math.max(-u, -v, u - widthPx, v - heightPx)
    })
    const most = Math.max(0, ...beyond)
    if (most > HALF_PX)
      throw new CodedError('INS_REGISTER', {
        path: tool.id,
        expected: `${tool.roi === undefined ? 'all that it looks at' : `region ${tool.roi}`} inside the frame`,
        actual: `up to ${most.toFixed(1)} px of it outside, where the part lies`,
        hint: 'check the part holder and the trigger, or leave more room around the region',
      })
  }
}

/**
 * Corners around what a tool must see, px of the part frame. Of codes it is nothing: half a symbol does not decode, so
 * that what was read was seen, and what was not is no read.
 */
function mustSee(recipe: Recipe, tool: ToolSpec): readonly Point[] {
  const { widthPx, heightPx } = recipe.view
  if (tool.use === 'register@1' || tool.use === 'code@1') return []
  if (tool.use === 'measure@1') return strip(tool).map(([x, y]) => [cut(x, widthPx), cut(y, heightPx)])
  if (tool.roi === undefined) return around([0, 0, widthPx, heightPx])
  const roi = roiOf(recipe, tool.roi)
  return roi.shape === 'polygon' ? roi.points : around(roi.box)
}

const around = ([x1, y1, x2, y2]: readonly [number, number, number, number]): Point[] => [
  [x1, y1],
  [x2, y1],
  [x2, y2],
  [x1, y2],
]

/** A line with the width that is averaged across it. */
function strip({ line: [x1, y1, x2, y2], halfWidthPx }: Extract<ToolSpec, { use: 'measure@1' }>): Point[] {
  const length = Math.hypot(x2 - x1, y2 - y1)
  const [ax, ay] = [(-(y2 - y1) / length) * halfWidthPx, ((x2 - x1) / length) * halfWidthPx]
  return [
    [x1 + ax, y1 + ay],
    [x1 - ax, y1 - ay],
    [x2 + ax, y2 + ay],
    [x2 - ax, y2 - ay],
  ]
}

const cut = (at: number, most: number): number => Math.min(Math.max(0, at), most)
