import { beforeAll, describe, expect, it } from 'vitest'
import { scoreDetections } from '../../datasets/index.ts'
import { findBackbone, loadTrustedKeys, PACKAGES_DIR, teachBoxes } from '../../models/index.ts'
import type { Backbone, SegmentImage, UnseenImage } from '../../models/index.ts'
import { adapterFor } from '../../models/adapters/registry.ts'
import { createForward } from '../../models/forward.ts'
import { boxGradient } from '../../models/heads/box-gradient.ts'
import { boxModel } from '../../models/heads/box-model.ts'
import { boxNetwork } from '../../models/heads/box-network.ts'
import { openLevelDescriber } from '../../models/heads/box-taps.ts'
import { boxTargets } from '../../models/heads/box-targets.ts'
import { seenBox } from '../../models/heads/box-views.ts'
import { fitBoxes } from '../../models/heads/fit-boxes.ts'
import { depthwise, depthwiseGradient, enlarge, enlargeGradient } from '../../models/heads/map-layers.ts'
import { loadTensorFlow } from '../../models/heads/tensorflow.ts'
import { openSession } from '../../models/runtime/ort-session.ts'
import { seededRandom } from '../../models/teach/random.ts'
import { sheets, SIDE } from './samples/sheets.ts'

const size = { widthPx: 64, heightPx: 64, stridePx: 16, grid: { width: 4, height: 4 } }

describe('targets of a box head', () => {
  it('lets the middle of a box speak for it, and measures the way to its sides', () => {
    const { classes, distances } = boxTargets([{ class: 0, box: [0, 0, 48, 32] }], size)
    // 60 % of it is from 9.6 to 38.4 and from 6.4 to 25.6; the middles of patches lie at 8, 24, 40 and 56.
    expect([...classes]).toEqual([-2, 0, -2, -1, -2, 0, -2, -1, ...Array<number>(8).fill(-1)])
    expect([...distances.subarray(4, 8)]).toEqual([24, 8, 24, 24])
    expect([...distances.subarray(20, 24)]).toEqual([24, 24, 24, 8])
  })

  it('gives a box narrower than a patch one that speaks for it, and the smaller of two boxes the patch', () => {
    const narrow = boxTargets([{ class: 1, box: [20, 10, 22, 50] }], size)
    expect([1, 5, 9].map((cell) => narrow.classes[cell])).toEqual([-2, 1, 1])
    expect([...narrow.distances.subarray(20, 24)]).toEqual([4, 14, 0.5, 26])
    const both = boxTargets(
      [
        { class: 0, box: [16, 16, 32, 32] },
        { class: 1, box: [0, 0, 64, 64] },
      ],
      size,
    )
    expect([both.classes[5], both.classes[6]]).toEqual([0, 1])
  })

  it('mirrors boxes with their picture', () => {
    const box = { class: 0, box: [0, 8, 16, 40] as const }
    expect([1, 2, 3].map((way) => seenBox(box, size, way).box)).toEqual([
      [48, 8, 64, 40],
      [0, 24, 16, 56],
      [48, 24, 64, 56],
    ])
  })
})

describe('loss of a box head', () => {
  const truth = [0.5, 2, 1.5, 1]
  const targets = { classes: Int16Array.of(1, -1, -2), distances: new Float32Array(12) }
  targets.distances.set(truth.map((d) => d * 10))
  // Three patches of two scores and four sides.
  const given = Float32Array.of(0.3, -0.2, 0.1, 0.4, -0.3, 0.2, -0.5, 0.6, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1)
  const [tl = 0, tt = 0, tr = 0, tb = 0] = truth
  const places = (sides: readonly number[]) => {
    const [l = 0, t = 0, r = 0, b = 0] = sides.map(Math.exp)
    const both = (Math.min(l, tl) + Math.min(r, tr)) * (Math.min(t, tt) + Math.min(b, tb))
    const union = (l + r) * (t + b) + (tl + tr) * (tt + tb) - both
    const around = (Math.max(l, tl) + Math.max(r, tr)) * (Math.max(t, tt) + Math.max(b, tb))
    return { iou: both / union, loss: 2 * (1 - both / union + (around - union) / around) }
  }
  const out = new Float32Array(18)
  boxGradient(given, [targets], 2, 10, out)

  it('descends in the sides as 1 - GIoU does, by finite differences', () => {
    const sides = [...given.subarray(2, 6)]
    sides.forEach((_, i) => {
      const moved = (by: number): number => places(sides.map((v, k) => (k === i ? v + by : v))).loss
      expect(out[2 + i]).toBeCloseTo((moved(1e-5) - moved(-1e-5)) / 2e-5, 5)
    })
  })

  it('teaches the score how well the box lies, the others nothing, and patches near a border not at all', () => {
    const score = (i: number): number => 1 / (1 + Math.exp(-(given[i] ?? 0)))
    const quality = 0.05 + 0.95 * places([...given.subarray(2, 6)]).iou
    expect(out[0]).toBeCloseTo(2 * score(0) ** 3, 6)
    expect(out[1]).toBeCloseTo(2 * (score(1) - quality) ** 3, 6)
    expect(out[6]).toBeCloseTo(2 * score(6) ** 3, 6)
    expect([...out.subarray(8)]).toEqual(Array<number>(10).fill(0))
  })
})

describe('gradients of a box network', () => {
  const random = seededRandom(3)
  const values = (length: number): Float32Array => Float32Array.from({ length }, () => 2 * random() - 1)
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
    Array.from(a).reduce((sum, v, i) => sum + v * (b[i] ?? 0), 0)

  it('are the adjoints of convolving and enlarging', async () => {
    const engine = await loadTensorFlow()
    const { tf } = engine
    const x = tf.tensor4d(values(2 * 4 * 6 * 3), [2, 4, 6, 3])
    const kernel = tf.tensor4d(values(5 * 5 * 3), [5, 5, 3, 1])
    const dy = tf.tensor4d(values(2 * 4 * 6 * 3), [2, 4, 6, 3])
    const gave = dot(depthwise(engine, x, kernel).dataSync(), dy.dataSync())
    const back = depthwiseGradient(engine, x, kernel, dy)
    // Linear in the image and in the kernel.
    expect(dot(back.x.dataSync(), x.dataSync())).toBeCloseTo(gave, 4)
    expect(dot(back.kernel.dataSync(), kernel.dataSync())).toBeCloseTo(gave, 4)
    const fine = { width: 12, height: 8 }
    const wide = values(2 * 8 * 12 * 3)
    const narrow = enlargeGradient(wide, { width: 6, height: 4 }, fine, 3)
    expect(dot(narrow, x.dataSync())).toBeCloseTo(dot(enlarge(engine, x, fine).dataSync(), wide), 4)
  })

  it('say how the whole changes with each of its weights', async () => {
    const engine = await loadTensorFlow()
    const { tf } = engine
    const grids = { coarse: { width: 3, height: 2 }, fine: { width: 6, height: 4 } }
    const network = boxNetwork(engine, { coarse: 7, fine: 5 }, 2, grids, random)
    const seen = tf.tensor2d(values(2 * 6 * 7), [12, 7])
    const detail = tf.tensor2d(values(2 * 24 * 5), [48, 5])
    const slope = tf.tensor2d(values(48 * 6), [48, 6])
    const sum = (): number => dot(network.forward(seen, detail).given.dataSync(), slope.dataSync())
    const grads = network.forward(seen, detail).backward(slope)
    expect(Object.keys(grads).sort()).toEqual(Object.keys(network.variables).sort())
    for (const [name, variable] of Object.entries(network.variables)) {
      const gradient = grads[name]?.dataSync() ?? []
      const steepness = dot(gradient, gradient)
      // Along its own gradient, a step so small that few hidden values change sign.
      const way = tf.mul(grads[name] ?? tf.scalar(0), 1e-3 / Math.sqrt(steepness))
      const kept = variable.clone()
      variable.assign(tf.add(kept, way))
      const up = sum()
      variable.assign(tf.sub(kept, way))
      const down = sum()
      variable.assign(kept)
      expect((up - down) / 2e-3 / Math.sqrt(steepness), name).toBeCloseTo(1, 1)
    }
    network.dispose()
  })
})

describe('fitting a box head', () => {
  it('gives the same head for the same seed, and another one for another', async () => {
    const engine = await loadTensorFlow()
    const bytes = (length: number): Int8Array => Int8Array.from({ length }, (_, i) => (i * i) % 31)
    const targets = boxTargets([{ class: 0, box: [8, 8, 40, 56] }], size)
    const views = [[{ coarse: bytes(4 * 3), fine: bytes(16 * 2), targets }]]
    const fit = (seed: number) =>
      fitBoxes(engine, views, {
        classes: 2,
        size,
        coarseStridePx: 32,
        channels: { coarse: 3, fine: 2 },
        unitPx: 20,
        steps: 5,
        seed,
      })
    const [first, again, other] = [await fit(1), await fit(1), await fit(2)]
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
  })
})

describe('teaching boxes', { timeout: 300_000 }, () => {
  let backbone: Backbone
  beforeAll(async () => {
    backbone = await findBackbone([PACKAGES_DIR], 'backbone-s', await loadTrustedKeys())
  })
  async function* stream(images: readonly SegmentImage[]): AsyncGenerator<SegmentImage> {
    yield* images
  }
  const judge = (images: readonly UnseenImage[], classes: readonly string[]) => {
    const score = scoreDetections(images, classes, 0.5, { iouAbove: 0.5 })
    return {
      map50: score.map50 ?? 0,
      perClass: {},
      best: score.best ?? { threshold: 0.5, precision: 0, recall: 0, f1: 0 },
    }
  }
  const teach = (images: readonly SegmentImage[]) =>
    teachBoxes(
      backbone,
      stream(images),
      {
        id: 'sheets',
        version: '1.0.0',
        areaPx: 4 * SIDE * SIDE,
        seed: 1,
        licence: 'own',
        memoryLimitBytes: 1e9,
        steps: 50,
        judge,
      },
      images.length,
    )

  it('judges in one graph as the network that was taught', async () => {
    const engine = await loadTensorFlow()
    const { tf } = engine
    const random = seededRandom(5)
    const size = { widthPx: 96, heightPx: 64, stridePx: 8, grid: { width: 12, height: 8 } }
    const image = Uint8Array.from({ length: 96 * 64 * 3 }, (_, i) => (i * i + 7 * i) % 251)
    const describer = await openLevelDescriber(backbone, size)
    const { channels } = describer
    const features = await describer.describe(image, 'noise').finally(() => describer.close())
    const scale = (n: number) => ({
      mean: Float32Array.from({ length: n }, () => random()),
      deviation: Float32Array.from({ length: n }, () => 1 + random()),
    })
    const scales = { coarse: scale(channels.coarse), fine: scale(channels.fine) }
    const standard = (rows: Float32Array, { mean, deviation }: (typeof scales)['fine']) => {
      const n = mean.length
      return tf.tensor2d(
        rows.map((v, i) => (v - (mean[i % n] ?? 0)) / (deviation[i % n] ?? 1)),
        [rows.length / n, n],
      )
    }
    const grids = { coarse: { width: 6, height: 4 }, fine: size.grid }
    const network = boxNetwork(engine, channels, 3, grids, random)
    const { given } = network.forward(
      standard(features.coarse, scales.coarse),
      standard(features.fine, scales.fine),
    )
    const rows = given.dataSync()
    const model = boxModel(backbone, size, [await network.read()], [], scales, 10)
    network.dispose()
    const session = await openSession(model, { providers: ['cpu'], intraOpThreads: 1 })
    const out = await session.run({ [backbone.input]: { data: image, shape: [1, 64, 96, 3] } }, [
      'boxes',
      'scores',
      'labels',
    ])
    await session.close()
    for (let cell = 0; cell < 96; cell++) {
      const [a = 0, b = 0, c = 0, l = 0, t = 0, r = 0, d = 0] = rows.subarray(cell * 7, cell * 7 + 7)
      const top = Math.max(a, b, c)
      expect(out['scores']?.data[cell]).toBeCloseTo(1 / (1 + Math.exp(-top)), 4)
      expect(Number(out['labels']?.data[cell])).toBe([a, b, c].indexOf(top))
      const [x, y] = [((cell % 12) + 0.5) * 8, (Math.floor(cell / 12) + 0.5) * 8]
      const box = [
        Math.max(0, x - 10 * Math.exp(l)),
        Math.max(0, y - 10 * Math.exp(t)),
        Math.min(96, x + 10 * Math.exp(r)),
        Math.min(64, y + 10 * Math.exp(d)),
      ]
      box.forEach((v, i) => expect(out['boxes']?.data[cell * 4 + i]).toBeCloseTo(v, 2))
    }
  })

  it('finds defects of new images by a dozen boxes a class, and one graph judges', async () => {
    const taught = await teach(sheets(12, 'box'))
    const { card } = taught
    expect(card.labels).toEqual(['scratch', 'spot'])
    expect(taught.judgement.map50).toBeGreaterThan(0.6)
    const session = await openSession(taught.model, { providers: ['cpu'], intraOpThreads: 1 })
    const adapter = adapterFor(card.spec)
    const forward = createForward(card, session, adapter)
    const thresholds = card.labels.map(() => card.threshold.value)
    const found: UnseenImage[] = []
    for (const { id, pixels, regions: truths } of sheets(6, 'box', 50)) {
      const { raw, geometry } = await forward({ image: pixels })
      const { findings } = adapter.decode(raw, { labels: card.labels, thresholds, maxFindings: 10, geometry })
      found.push({
        id,
        detections: findings,
        truths: truths.flatMap((r) => ('box' in r.shape ? [{ class: r.class, box: r.shape.box }] : [])),
      })
    }
    await session.close()
    expect(scoreDetections(found, card.labels, 0, { iouAbove: 0.5 }).map50).toBeGreaterThan(0.6)
  })

  it('refuses what has no regions', async () => {
    await expect(teach(sheets(3, 'box'))).rejects.toMatchObject({ code: 'TCH_LABELS' })
  })
})
