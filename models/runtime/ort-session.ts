import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { CodedError, asCoded, inNativeUntil } from '../../contracts/thread.ts'
import { ort } from './onnxruntime.ts'
import { createSession } from './providers.ts'
import type { SessionRequest } from './providers.ts'

/** Name, element type and shape of a graph input or output; strings are free dimensions. */
export interface ValueFact {
  name: string
  type: string
  shape: readonly (number | string)[]
}

/** An output as the graph gave it. `data` is owned by the receiver. */
export interface RawTensor {
  type: string
  shape: readonly number[]
  data: Float32Array | BigInt64Array
}
export type RawOutputs = Record<string, RawTensor>

/**
 * Images are uint8 NHWC, embeddings float32 [n, d]. Not over shared memory (onnxruntime refuses that); the buffer may
 * be refilled after `run` settles.
 */
export interface InputTensor {
  data: Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>
  shape: readonly number[]
}
export interface ImageTensor extends InputTensor {
  data: Uint8Array<ArrayBuffer>
  shape: readonly [number, number, number, number]
}

/** One onnxruntime session. `run` blocks its thread: call it from a worker. */
export interface OrtSession {
  readonly inputs: readonly ValueFact[]
  readonly outputs: readonly ValueFact[]
  readonly provider: string
  readonly degraded: string | null
  /**
   * @param wanted names of the outputs to fetch
   * @throws MDL_RUN when the graph fails; MDL_OUTPUT when an output is missing or of a type no adapter reads
   */
  run(feeds: Record<string, InputTensor>, wanted: readonly string[]): Promise<RawOutputs>
  close(): Promise<void>
}

export async function openSession(model: Uint8Array, request: SessionRequest): Promise<OrtSession> {
  const { session, provider, degraded } = await createSession(model, request)
  const reused = new Map<string, { tensor: OrtTensor; from: InputTensor }>()

  const tensorOf = (name: string, input: InputTensor): OrtTensor => {
    const known = reused.get(name)
    if (known?.from.data === input.data && known.from.shape.join() === input.shape.join()) return known.tensor
    const tensor =
      input.data instanceof Uint8Array
        ? new ort.Tensor('uint8', input.data, input.shape)
        : new ort.Tensor('float32', input.data, input.shape)
    reused.set(name, { tensor, from: input })
    return tensor
  }

  return {
    inputs: session.inputMetadata.map(factOf),
    outputs: session.outputMetadata.map(factOf),
    provider,
    degraded,
    async run(feeds, wanted) {
      const tensors: Record<string, OrtTensor> = {}
      for (const [name, input] of Object.entries(feeds)) tensors[name] = tensorOf(name, input)
      const results = await inNativeUntil(() => session.run(tensors, wanted)).catch((error: unknown) => {
        throw asCoded(error, 'MDL_RUN')
      })
      const outputs: RawOutputs = {}
      for (const name of wanted) outputs[name] = rawTensor(name, results[name])
      return outputs
    },
    close: () => inNativeUntil(() => session.release()),
  }
}

const factOf = (m: InferenceSession.ValueMetadata): ValueFact =>
  m.isTensor
    ? { name: m.name, type: m.type, shape: m.shape }
    : { name: m.name, type: 'not a tensor', shape: [] }

function rawTensor(name: string, value: unknown): RawTensor {
  if (value instanceof ort.Tensor) {
    const { data, dims, type } = value
    if (data instanceof Float32Array || data instanceof BigInt64Array) return { type, shape: dims, data }
  }
  throw new CodedError('MDL_OUTPUT', {
    path: name,
    expected: 'a float32 or int64 tensor',
    actual: value instanceof ort.Tensor ? value.type : String(value),
  })
}
