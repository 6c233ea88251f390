import { CodedError } from '../../contracts/index.ts'
import { firstNonFinite } from '../kernels/finite.kernel.ts'
import type { SessionPool } from '../runtime/session-pool.ts'
import type { Backbone } from './backbone.ts'
import { describingModel } from './describing-graph.ts'
import type { Projection } from './feature-nodes.ts'
import type { Matrix } from './matrix-sessions.ts'
import type { WorkingSize } from './working-size.ts'

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
  size: WorkingSize,
  projection: Projection | null,
  pool: SessionPool,
): Promise<Embedder> {
  const { widthPx, heightPx } = size
  const model = describingModel({
    backbone,
    size,
    projection,
    described: OUTPUT,
    after: { nodes: [], initializers: [] },
    outputs: [{ name: OUTPUT, type: 'float32', shape: ['cells', 'dims'] }],
    allowed: null,
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
