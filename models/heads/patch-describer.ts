import { CodedError } from '../../contracts/index.ts'
import { firstNonFinite } from '../kernels/finite.kernel.ts'
import { extendModel } from '../onnx/extend.ts'
import { openSession } from '../runtime/ort-session.ts'
import type { Backbone } from '../teach/backbone.ts'
import { channelsOf, descriptorNodes } from '../teach/feature-nodes.ts'
import { contextTaps } from './context-taps.ts'

/** Size of the model's input and of the grid of patches over it. */
export interface SegmentSize {
  widthPx: number
  heightPx: number
  stridePx: number
  /** Patches. */
  grid: { width: number; height: number }
}

const ROWS = 'sightline_patches'

export const patchFeatures = (backbone: Backbone): number => channelsOf(contextTaps(backbone.taps).taps)

export interface PatchDescriber {
  /** Numbers that describe a patch. */
  readonly features: number
  /**
   * @param image HWC uint8 RGB of the working size
   * @returns [patches][features], a new array
   * @throws MDL_OUTPUT when the backbone gives NaN or infinity for it
   */
  describe(image: Uint8Array<ArrayBuffer>, name: string): Promise<Float32Array>
  close(): Promise<void>
}

/** The backbone with the descriptors of all taps and of their surroundings, brought to the finest stride. */
export async function openPatchDescriber(backbone: Backbone, size: SegmentSize): Promise<PatchDescriber> {
  const context = contextTaps(backbone.taps)
  const part = descriptorNodes(context.taps, size.stridePx, null, ROWS)
  const shape = [1, size.heightPx, size.widthPx, 3]
  const model = extendModel(backbone.model, {
    nodes: [...context.nodes, ...part.nodes],
    initializers: part.initializers,
    inputs: [{ name: backbone.input, type: 'uint8', shape }],
    outputs: [{ name: ROWS, type: 'float32', shape: ['patches', 'features'] }],
  })
  const session = await openSession(model, { providers: ['cpu'], intraOpThreads: 0 })
  return {
    features: patchFeatures(backbone),
    async describe(image, name) {
      const out = await session.run({ [backbone.input]: { data: image, shape } }, [ROWS])
      return finiteFeatures(out[ROWS]?.data, name, backbone.id)
    },
    close: () => session.close(),
  }
}

/** @throws MDL_OUTPUT when the backbone gave NaN or infinity for an image */
export function finiteFeatures(data: unknown, image: string, backbone: string): Float32Array {
  if (data instanceof Float32Array && firstNonFinite(data) < 0) return data
  throw new CodedError('MDL_OUTPUT', {
    path: image,
    expected: 'finite features',
    actual: 'NaN or infinity',
    hint: `the backbone ${backbone} does not fit these images`,
  })
}
