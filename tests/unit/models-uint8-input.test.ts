import { describe, expect, it } from 'vitest'
import { onnxGraph, onnxModel, onnxNode, withUint8Input } from '../../models/index.ts'
import type { OnnxType, Uint8InputSpec } from '../../models/index.ts'
import type { ModelCard } from '../../contracts/index.ts'
import { importArgumentsSchema } from '../../models/import/arguments.schema.ts'
import { foreignModel } from '../../models/import/foreign-card.ts'
import { concatFields, intField, replaceField, textField } from '../../models/onnx/wire.ts'
import { openSession } from '../../models/runtime/ort-session.ts'

/** A foreign model: per-channel mean of an NCHW image; `last`: of one that is NHWC. */
function foreign(type: OnnxType = 'float32', channels: number | string = 3, last = false): Uint8Array {
  return onnxModel(
    onnxGraph({
      name: 'foreign',
      nodes: [
        onnxNode('Cast', ['images'], ['x'], { to: { int: 1 } }),
        onnxNode('ReduceMean', ['x'], ['output0'], {
          axes: { ints: last ? [1, 2] : [2, 3] },
          keepdims: { int: 0 },
        }),
      ],
      initializers: [],
      inputs: [
        {
          name: 'images',
          type,
          shape: last ? ['batch', 'height', 'width', channels] : ['batch', channels, 'height', 'width'],
        },
      ],
      outputs: [{ name: 'output0', type: 'float32', shape: ['batch', channels] }],
    }),
  )
}

const spec: Uint8InputSpec = {
  input: 'images',
  image: 'image',
  channels: 3,
  mean: [10, 20, 30],
  std: [1, 2, 4],
  order: 'rgb',
}
/** 1 x 2 px, RGB: channel means 20, 40, 60. */
const image = { data: Uint8Array.of(10, 30, 50, 30, 50, 70), shape: [1, 1, 2, 3] as const }

async function means(model: Uint8Array): Promise<number[]> {
  const session = await openSession(model, { providers: ['cpu'], intraOpThreads: 1 })
  expect(session.inputs).toEqual([{ name: 'image', type: 'uint8', shape: ['batch', 'height', 'width', 3] }])
  const { output0 } = await session.run({ image }, ['output0'])
  await session.close()
  return Array.from(output0?.data ?? [], Number)
}

const anomalib = {
  id: 'a',
  version: '1.0.0',
  licence: 'MIT',
  library: 'anomalib',
  arguments: importArgumentsSchema.parse({
    family: 'anomalib',
    size: [8, 8],
    labels: ['defect'],
    threshold: 0.5,
  }),
}

describe('a float NCHW model with a uint8 NHWC input', () => {
  it('normalises each channel', async () => {
    // (20 - 10) / 1, (40 - 20) / 2, (60 - 30) / 4
    expect(await means(withUint8Input(foreign(), spec))).toEqual([10, 10, 7.5])
  })

  it('swaps the channels before it normalises, for a model trained on BGR', async () => {
    // (60 - 10) / 1, (40 - 20) / 2, (20 - 30) / 4
    expect(await means(withUint8Input(foreign(), { ...spec, order: 'bgr' }))).toEqual([50, 10, -2.5])
  })

  it('shows its channels last to a model that has them there', async () => {
    expect(await means(withUint8Input(foreign('float32', 3, true), spec))).toEqual([10, 10, 7.5])
    expect(await means(withUint8Input(foreign('float32', 3, true), { ...spec, order: 'bgr' }))).toEqual([
      50, 10, -2.5,
    ])
  })

  it('leaves grey levels to a model that takes them whole', async () => {
    const whole = { ...spec, mean: [0, 0, 0], std: [1, 1, 1] }
    expect(await means(withUint8Input(foreign('uint8'), whole))).toEqual([20, 40, 60])
    expect(await means(withUint8Input(foreign('uint8', 3, true), whole))).toEqual([20, 40, 60])
  })

  it('shows floats of other widths to a model that takes them', async () => {
    for (const type of ['float64', 'bfloat16'] as const)
      expect(await means(withUint8Input(foreign(type), spec))).toEqual([10, 10, 7.5])
  })

  it('reads the operator set of a model that gives the default domain its name', async () => {
    const named = (version: number): Uint8Array =>
      replaceField(foreign(), 8, () => concatFields([textField(1, 'ai.onnx'), intField(2, version)]))
    expect(await means(withUint8Input(named(17), spec))).toEqual([10, 10, 7.5])
    expect(() => withUint8Input(named(6), spec)).toThrow(/MDL_PACKAGE.*found IR \d+, operator set 6/)
  })

  it('is not scaled in the graph where that takes whole grey levels, which would cut fractions off', () => {
    const card = (type: string): ModelCard =>
      foreignModel(anomalib, {
        inputs: [{ name: 'images', type, shape: [1, 3, 8, 8] }],
        outputs: ['anomaly_map', 'pred_score'].map((name) => ({ name, type: 'float32', shape: [1, 1] })),
        opset: 18,
        unclamped: new Map(),
      }).card
    expect(card('float32').inputs[0]).toMatchObject({ fit: 'none', widthPx: null })
    expect(card('uint8').inputs[0]).toMatchObject({ fit: 'stretch', widthPx: 8 })
  })

  it('takes the levels of an import as those of R, G and B, whatever order the network has them in', async () => {
    const levels = async (args: Record<string, unknown>): Promise<number[]> => {
      const request = {
        family: 'torchvision-classify',
        size: [2, 1],
        labels: ['a', 'b', 'c'],
        threshold: 0.5,
        ...args,
      }
      const { uint8 } = foreignModel(
        { ...anomalib, arguments: importArgumentsSchema.parse(request) },
        {
          inputs: [{ name: 'images', type: 'float32', shape: ['batch', 3, 'height', 'width'] }],
          outputs: [{ name: 'output0', type: 'float32', shape: [1, 3] }],
          opset: 17,
          unclamped: new Map(),
        },
      )
      return means(withUint8Input(foreign(), { ...uint8, image: 'image' }))
    }
    const given = { mean: spec.mean, std: spec.std }
    expect(await levels(given)).toEqual([10, 10, 7.5])
    expect(await levels({ ...given, order: 'bgr' })).toEqual([7.5, 10, 10])
    // What ImageNet's transforms give, in the other order.
    expect(await levels({ order: 'bgr' })).toEqual((await levels({})).toReversed())
  })

  it('refuses what it cannot extend, naming the reason', () => {
    const wrap =
      (model: Uint8Array, over: Partial<Uint8InputSpec> = {}) =>
      () =>
        withUint8Input(model, { ...spec, ...over })
    expect(wrap(foreign(), { input: 'input' })).toThrow(/MDL_PACKAGE.*an input input; found none/)
    expect(wrap(foreign('int64'))).toThrow(
      /MDL_PACKAGE.*float32 .*input.*found int64 \[batch, 3, height, width\]/,
    )
    expect(wrap(foreign('uint8'))).toThrow(/MDL_PACKAGE.*mean 0 and std 1.*uint8.*mean \[10, 20, 30\]/)
    expect(wrap(foreign('float32', 1))).toThrow(/MDL_PACKAGE.*3 channels; found 1 in the graph/)
    expect(wrap(foreign(), { std: [1, 0, 1] })).toThrow(/MDL_PACKAGE.*positive deviations/)
    expect(wrap(Buffer.from('not a model'))).toThrow(/MDL_LOAD/)
  })
})
