import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { onnxGraph, onnxModel, onnxNode, onnxTensor, type Pixels, quantise } from '../../models/index.ts'
import { floatsOfTensor, readGraph } from '../../models/onnx/read-graph.ts'
import { bytesOf } from '../../models/onnx/wire.ts'
import { activationScale, quantiseWeights, roundEven } from '../../models/quantise/affine.kernel.ts'
import { calibrate } from '../../models/quantise/calibrate.ts'
import { chooseLayers } from '../../models/quantise/layers.ts'
import { qdqModel } from '../../models/quantise/qdq-model.ts'
import { plainJudge } from '../../models/quantise/verdict.ts'
import { openSession } from '../../models/runtime/ort-session.ts'
import { closeClasses, SIDE, smallNetwork } from './samples/small-network.ts'

/** onnxruntime 1.32.0 `quantize_static`, by tests/golden/quantise.py. */
const golden = JSON.parse(readFileSync(join(import.meta.dirname, '../golden/quantise.json'), 'utf8')) as {
  float: number[][]
} & Record<7 | 8, Made>

interface Made {
  activations: Record<string, [number, number]>
  weights: Record<string, number[]>
  scales: Record<string, number[]>
  biases: Record<string, number[]>
  outputs?: number[][]
}

async function* shown(images: readonly Pixels[]) {
  for (const image of images) yield { image }
}

async function answers(model: Uint8Array, images: readonly Pixels[]): Promise<number[][]> {
  const session = await openSession(model, { providers: ['cpu'], intraOpThreads: 1 })
  const rows: number[][] = []
  for (const { data } of images) {
    const image = { data: data as Uint8Array<ArrayBuffer>, shape: [1, SIDE, SIDE, 3] }
    rows.push(Array.from((await session.run({ image }, ['logits']))['logits']?.data ?? [], Number))
  }
  await session.close()
  return rows
}

/** What `qdqModel` wrote, under the names of the float network. */
function constantsOf(model: Uint8Array, names: ReadonlyMap<number, string>): Made {
  const { constants } = readGraph(model)
  const raw = (name: string): Buffer => Buffer.from(bytesOf(constants.get(name) ?? new Uint8Array(), 9))
  const floats = (name: string): number[] => [
    ...(floatsOfTensor(constants.get(name) ?? new Uint8Array())?.data ?? []),
  ]
  const made: Made = { activations: {}, weights: {}, scales: {}, biases: {} }
  for (const name of constants.keys()) {
    const value = /^sightline_int8_(.*)_zero$/.exec(name)?.[1]
    if (value !== undefined)
      made.activations[value] = [floats(`sightline_int8_${value}_scale`)[0] ?? NaN, raw(name)[0] ?? NaN]
  }
  for (const [node, name] of names) {
    const at = `sightline_int8_${node}`
    made.weights[name] = [...new Int8Array(Uint8Array.from(raw(`${at}_weight`)).buffer)]
    made.scales[name] = floats(`${at}_scales`)
    made.biases[name] = [...new Int32Array(Uint8Array.from(raw(`${at}_bias`)).buffer)]
  }
  return made
}

describe('int8 variants', () => {
  it.each([7, 8] as const)('are those of quantize_static with %i-bit weights', async (bits) => {
    const { model, card, images } = smallNetwork()
    const { layers } = chooseLayers(model)
    const { ranges } = await calibrate(model, card, layers, shown(images.slice(0, 6)))
    const small = qdqModel(model, layers, ranges, bits)
    const made = constantsOf(small, new Map(layers.map((l) => [l.node, l.weight])))
    const want = golden[bits]
    expect(Object.keys(made.activations).sort()).toEqual(Object.keys(want.activations).sort())
    for (const [name, [scale, zero]] of Object.entries(want.activations)) {
      expect(made.activations[name]?.[0]).toBeCloseTo(scale, 7)
      expect(made.activations[name]?.[1]).toBe(zero)
    }
    expect(made.weights).toEqual(want.weights)
    for (const [name, scales] of Object.entries(want.scales))
      scales.forEach((s, c) => expect(made.scales[name]?.[c]).toBeCloseTo(s, 8))
    // a sum of rounding: the product of two scales in another order moves a bias by one of some hundreds
    for (const [name, biases] of Object.entries(want.biases))
      biases.forEach((b, c) => expect(Math.abs((made.biases[name]?.[c] ?? NaN) - b)).toBeLessThanOrEqual(1))
    const probes = images.slice(6)
    ;(await answers(model, probes))
      .flat()
      .forEach((v, i) => expect(v).toBeCloseTo(golden.float.flat()[i] ?? NaN, 4))
    if (want.outputs === undefined) return
    // one step of the last value in 8 bits, through the float layer behind it: at most its largest weight, 0.55
    const step = 0.55 * (want.activations['dense_out']?.[0] ?? NaN)
    ;(await answers(small, probes))
      .flat()
      .forEach((v, i) => expect(Math.abs(v - (want.outputs?.flat()[i] ?? NaN))).toBeLessThan(step))
  })

  it('leave no float weight of a quantised layer in the file', async () => {
    const { model, card, images } = smallNetwork()
    const { layers } = chooseLayers(model)
    const { ranges } = await calibrate(model, card, layers, shown(images))
    const { constants } = readGraph(qdqModel(model, layers, ranges, 8))
    expect([...constants.keys()].filter((n) => !n.startsWith('sightline_')).sort()).toEqual([
      'answer',
      'stem',
      'stem_bias',
      'white',
    ])
  })

  it('leave the first and the last layer and what teaching appended float', () => {
    const { layers, left, final } = chooseLayers(smallNetwork().model)
    expect(layers.map((l) => l.output)).toEqual([
      'depth_out',
      'grow_out',
      'project_out',
      'mix_out',
      'dense_out',
    ])
    expect(left).toEqual([
      { layer: 'stem_out', rule: 'first' },
      { layer: 'logits', rule: 'last' },
    ])
    expect(final).toEqual(['dense_out'])
    const appended = chain(['a', 'b', 'c', 'sightline_distance', 'sightline_score'])
    expect(chooseLayers(appended)).toMatchObject({
      layers: [{ output: 'b' }],
      left: [
        { layer: 'a', rule: 'first' },
        { layer: 'c', rule: 'last' },
        { layer: 'sightline_distance', rule: 'appended' },
        { layer: 'sightline_score', rule: 'appended' },
      ],
    })
  })

  it('put layers back into float while verdicts flip, and are refused when that does not help', async () => {
    const healed = await run(closeClasses(1), 0)
    // in 8 bits 1.0005 g is g and the first of two equal classes wins; without the layer that splits them all agree
    expect(healed.trials).toEqual([
      { floatLayers: 0, flips: 3, images: 3 },
      { floatLayers: 1, flips: 0, images: 3 },
    ])
    expect(healed).toMatchObject({ accepted: true, layers: ['x2'] })
    expect(healed.left).toContainEqual({ layer: 'two', rule: 'measured' })
    const refused = await run(closeClasses(0), 2)
    expect(refused).toMatchObject({ accepted: false, layers: ['two'] })
    expect(refused.agreement.flips[0]).toEqual({
      image: '0',
      float: 'class-1 + class-0',
      quantised: 'class-0 + class-1',
    })
    expect(await run(closeClasses(0), 3)).toMatchObject({ accepted: true })
  })

  it('flip where a class falls below the threshold, or rises above it, though the likeliest stays', () => {
    const { verdictOf } = plainJudge(smallNetwork().card)
    const of = (scores: Record<string, number>): string => {
      const findings = Object.entries(scores)
        .filter(([, score]) => score >= 0.5)
        .map(([name, score]) => ({ class: name, score, box: [0, 0, 1, 1] as const, areaPx: 1 }))
      return verdictOf({ findings, scores, inferMs: 0 })
    }
    const told = [
      { good: 0.3, stain: 0.52, crack: 0.1 },
      { good: 0.3, stain: 0.48, crack: 0.1 },
      { good: 0.6, stain: 0.8, crack: 0.5 },
      { good: 0.8, stain: 0.6, crack: 0.5 },
    ].map(of)
    expect(told).toEqual([
      'stain',
      'stain below the threshold',
      'stain + crack + good',
      'good + crack + stain',
    ])
  })

  it('say in their card what they were made of and what was measured', async () => {
    const { card, time } = await run(closeClasses(1), 0)
    expect(card).toMatchObject({
      id: 'small-int8',
      version: '1.2.0',
      title: { en: 'Small network (int8)' },
      trainingData: [
        { name: 'quantised from small 1.2.0', sha256: 'a'.repeat(64) },
        { name: 'three images' },
        { name: 'drawn' },
      ],
      metrics: { 'int8.flips': 0, 'int8.images': 3, 'int8.ms': time.quantisedMs },
    })
    // measured on the float model, and no longer true of this one
    expect(card.metrics).not.toHaveProperty('accuracy')
  })

  it.each([
    [
      'a quantised model',
      quantisedAlready(),
      /MDL_QUANTISE.*float model; found a quantised one: it has QLinearConv/,
    ],
    [
      'an old operator set',
      chain(['a', 'b', 'c'], 12),
      /MDL_QUANTISE.*operator set 13 or newer; found operator set 12/,
    ],
    [
      'a model without inner layers',
      chain(['a', 'b']),
      /MDL_QUANTISE.*2 such layers in all: 1 first, 1 last/,
    ],
  ])('are not made of %s', (_name, model, says) => {
    expect(() => chooseLayers(model)).toThrow(says)
  })

  it('are not made without images, of a backbone, or of activations that are not numbers', async () => {
    const { model, card } = smallNetwork()
    await expect(calibrate(model, card, chooseLayers(model).layers, shown([]))).rejects.toThrow(
      /MDL_QUANTISE.*images.*found none/,
    )
    const taps = [{ output: 'logits', stridePx: 1, channels: 1 }]
    const backbone = { ...closeClasses(0), card: { ...card, spec: { family: 'backbone' as const, taps } } }
    await expect(run(backbone, 0)).rejects.toThrow(/MDL_QUANTISE.*found a backbone/)
    const black = [
      { data: new Uint8Array(SIDE * SIDE * 3), widthPx: SIDE, heightPx: SIDE, channels: 3 as const },
    ]
    const zero = closeClasses(0)
    const nan = chain(['a', 'b', 'c'], 17, 'NaN')
    await expect(calibrate(nan, zero.card, chooseLayers(nan).layers, shown(black))).rejects.toThrow(
      /MDL_QUANTISE.*b.*finite activations/,
    )
  })
})

describe('affine quantisation', () => {
  it('meets 0 exactly and covers the range', () => {
    // -1..2 in 255 steps: 0 lies at 85
    expect(activationScale(-1, 2)).toEqual({ scale: Math.fround(3 / 255), zero: 85 })
    expect(activationScale(3, 5.1)).toEqual({ scale: Math.fround(5.1 / 255), zero: 0 })
    expect(activationScale(0, 0)).toEqual({ scale: 1, zero: 0 })
    expect([0.5, 1.5, 2.5, -0.5, -1.5, 2.4].map(roundEven)).toEqual([0, 2, 2, 0, -2, 2])
  })

  it('widens the scale of a channel whose bias would not fit into int32', () => {
    const whole = new Int8Array(2)
    const scales = new Float32Array(2)
    const form = { outer: 1, channels: 2, inner: 1 }
    quantiseWeights(Float32Array.of(1.27, 1e-12), Float32Array.of(0, 4), form, 0.01, 8, whole, scales)
    expect([...whole]).toEqual([127, 0])
    expect(scales[0]).toBeCloseTo(0.01, 8)
    // 4 / (0.01 * scale) = 2^30
    expect(4 / (0.01 * (scales[1] ?? 0))).toBeCloseTo(2 ** 30, -3)
  })
})

async function run({ model, card, images }: ReturnType<typeof closeClasses>, maxFlips: number) {
  const trials: unknown[] = []
  const float = { dir: '', card, model, sha256: 'a'.repeat(64), golden: [] } as unknown as Parameters<
    typeof quantise
  >[0]['float']
  const made = await quantise({
    float,
    id: 'small-int8',
    version: card.version,
    calibration: () => shown(images),
    async *judged() {
      for (const [n, image] of images.entries()) yield { id: String(n), images: { image } }
    },
    calibrationData: { name: 'three images', licence: 'none' },
    maxFlips,
    weightBits: 8,
    onTrial: (t) => trials.push(t),
  })
  return { ...made, trials }
}

/** Layers one after the other, each a Conv of one channel with weight 1. */
function chain(outputs: string[], opset = 17, fill: '1' | 'NaN' = '1'): Uint8Array {
  const nodes = outputs.map((o, i) => onnxNode('Conv', [outputs[i - 1] ?? 'x', 'one'], [o]))
  return onnxModel(
    onnxGraph({
      name: 'chain',
      nodes: [
        onnxNode('Transpose', ['image'], ['planes'], { perm: { ints: [0, 3, 1, 2] } }),
        onnxNode('Cast', ['planes'], ['levels'], { to: { int: 1 } }),
        onnxNode('ReduceMean', ['levels'], ['x'], { axes: { ints: [1] } }),
        ...nodes,
      ],
      initializers: [onnxTensor('one', [1, 1, 1, 1], Float32Array.of(Number(fill)))],
      inputs: [{ name: 'image', type: 'uint8', shape: ['n', 'h', 'w', 3] }],
      outputs: [{ name: outputs.at(-1) ?? '', type: 'float32', shape: ['n', 1, 'h', 'w'] }],
    }),
    'sightline',
    opset,
  )
}

function quantisedAlready(): Uint8Array {
  return onnxModel(
    onnxGraph({
      name: 'quantised',
      nodes: [onnxNode('QLinearConv', ['x', 's', 'z', 'w', 's', 'z', 's', 'z'], ['y'])],
      initializers: [],
      inputs: [{ name: 'x', type: 'uint8', shape: [1, 1, 1, 1] }],
      outputs: [{ name: 'y', type: 'uint8', shape: [1, 1, 1, 1] }],
    }),
  )
}
