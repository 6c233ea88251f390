import { collect } from './collect.ts'
import { conclude } from './conclude.ts'
import type { TeachReport } from './conclude.ts'
import { groupsOf } from './groups.ts'
import type { TeachProgress, TeachRequest } from './request.ts'
import type { TeachData } from './teach-data.ts'
import { withTools } from './tools.ts'

export interface TaughtModel {
  /** Bytes of the ONNX model. */
  model: Uint8Array
  report: TeachReport
  data: TeachData
  /** Inputs for golden vectors, HWC RGB of the working size. */
  examples: readonly Uint8Array[]
  /** Upper bound of the memory the work was allowed to hold, bytes. */
  memoryBytes: number
}

/**
 * Teaches a model from good images; no network is trained: backbone, patch embeddings, references, statistics, threshold,
 * one ONNX graph. The same images, options and backbone give the same bytes, whatever the number of threads. Blocks its
 * thread in turns: call it from a worker. Writes nothing.
 *
 * @throws CFG_USAGE, TCH_IMAGES, TCH_LIMIT, TCH_CANCELLED, MDL_OUTPUT; what `load` of an image throws
 */
export async function teach(request: TeachRequest): Promise<TaughtModel> {
  // A pattern that is wrong is said before the first image is described.
  groupsOf(request)
  return withTools(request, async (tools) => {
    const { data, warnings, fewParts, examples, memoryBytes } = await collect(request, tools)
    const onProgress = (p: TeachProgress): void => request.onProgress?.(p)
    const { model, report } = await conclude(request.backbone, data, { ...tools, onProgress })
    return {
      model,
      report: {
        ...report,
        // a curve of photographs of the same parts is flat, and says nothing of others
        learningCurve: { ...report.learningCurve, enough: report.learningCurve.enough && !fewParts },
        warnings: [...warnings, ...report.warnings],
      },
      data,
      examples,
      memoryBytes,
    }
  })
}
