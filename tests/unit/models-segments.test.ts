import { beforeAll, describe, expect, it } from 'vitest'
import {
  findBackbone,
  loadTrustedKeys,
  PACKAGES_DIR,
  type Pixels,
  teachSegments,
} from '../../models/index.ts'
import type { Backbone, LabelledRegion, SegmentImage } from '../../models/index.ts'
import { sheets, SIDE } from './samples/sheets.ts'
import { adapterFor } from '../../models/adapters/registry.ts'
import { createForward } from '../../models/forward.ts'
import { cellLabels } from '../../models/heads/cell-labels.ts'
import { coverage } from '../../models/heads/region-labels.ts'
import { fitSegments } from '../../models/heads/fit-segments.ts'
import type { PatchSet } from '../../models/heads/patch-set.ts'
import { loadTensorFlow } from '../../models/heads/tensorflow.ts'
import { openSession } from '../../models/runtime/ort-session.ts'

const FOUR = { width: 4, height: 4 }
const size = { widthPx: 16, heightPx: 16 }

describe('regions on a grid', () => {
  it('measures how much of each cell a box, an outline and a mask cover', () => {
    const box = coverage({ class: 'a', shape: { box: [2, 4, 8, 8] } }, size, FOUR)
    expect([...box.subarray(4, 8)]).toEqual([0.5, 1, 0, 0])
    const polygons = [[2, 4, 8, 4, 8, 8, 2, 8]]
    expect([...coverage({ class: 'a', shape: { polygons } }, size, FOUR)]).toEqual([...box])
    // A mask of half the size of the image says the same.
    const mask: Pixels = {
      data: Uint8Array.from({ length: 64 }, (_, i) =>
        i >> 3 > 1 && i >> 3 < 4 && i % 8 > 0 && i % 8 < 4 ? 255 : 0,
      ),
      widthPx: 8,
      heightPx: 8,
      channels: 1,
    }
    expect([...coverage({ class: 'a', shape: { mask } }, size, FOUR)]).toEqual([...box])
  })

  it('misses no line that is narrower than the pixels of a cell are many, nor one that encloses none', () => {
    const large = { widthPx: 400, heightPx: 400 }
    const ten = { width: 10, height: 10 }
    // Each line of one pixel, whichever it is: 1 / 40 of the ten cells that it crosses.
    for (let at = 0; at < 40; at++) {
      const data = new Uint8Array(400 * 400)
      for (let y = 0; y < 400; y++) data[y * 400 + at] = 1
      const mask: Pixels = { data, ...large, channels: 1 }
      const column = [...coverage({ class: 'a', shape: { mask } }, large, ten)]
      expect(column.filter((v) => Math.abs(v - 1 / 40) < 1e-6)).toHaveLength(10)
      const thin = [
        [at, 0, at + 1, 0, at + 1, 400, at, 400],
        [0, at, 400, at, 400, at + 1, 0, at + 1],
        [0, at, 400, at, 0, at],
      ]
      for (const outline of thin) {
        const cells = coverage({ class: 'a', shape: { polygons: [outline] } }, large, ten)
        expect(
          cells.filter((v) => v > 0.02),
          `${outline}`,
        ).toHaveLength(10)
      }
    }
  })

  it('gives a hairline the cells it crosses, and leaves cells on an edge out', () => {
    const regions: LabelledRegion[] = [
      { class: 'scratch', shape: { polygons: [[0, 5, 16, 5, 16, 6, 0, 6]] } },
      { class: 'spot', shape: { box: [0, 8, 5, 16] } },
    ]
    const labels = cellLabels(regions, ['scratch', 'spot'], size, FOUR)
    expect([...labels]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, -1, 0, 0, 2, -1, 0, 0])
  })

  it('gives a hairline its cells though the same region marks a large spot elsewhere', () => {
    const large = { widthPx: 400, heightPx: 400 }
    const ten = { width: 10, height: 10 }
    // a spot over four cells, and a line of 1 px down the column of cells 8
    const data = new Uint8Array(400 * 400)
    for (let y = 40; y < 120; y++) data.fill(1, y * 400 + 40, y * 400 + 120)
    for (let y = 0; y < 400; y++) data[y * 400 + 333] = 1
    const polygons = [
      [40, 40, 120, 40, 120, 120, 40, 120],
      [333, 0, 334, 0, 334, 400, 333, 400],
    ]
    const spot = [11, 12, 21, 22]
    const wanted = Array.from({ length: 100 }, (_, i) => (i % 10 === 8 || spot.includes(i) ? 1 : 0))
    for (const shape of [{ mask: { data, ...large, channels: 1 as const } }, { polygons }])
      expect([...cellLabels([{ class: 'a', shape }], ['a'], large, ten)]).toEqual(wanted)
    // a pixel that an editor or a lossy format left by itself
    data[300 * 400 + 220] = 1
    const shape = { mask: { data, ...large, channels: 1 as const } }
    expect([...cellLabels([{ class: 'a', shape }], ['a'], large, ten)]).toEqual(wanted)
    // which is all of another region, and its own there
    const alone = new Uint8Array(400 * 400)
    alone[300 * 400 + 220] = 1
    const cell = 75
    const found = cellLabels(
      [{ class: 'a', shape: { mask: { data: alone, ...large, channels: 1 } } }],
      ['a'],
      large,
      ten,
    )
    expect([found[cell], found.reduce((a, b) => a + b, 0)]).toEqual([1, 1])
  })

  it('takes no line of the border of the image for the outline of what lies outside of it', () => {
    const square = [2, 4, 8, 4, 8, 8, 2, 8]
    const before = [-8, 2, -4, 2, -4, 10, -8, 10]
    const above = [2, -8, 10, -8, 10, -4, 2, -4]
    const cells = coverage({ class: 'a', shape: { polygons: [before, square, above] } }, size, FOUR)
    expect([...cells]).toEqual([...coverage({ class: 'a', shape: { box: [2, 4, 8, 8] } }, size, FOUR)])
  })
})

describe('a head of classes that are not alike in number', () => {
  it('gives each class the share that it has where the features say nothing', async () => {
    // 90 patches of the background and 10 of a defect, the latter drawn one for two
    const labels = Int16Array.from({ length: 95 }, (_, i) => (i < 90 ? 0 : 1))
    const set: PatchSet = {
      features: 1,
      count: 95,
      values: new Float32Array(95).fill(1),
      labels,
      image: Int32Array.from(labels, (_, i) => i % 5),
      stands: Float32Array.from(labels, (l) => (l === 0 ? 1 : 2)),
      view: new Uint8Array(95),
    }
    const tf = await loadTensorFlow()
    const options = { classes: 2, kinds: [0, 0, 0, 0, 0], seed: 1 }
    const { head } = await fitSegments(tf, set, { kind: 'linear', penalty: 1e-3 }, options)
    const [ground = 0, defect = 0] = head.out.bias
    // weighted by the root of its rarity the defect would have 1 / 4
    expect(1 / (1 + Math.exp(ground - defect))).toBeCloseTo(0.1, 2)
  })
})

describe('what a segmenter says of each place', () => {
  it('is its class, and how likely it is anything but background', () => {
    const spec = {
      family: 'segmentation-classes' as const,
      output: 'map',
      background: 'ground',
      minAreaPx: 1,
    }
    const context = { labels: ['dent', 'ground'], thresholds: [0.5, 0.5], maxFindings: 9 }
    const input = { widthPx: 2, heightPx: 1 }
    const geometry = { model: input, image: input, content: input, leftPx: 0, topPx: 0 }
    const decode = (activation: 'none' | 'softmax', values: number[]) =>
      adapterFor({ ...spec, activation }).decode(
        { map: { type: 'float32', shape: [1, 2, 1, 2], data: Float32Array.from(values) } },
        { ...context, geometry: geometry as never },
      )
    const said = decode('none', [0.75, 0.125, 0.25, 0.875])
    expect(said.map?.values).toEqual(Float32Array.of(0.75, 0.125))
    expect(said.map?.classes).toEqual(Float32Array.of(0, 1))
    expect(said.scores['max']).toBe(0.75)
    // the same as logits: ln 3 and -ln 7
    const logits = decode('softmax', [Math.log(3), -Math.log(7), 0, 0])
    expect(logits.map?.values[0]).toBeCloseTo(0.75, 6)
    expect(logits.map?.values[1]).toBeCloseTo(0.125, 6)
  })
})

describe('teaching segments', { timeout: 120_000 }, () => {
  let backbone: Backbone
  beforeAll(async () => {
    backbone = await findBackbone([PACKAGES_DIR], 'backbone-s', await loadTrustedKeys())
  })
  async function* stream(images: readonly SegmentImage[]): AsyncGenerator<SegmentImage> {
    yield* images
  }
  const teach = (images: readonly SegmentImage[], over = {}) =>
    teachSegments(
      backbone,
      stream(images),
      {
        id: 'sheets',
        version: '1.0.0',
        areaPx: SIDE * SIDE,
        seed: 1,
        licence: 'own',
        memoryLimitBytes: 1e9,
        rows: 1_200,
        ...over,
      },
      images.length,
    )

  it.each(['mask', 'box'] as const)(
    'finds defects of new images after five %s labels a class',
    async (form) => {
      const taught = await teach(sheets(5, form))
      const { card } = taught
      expect(card.labels).toEqual(['background', 'scratch', 'spot'])
      expect(taught.regions).toEqual({ scratch: 5, spot: 5 })
      const session = await openSession(taught.model, { providers: ['cpu'], intraOpThreads: 1 })
      const adapter = adapterFor(card.spec)
      const forward = createForward(card, session, adapter)
      for (const image of sheets(2, form, 50)) {
        const { raw, geometry } = await forward({ image: image.pixels })
        const context = {
          labels: card.labels,
          thresholds: card.labels.map(() => 0.5),
          maxFindings: 10,
          geometry,
        }
        const { findings } = adapter.decode(raw, context)
        expect(findings.map((f) => f.class)).toEqual(image.regions.map((r) => r.class))
        const [found] = findings
        const region = image.regions[0]
        if (!found || !region) continue
        const truth = coverage(region, image.pixels, { width: SIDE, height: SIDE })
        const both = truth.filter((v, i) => {
          const [x, y] = [i % SIDE, Math.floor(i / SIDE)]
          return v > 0 && x >= found.box[0] && x < found.box[2] && y >= found.box[1] && y < found.box[3]
        }).length
        expect(both / truth.filter((v) => v > 0).length).toBeGreaterThan(0.8)
      }
      await session.close()
    },
  )

  it('is the same model for the same seed', async () => {
    const [a, b] = [await teach(sheets(5, 'mask')), await teach(sheets(5, 'mask'))]
    expect(Buffer.compare(a.model, b.model)).toBe(0)
  })

  it('refuses what cannot be taught, naming it', async () => {
    const images = sheets(5, 'mask')
    const [first] = images
    if (!first) throw new Error('no image')
    await expect(teach(images.slice(1))).rejects.toMatchObject({
      code: 'TCH_LABELS',
      detail: { path: 'spot' },
    })
    await expect(teach(images.filter((i) => i.regions.length === 0))).rejects.toMatchObject({
      code: 'TCH_LABELS',
    })
    await expect(teach([])).rejects.toMatchObject({ code: 'TCH_LABELS' })
    await expect(teach([...images, { ...first, id: 'twin', regions: [] }])).rejects.toMatchObject({
      code: 'TCH_LABELS',
      detail: { path: 'twin', actual: 'nothing' },
    })
    await expect(teach(images, { memoryLimitBytes: 1e6 })).rejects.toMatchObject({ code: 'TCH_LIMIT' })
  })

  it('stops at once when it is cancelled', async () => {
    const stop = new AbortController()
    const onProgress = (stage: string): void => {
      if (stage === 'heads') stop.abort(new Error('enough'))
    }
    await expect(teach(sheets(5, 'mask'), { signal: stop.signal, onProgress })).rejects.toThrow('enough')
  })
})
