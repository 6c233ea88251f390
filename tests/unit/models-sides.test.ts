import { beforeAll, describe, expect, it } from 'vitest'
import { findBackbone, loadTrustedKeys, PACKAGES_DIR } from '../../models/index.ts'
import type { Backbone } from '../../models/index.ts'
import { proposalsOf } from '../../models/heads/box-findings.ts'
import { boxModel } from '../../models/heads/box-model.ts'
import { boxNetwork } from '../../models/heads/box-network.ts'
import { bestBoxes } from '../../models/heads/box-proposals.ts'
import { openLevelDescriber } from '../../models/heads/box-taps.ts'
import { boxTargets } from '../../models/heads/box-targets.ts'
import { fitSides } from '../../models/heads/fit-sides.ts'
import { fold, profilePool, unfold } from '../../models/heads/profile-layers.ts'
import { overlap, sideGradient } from '../../models/heads/side-gradient.ts'
import { sideNetwork } from '../../models/heads/side-network.ts'
import { PLACES, placeShares, profileWeights } from '../../models/heads/side-profiles.ts'
import { loadTensorFlow } from '../../models/heads/tensorflow.ts'
import { openSession } from '../../models/runtime/ort-session.ts'
import { seededRandom } from '../../models/teach/random.ts'

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, v, i) => sum + v * (b[i] ?? 0), 0)
const random = seededRandom(3)
const values = (length: number): Float32Array => Float32Array.from({ length }, () => 2 * random() - 1)
const softmax = (row: Float32Array): number[] => {
  const all = Array.from(row, Math.exp)
  const sum = all.reduce((a, b) => a + b, 0)
  return all.map((v) => v / sum)
}
const bounded = (v: number): number => Math.max(-0.49, Math.min(0.49, v))
/** Sides moved inwards by shares of the box. */
const moved = ([x1 = 0, y1 = 0, x2 = 0, y2 = 0]: readonly number[], by: readonly number[]) => {
  const [l = 0, t = 0, r = 0, b = 0] = by.map(bounded)
  const [w, h] = [x2 - x1, y2 - y1]
  return [x1 + l * w, y1 + t * h, x2 - r * w, y2 - b * h] as const
}

describe('profiles of a box', () => {
  const grid = { width: 6, height: 4 }
  const size = { widthPx: 48, heightPx: 32, stridePx: 8, grid }
  const weights = profileWeights([17, 10, 29, 20], size)

  it('are means of RoIAlign over a box twice as long', async () => {
    const engine = await loadTensorFlow()
    const map = engine.tf.tensor4d(
      Array.from({ length: 24 }, (_, i) => (i * i) / 10),
      [1, 4, 6, 1],
    )
    const [x, y] = profilePool(engine, weights, 1, 1, grid).forward(map)
    // torchvision 0.28.0, roi_align(aligned=True, sampling_ratio=1) with 8 x 16 and 16 x 8 bins, mean over the 8.
    const wantX: number[] = [
      9.514, 9.873, 10.239, 10.605, 10.97, 11.336, 11.72, 12.123, 12.527, 12.93, 13.333, 13.742, 14.183,
      14.623, 15.064, 15.505,
    ]
    const wantY: number[] = [
      1.908, 2.916, 3.923, 4.931, 5.939, 6.947, 8.967, 11.1, 13.233, 15.366, 17.498, 19.631, 22.327, 25.584,
      28.842, 32.1,
    ]
    wantX.forEach((v, i) => expect(x.dataSync()[i]).toBeCloseTo(v, 2))
    wantY.forEach((v, i) => expect(y.dataSync()[i]).toBeCloseTo(v, 2))
  })

  it('and what gathers neighbours have the gradients of linear maps', async () => {
    const engine = await loadTensorFlow()
    const { tf } = engine
    const pool = profilePool(engine, profileWeights([9, 5, 25, 21, 0, 0, 48, 20], size), 2, 2, grid)
    const map = tf.tensor4d(values(2 * 24 * 3), [2, 4, 6, 3])
    const [dx, dy] = [0, 1].map(() => tf.tensor3d(values(2 * PLACES * 3), [2, PLACES, 3]))
    const [x, y] = pool.forward(map)
    if (!dx || !dy) throw new Error('no slopes')
    expect(dot(pool.backward(dx, dy).dataSync(), map.dataSync())).toBeCloseTo(
      dot(x.dataSync(), dx.dataSync()) + dot(y.dataSync(), dy.dataSync()),
      3,
    )
    const slope = tf.tensor2d(values(2 * PLACES * 15), [2 * PLACES, 15])
    expect(dot(unfold(engine, dx, 5).dataSync(), slope.dataSync())).toBeCloseTo(
      dot(fold(engine, slope, [2, PLACES, 3], 5).dataSync(), dx.dataSync()),
      3,
    )
  })
})

describe('loss of a network of sides', () => {
  const boxes = [
    [10, 20, 50, 40],
    [10, 20, 50, 40],
  ] as const
  const truth = [14, 18, 52, 41] as const
  const said = { places: values(8 * PLACES), quality: values(2) }
  const out = { places: new Float32Array(8 * PLACES).fill(9), quality: new Float32Array(2) }
  sideGradient(said, boxes, [truth, null], out)

  it('descends in the places as the cross entropy with the two around the truth, by finite differences', () => {
    // Inwards by 0.1, -0.1, -0.05 and -0.05 of the box: place = (inwards + 0.5) × 8 - 0.5.
    ;[4.3, 2.7, 3.1, 3.1].forEach((place, side) => {
      const at = side * 2 * PLACES
      const row = said.places.slice(at, at + PLACES)
      const loss = (): number => {
        const chances = softmax(row)
        const low = Math.floor(place)
        const share = place - low
        return -((1 - share) * Math.log(chances[low] ?? 0) + share * Math.log(chances[low + 1] ?? 0)) / 4
      }
      for (let k = 0; k < PLACES; k++) {
        const kept = row[k] ?? 0
        row[k] = kept + 1e-2
        const up = loss()
        row[k] = kept - 1e-2
        const down = loss()
        row[k] = kept
        expect(out.places[at + k]).toBeCloseTo((up - down) / 2e-2, 4)
      }
      expect([...out.places.subarray(at + PLACES, at + 2 * PLACES)]).toEqual(Array<number>(PLACES).fill(0))
    })
  })

  it('teaches the quality the IoU of the moved box, and nothing to a box without a truth', () => {
    const by = [0, 1, 2, 3].map((side) =>
      dot(softmax(said.places.slice(side * 2 * PLACES, side * 2 * PLACES + PLACES)), placeShares),
    )
    const chance = (i: number): number => 1 / (1 + Math.exp(-(said.quality[i] ?? 0)))
    const wrong = chance(0) - overlap(moved(boxes[0], by), truth)
    expect(out.quality[0]).toBeCloseTo(wrong * Math.abs(wrong), 5)
    expect(out.quality[1]).toBeCloseTo(chance(1) ** 2, 5)
  })
})

describe('a network of sides', () => {
  const grids = { coarse: { width: 3, height: 2 }, fine: { width: 6, height: 4 } }
  const size = { widthPx: 48, heightPx: 32, stridePx: 8, grid: grids.fine }

  it('says how the whole changes with each of its weights', async () => {
    const engine = await loadTensorFlow()
    const { tf } = engine
    const network = sideNetwork(engine, { coarse: 7, fine: 5 }, 2, grids, random)
    network.variables['places.weights']?.assign(tf.tensor2d(values(160), [160, 1]))
    const batch = {
      seen: tf.tensor2d(values(2 * 6 * 7), [12, 7]),
      detail: tf.tensor2d(values(2 * 24 * 5), [48, 5]),
      weights: profileWeights([9, 5, 25, 21, 0, 0, 48, 20, 4, 4, 30, 30, 16, 10, 40, 18], size),
      classes: [0, 1, 1, 0],
      logits: [-1, 0.5, 1, -2],
      views: 2,
    }
    const slopes = [tf.tensor2d(values(16 * PLACES), [16, PLACES]), tf.tensor2d(values(4), [4, 1])] as const
    const sum = (): number => {
      const { places, quality } = network.forward(batch)
      return dot(places.dataSync(), slopes[0].dataSync()) + dot(quality.dataSync(), slopes[1].dataSync())
    }
    const grads = network.forward(batch).backward(...slopes)
    expect(Object.keys(grads).sort()).toEqual(Object.keys(network.variables).sort())
    for (const [name, variable] of Object.entries(network.variables)) {
      const gradient = grads[name]?.dataSync() ?? []
      const steepness = dot(gradient, gradient)
      // Of a step along its own gradient, so small that few hidden values change sign.
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

  it('is the same for the same seed, and another one for another', async () => {
    const engine = await loadTensorFlow()
    const bytes = (length: number): Int8Array => Int8Array.from({ length }, (_, i) => (i * i) % 31)
    const truth = { class: 0, box: [8, 8, 40, 28] as const }
    const picture = {
      views: [{ coarse: bytes(6 * 3), fine: bytes(24 * 2), targets: boxTargets([truth], size) }],
      truths: [truth],
      proposals: [{ class: 0, score: 0.6, box: [6, 9, 36, 30] as const }],
    }
    const fit = (seed: number) =>
      fitSides(engine, [picture], {
        classes: 2,
        size,
        coarseStridePx: 16,
        channels: { coarse: 3, fine: 2 },
        steps: 4,
        seed,
      })
    const [first, again, other] = [await fit(1), await fit(1), await fit(2)]
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
  })
})

describe('proposals', () => {
  it('are the best boxes, of those of a class that show the same only the better', () => {
    const boxes = Float32Array.of(0, 0, 10, 10, 0, 0, 10, 9, 0, 0, 10, 10, 0, 0, 10, 7)
    const found = bestBoxes(boxes, Float32Array.of(0.5, 0.75, 0.25, 0.125), [0n, 0n, 1n, 0n], 10)
    // 90 of 100 px are shared by the first two, 70 of 90 by the second and the last, and classes do not meet.
    expect(found.map((p) => [p.class, p.score])).toEqual([
      [0, 0.75],
      [1, 0.25],
    ])
    expect(bestBoxes(boxes, Float32Array.of(0.5, 0.75, 0.25, 0.125), [0n, 0n, 1n, 0n], 1)).toHaveLength(1)
  })
})

describe('moving sides in the graph', () => {
  let backbone: Backbone
  beforeAll(async () => {
    backbone = await findBackbone([PACKAGES_DIR], 'backbone-s', await loadTrustedKeys())
  })

  it('judges as the networks that were taught', async () => {
    const engine = await loadTensorFlow()
    const { tf } = engine
    const size = { widthPx: 96, heightPx: 64, stridePx: 8, grid: { width: 12, height: 8 } }
    const image = Uint8Array.from({ length: 96 * 64 * 3 }, (_, i) => (i * i + 7 * i) % 251)
    const describer = await openLevelDescriber(backbone, size)
    const { channels } = describer
    const features = await describer.describe(image, 'noise').finally(() => describer.close())
    const scale = (n: number) => ({ mean: values(n), deviation: values(n).map((v) => 1.5 + v) })
    const scales = { coarse: scale(channels.coarse), fine: scale(channels.fine) }
    const standard = (rows: Float32Array, { mean, deviation }: (typeof scales)['fine']) => {
      const n = mean.length
      return tf.tensor2d(
        rows.map((v, i) => (v - (mean[i % n] ?? 0)) / (deviation[i % n] ?? 1)),
        [rows.length / n, n],
      )
    }
    const grids = { coarse: { width: 6, height: 4 }, fine: size.grid }
    const head = await boxNetwork(engine, channels, 3, grids, random).read()
    const networks = [0, 1].map(() => {
      const network = sideNetwork(engine, channels, 3, grids, random)
      network.variables['places.weights']?.assign(tf.tensor2d(values(160), [160, 1]))
      return network
    })
    const sides = await Promise.all(networks.map((network) => network.read()))
    const run = async (model: Uint8Array) => {
      const session = await openSession(model, { providers: ['cpu'], intraOpThreads: 1 })
      const names = ['boxes', 'scores', 'labels']
      return session
        .run({ [backbone.input]: { data: image, shape: [1, 64, 96, 3] } }, names)
        .finally(() => session.close())
    }
    const proposals = proposalsOf(await run(boxModel(backbone, size, [head], [], scales, 10)), 60)
    expect(proposals.length).toBeGreaterThan(5)
    const said = networks.map((network) =>
      network.forward({
        seen: standard(features.coarse, scales.coarse),
        detail: standard(features.fine, scales.fine),
        weights: profileWeights(
          proposals.flatMap((p) => p.box),
          size,
        ),
        classes: proposals.map((p) => p.class),
        logits: proposals.map(({ score }) => Math.log(score / (1 - score))),
        views: 1,
      }),
    )
    const mean = (of: 'places' | 'quality'): Float32Array => {
      const [a, b] = said.map((s) => s[of].dataSync<'float32'>())
      return Float32Array.from(a ?? [], (v, i) => (v + (b?.[i] ?? 0)) / 2)
    }
    const [places, quality] = [mean('places'), mean('quality')]
    const out = await run(boxModel(backbone, size, [head], sides, scales, 10))
    expect(out['scores']?.shape).toEqual([1, out['scores']?.data.length])
    proposals.forEach(({ class: c, score, box }, i) => {
      const by = [0, 1, 2, 3].map((side) => {
        const at = (side * proposals.length + i) * PLACES
        return dot(softmax(places.slice(at, at + PLACES)), placeShares)
      })
      const edges = [96, 64, 96, 64]
      moved(box, by).forEach((v, k) =>
        expect(out['boxes']?.data[i * 4 + k]).toBeCloseTo(Math.max(0, Math.min(edges[k] ?? 0, v)), 2),
      )
      expect(Number(out['labels']?.data[i])).toBe(c)
      expect(out['scores']?.data[i]).toBeCloseTo(Math.sqrt(score / (1 + Math.exp(-(quality[i] ?? 0)))), 4)
    })
    // A class whose score is no number is never the best of a patch: it must not be lost for that.
    const bias = head.out.bias.map((v, i) => (i === 1 ? NaN : v))
    const spoilt = await run(
      boxModel(backbone, size, [{ ...head, out: { ...head.out, bias } }], sides, scales, 10),
    )
    expect(spoilt['scores']?.data.length).toBeGreaterThan(0)
    expect([...(spoilt['scores']?.data ?? [])].every(Number.isNaN)).toBe(true)
    for (const network of networks) network.dispose()
  })
})
