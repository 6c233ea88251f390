import type { Finding, Recipe } from '../../contracts/index.ts'
import { roisAt } from '../pipeline/roi.ts'
import type { PreparedTool, RawFinding } from './tool.ts'

/** Gives findings their ids, regions, millimetres and the model that saw them. */
export function completeFindings(recipe: Recipe, tool: PreparedTool, raw: readonly RawFinding[]): Finding[] {
  const { calibration } = recipe
  return raw.map((f, n) => {
    const [x1, y1, x2, y2] = f.box
    const x = (x1 + x2) / 2
    const y = (y1 + y2) / 2
    const mm = calibration && {
      areaMm2: f.areaPx * calibration.mmPerPx ** 2,
      lengthMm: Math.max(x2 - x1, y2 - y1) * calibration.mmPerPx,
      partXY: [
        calibration.originMm[0] + x * calibration.mmPerPx,
        calibration.originMm[1] + y * calibration.mmPerPx,
      ] as const,
    }
    return {
      id: `${tool.id}/${n}`,
      tool: tool.id,
      use: tool.use,
      class: f.class,
      score: f.score,
      box: f.box,
      areaPx: f.areaPx,
      ...mm,
      rois: roisAt(recipe, x, y),
      ...(tool.model ? { modelSha256: tool.model.sha256 } : {}),
    }
  })
}
