import { beforeAll, describe, expect, it } from 'vitest'
import { scoreDetections } from '../../datasets/index.ts'
import { findBackbone, loadTrustedKeys, PACKAGES_DIR, teachBoxes } from '../../models/index.ts'
import type { Backbone, LabelledRegion, SegmentImage, UnseenImage } from '../../models/index.ts'
import { adapterFor } from '../../models/adapters/registry.ts'
import { createForward } from '../../models/forward.ts'
import { boxGradient } from '../../models/heads/box-gradient.ts'
import { boxCellLabels, sideDistances } from '../../models/heads/box-targets.ts'
import { openSession } from '../../models/runtime/ort-session.ts'
import { sheets, SIDE } from './samples/sheets.ts'

const FOUR = { width: 4, height: 4 }
const regions: LabelledRegion[] = [{ class: 'dent', shape: { box: [0, 0, 24, 16] } }]
const image = { widthPx: 32, heightPx: 32 }

describe('targets of a box head', () => {
  it('lets the middle of a box speak for it', () => {
    const labels = boxCellLabels(regions, ['dent'], image, FOUR)
    // 60 % of 24 x 16 px is from 4.8 to 19.2 and from 3.2 to 12.8.
    expect([...labels.subarray(0, 8)]).toEqual([-1, 1, -1, 0, -1, 1, -1, 0])
  })

  it('measures the way to the sides, in mirrored views too', () => {
    const set = {
      features: 0,
      count: 4,
      values: new Float32Array(),
      labels: Int16Array.of(1, 1, 1, 0),
      image: new Int32Array(4),
      stands: new Float32Array(4),
      // As taken; mirrored left to right; top to bottom; background.
      view: Uint8Array.of(0, 1, 2, 0),
      cell: Int32Array.of(1, 2, 13, 15),
    }
    const size = { widthPx: 64, heightPx: 64, stridePx: 16, grid: FOUR }
    const pictures = { size, items: [{ id: 'a', data: new Uint8Array(), source: image, regions }] }
    const distances = sideDistances(set, pictures, ['dent'])
    // The box at working size is 48 x 32 px, the middle of patch 1 lies at (24, 8).
    expect([...distances.subarray(0, 4)]).toEqual([24, 8, 24, 24])
    expect([...distances.subarray(4, 8)]).toEqual([24, 8, 24, 24])
    expect([...distances.subarray(8, 12)]).toEqual([24, 24, 24, 8])
    expect(distances[12]).toBeNaN()
  })

  it('descends where the loss does, by finite differences', () => {
    const labels = [1, 0]
    const distances = Float32Array.of(0.5, 2, 1.5, 1, NaN, NaN, NaN, NaN)
    const given = [0.3, -0.2, 0.1, 0.4, -0.3, 0.2, -0.5, 0.6, 0, 0, 0, 0]
    const loss = (g: readonly number[]): number => {
      let sum = 0
      labels.forEach((label, i) => {
        const [a = 0, b = 0] = g.slice(i * 6, i * 6 + 2)
        sum += (Math.log(Math.exp(a) + Math.exp(b)) - (label === 0 ? a : b)) / 2
      })
      const [l = 0, t = 0, r = 0, b = 0] = g.slice(2, 6).map(Math.exp)
      const both = (Math.min(l, 0.5) + Math.min(r, 1.5)) * (Math.min(t, 2) + Math.min(b, 1))
      return sum + 1 - both / ((l + r) * (t + b) + 2 * 3 - both)
    }
    const out = new Float32Array(12)
    boxGradient(2, labels, [1, 1], distances)(given, [0, 1], out)
    given.forEach((_, i) => {
      const moved = (by: number): number => loss(given.map((v, k) => (k === i ? v + by : v)))
      expect(out[i]).toBeCloseTo((moved(1e-5) - moved(-1e-5)) / 2e-5, 5)
    })
  })
})

describe('teaching boxes', { timeout: 120_000 }, () => {
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
        rows: 4_000,
        judge,
      },
      images.length,
    )

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
