import { CodedError } from '../../contracts/index.ts'
import { firstNonFinite } from '../kernels/finite.kernel.ts'
import { extendModel } from '../onnx/extend.ts'
import type { SessionPool } from '../runtime/session-pool.ts'
import { patchTaps } from './backbone.ts'
import type { Backbone } from './backbone.ts'
import { descriptorNodes } from './feature-nodes.ts'
import type { Projection } from './feature-nodes.ts'
import type { Matrix } from './matrix-sessions.ts'
import type { Grid } from './embedding.ts'

/** Working size of the images and the grid of patches over them. */
export interface WorkingSize {
  widthPx: number
  heightPx: number
  grid: Grid
}

const OUTPUT = 'sightline_descriptors'

/** The backbone at one image size, with its patch descriptors as output. */
export interface Embedder {
  /** Images worth describing at once. */
  readonly lanes: number
  /**
   * @param image HWC uint8 RGB of the working size
   * @returns [cells][dims], a new array
   * @throws MDL_OUTPUT when the backbone gives NaN or infinity for it
   */
  describe(image: Uint8Array<ArrayBuffer>, name: string): Promise<Matrix>
  close(): Promise<void>
}

/** @param projection null gives all channels of the taps */
export async function openEmbedder(
  backbone: Backbone,
  { widthPx, heightPx, grid }: WorkingSize,
  projection: Projection | null,
  pool: SessionPool,
): Promise<Embedder> {
  const { nodes, initializers } = descriptorNodes(patchTaps(backbone.taps), grid.stridePx, projection, OUTPUT)
  const model = extendModel(backbone.model, {
    nodes,
    initializers,
    inputs: [{ name: backbone.input, type: 'uint8', shape: [1, heightPx, widthPx, 3] }],
    outputs: [{ name: OUTPUT, type: 'float32', shape: ['cells', 'dims'] }],
  })
  const session = await pool.open(model)
  return {
    lanes: pool.lanes,
    async describe(image, name) {
      const feeds = { [backbone.input]: { data: image, shape: [1, heightPx, widthPx, 3] } }
      const { data } = (await session.run(feeds, [OUTPUT]))[OUTPUT] ?? {}
      if (!(data instanceof Float32Array)) throw new CodedError('MDL_OUTPUT', { path: OUTPUT })
      const at = firstNonFinite(data)
      if (at >= 0)
        throw new CodedError('MDL_OUTPUT', {
          path: name,
          expected: 'finite features of the backbone',
          actual: `${data[at]} at index ${at}`,
          hint: 'the backbone cannot be used on this image or this machine; run `sightline models verify` on it',
        })
      return data as Matrix
    },
    close: () => session.close(),
  }
}
