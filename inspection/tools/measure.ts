import { CodedError, type Measurement } from '../../contracts/index.ts'
import { findEdges, sampleProfile } from '../kernels/index.ts'
import type { Tool } from './tool.ts'

/**
 * Distance between the first and the last matching edge along a line, sub-pixel. The profile is averaged across the
 * line and its derivative's extrema are placed by a log-parabola. Millimetres and their uncertainty (k=2) come from the
 * calibration. Without both edges there is no value: the part is held, not passed.
 */
export const measure: Tool<'measure@1'> = {
  use: 'measure@1',
  prepare(spec, { recipe }) {
    const [x1, y1, x2, y2] = spec.line
    const length = Math.hypot(x2 - x1, y2 - y1)
    const { widthPx, heightPx } = recipe.view
    const inside =
      [x1, x2].every((x) => x >= 0 && x <= widthPx) && [y1, y2].every((y) => y >= 0 && y <= heightPx)
    if (length < 4 || !inside)
      throw new CodedError('CFG_INVALID', {
        path: `tools.${spec.id}.line`,
        expected: `a line of at least 4 px inside ${widthPx} × ${heightPx} px`,
        actual: JSON.stringify(spec.line),
      })
    const { calibration } = recipe
    if (spec.unit === 'mm' && !calibration)
      throw new CodedError('CFG_UNKNOWN_REFERENCE', {
        path: `tools.${spec.id}.unit`,
        expected: '`calibration:` in the recipe for mm',
        actual: 'none',
      })
    const scale = spec.unit === 'mm' ? (calibration?.mmPerPx ?? 1) : 1
    const ux = (x2 - x1) / length
    const uy = (y2 - y1) / length
    const profile = new Float64Array(Math.floor(length) + 1)
    const edges = new Float64Array(profile.length)
    return {
      id: spec.id,
      use: spec.use,
      run({ image }) {
        sampleProfile(image.grey, widthPx, heightPx, x1 - 0.5, y1 - 0.5, ux, uy, spec.halfWidthPx, profile)
        const from = edgesOf(profile, spec.edges[0], spec.minContrast, edges)[0]
        const to = edgesOf(profile, spec.edges[1], spec.minContrast, edges).at(-1)
        if (from === undefined || to === undefined || to <= from)
          throw new CodedError('INS_TOOL', {
            path: spec.id,
            expected: `a ${spec.edges[0]} edge and after it a ${spec.edges[1]} edge of at least ${spec.minContrast} grey levels per px`,
            actual: `first ${place(from)}, last ${place(to)}`,
            hint: 'check the part, the light and the line of the measurement',
          })
        const value = (to - from) * scale
        const measurement: Measurement = {
          characteristic: spec.characteristic,
          tool: spec.id,
          value,
          unit: spec.unit,
          ...(spec.lsl === undefined ? {} : { lsl: spec.lsl }),
          ...(spec.usl === undefined ? {} : { usl: spec.usl }),
          ...(spec.target === undefined ? {} : { target: spec.target }),
          ...(spec.unit === 'mm' ? { uncertainty: value * (calibration?.uncertainty ?? 0) } : {}),
          line: [x1 + from * ux, y1 + from * uy, x1 + to * ux, y1 + to * uy],
        }
        return { measurements: [measurement] }
      },
    }
  },
}

const place = (at: number | undefined): string => (at === undefined ? 'none' : `at ${at.toFixed(1)} px`)

function edgesOf(
  profile: Float64Array,
  edge: 'rising' | 'falling',
  minContrast: number,
  room: Float64Array,
): number[] {
  const n = findEdges(profile, edge === 'rising' ? 1 : -1, minContrast, room)
  return [...room.subarray(0, n)]
}
