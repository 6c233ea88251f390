import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { findBackbone, loadTrustedKeys, PACKAGES_DIR, type Pixels, teachClasses } from '../../models/index.ts'
import type { LabelledImage, TeachClassesOptions } from '../../models/index.ts'
import { foldsOf } from '../../models/heads/cross-fit.ts'
import { calibrationError, crossEntropy, fitTemperature } from '../../models/heads/calibration.ts'
import { logitsOf, softmaxFitter } from '../../models/heads/softmax-regression.ts'
import { loadTensorFlow } from '../../models/heads/tensorflow.ts'
import { createImageInput } from '../../models/input/image-input.ts'
import { openSession } from '../../models/runtime/ort-session.ts'
import type { Backbone } from '../../models/teach/backbone.ts'

/** scikit-learn 1.9.1 and scipy 1.17.1, by tests/golden/softmax-regression.py. */
const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, '../golden/softmax-regression.json'), 'utf8'),
) as { probabilities: number[][]; temperature: number; loss: number }

/** The rows of that program. */
function goldenRows(): { rows: Float32Array[]; labels: number[] } {
  let state = 1
  const draw = (): number => (state = (Math.imul(1664525, state) + 1013904223) >>> 0) / 2 ** 32
  const rows = Array.from({ length: 90 }, () => Float64Array.from({ length: 5 }, draw))
  const labels = rows.map((_, i) => i % 3)
  rows.forEach((row, i) => (row[i % 3] = (row[i % 3] ?? 0) + 0.6))
  return { rows: rows.map((r) => Float32Array.from(r)), labels }
}

const softmax = (row: Float64Array): number[] => {
  const powers = [...row].map((v) => Math.exp(v - Math.max(...row)))
  return powers.map((p) => p / powers.reduce((a, b) => a + b, 0))
}

describe('softmax regression', () => {
  it('finds the optimum that scikit-learn finds', async () => {
    const { rows, labels } = goldenRows()
    const values = Float32Array.from(rows.flatMap((r) => [...r]))
    const fitter = softmaxFitter(
      await loadTensorFlow(),
      { values, features: 5, labels, weights: rows.map(() => 1) },
      3,
    )
    const head = await fitter.fit({ penalty: 0.01 })
    // From elsewhere the same optimum: it is the only one.
    const far = { ...head, weights: head.weights.map((v) => -3 * v) }
    const again = await fitter.fit({ penalty: 0.01, from: far })
    fitter.close()
    for (const found of [head, again])
      logitsOf(found, values.subarray(0, 30)).forEach((row, i) =>
        softmax(row).forEach((p, c) => expect(p).toBeCloseTo(golden.probabilities[i]?.[c] ?? NaN, 3)),
      )
  })

  it('tells how far confidence is from accuracy', () => {
    // Four rows of confidence 0.8, three of them right; four of 0.6, one right.
    const sure = (p: number): Float64Array => Float64Array.of(Math.log(p / (1 - p)), 0)
    const rows = [0.8, 0.8, 0.8, 0.8, 0.6, 0.6, 0.6, 0.6].map(sure)
    const labels = [0, 0, 0, 1, 0, 1, 1, 1]
    const ones = rows.map(() => 1)
    expect(calibrationError(rows, labels, ones)).toBeCloseTo((4 * 0.05 + 4 * 0.35) / 8, 10)
    expect(
      calibrationError(
        rows.map((r) => r.map((v) => 7 * v)),
        labels,
        rows.map(() => 7),
      ),
    ).toBeCloseTo(0.2, 10)
  })

  it('calibrates to the temperature that scipy finds', () => {
    const { rows, labels } = goldenRows()
    const logits = rows.map((r) => Float64Array.from(r.subarray(0, 3), (v) => 3 * v))
    const temperature = fitTemperature(logits, labels)
    expect(temperature).toBeCloseTo(golden.temperature, 3)
    expect(crossEntropy(logits, labels, temperature)).toBeCloseTo(golden.loss, 7)
  })

  it('spreads every class over the folds', () => {
    const labels = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1]
    const fold = foldsOf(labels, 5, 7)
    expect(fold).toEqual(foldsOf(labels, 5, 7))
    expect(fold.slice(0, 5).toSorted()).toEqual([0, 1, 2, 3, 4])
    expect(new Set(fold.slice(5)).size).toBe(5)
    // One part of each class: no fold may get all of them and leave another nothing to learn from.
    expect(foldsOf([3, 1], 2, 7).toSorted()).toEqual([0, 1])
  })
})

const SIDE = 64
/** Stripes, checks and noise: textures with the same mean. */
function texture(label: string, n: number): Pixels {
  let state = n + 1
  const noise = (): number => (state = (Math.imul(1664525, state) + 1013904223) >>> 0) / 2 ** 32
  const data = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => {
    const x = (i % SIDE) + n
    const y = Math.floor(i / SIDE) + 2 * n
    const on = label === 'stripes' ? x & 4 : label === 'checks' ? (x ^ y) & 4 : noise() > 0.5
    return (on ? 170 : 80) + Math.floor(20 * noise())
  })
  return { data, widthPx: SIDE, heightPx: SIDE, channels: 1 }
}

describe('teaching classes', () => {
  let backbone: Backbone
  beforeAll(async () => {
    backbone = await findBackbone([PACKAGES_DIR], 'backbone-s', await loadTrustedKeys())
  })
  const options: TeachClassesOptions = {
    id: 'textures',
    version: '1.0.0',
    sidePx: SIDE,
    seed: 1,
    licence: 'own',
  }
  const all = (perClass: number): LabelledImage[] =>
    ['stripes', 'checks', 'noise'].flatMap((label) =>
      Array.from({ length: perClass }, (_, n) => ({ id: `${label}/${n}`, label, pixels: texture(label, n) })),
    )
  async function* stream(images: readonly LabelledImage[]): AsyncGenerator<LabelledImage> {
    yield* images
  }
  const teach = (images: readonly LabelledImage[], over: Partial<TeachClassesOptions> = {}) =>
    teachClasses(
      backbone,
      stream(images),
      { ...options, ...over },
      images.map((i) => i.label),
    )

  it('learns textures from six images a class, and one graph judges new ones', async () => {
    const taught = await teach(all(6))
    expect(taught.card.labels).toEqual(['checks', 'noise', 'stripes'])
    expect([taught.right, taught.parts, taught.doubtful]).toEqual([18, 18, []])
    expect(taught.confusion).toEqual([
      [6, 0, 0],
      [0, 6, 0],
      [0, 0, 6],
    ])
    const session = await openSession(taught.model, { providers: ['cpu'], intraOpThreads: 1 })
    const [spec] = taught.card.inputs
    if (!spec) throw new Error('no input')
    const input = createImageInput(spec)
    for (const { label, pixels } of all(30).filter((_, i) => i % 30 >= 20)) {
      const raw = await session.run({ image: input.prepare(pixels).tensor }, ['probabilities'])
      const p = Array.from((raw['probabilities']?.data ?? []) as Float32Array)
      expect(p.reduce((a, b) => a + b)).toBeCloseTo(1, 5)
      expect(taught.card.labels[p.indexOf(Math.max(...p))]).toBe(label)
    }
    await session.close()
  })

  it('is the same model for the same seed', async () => {
    const [a, b] = [await teach(all(5)), await teach(all(5))]
    expect(Buffer.compare(a.model, b.model)).toBe(0)
  })

  it('names labels that the other images contradict', async () => {
    const images = all(8).map((i) => (i.id === 'noise/3' ? { ...i, label: 'stripes' } : i))
    const { doubtful } = await teach(images)
    expect(doubtful).toContainEqual({ id: 'noise/3', label: 'stripes', looksLike: 'noise' })
  })

  it('refuses what cannot be taught, naming it', async () => {
    const images = all(5)
    const first = images[0]
    if (!first) throw new Error('no image')
    await expect(teach([...images, { ...first, id: 'twin', label: 'noise' }])).rejects.toMatchObject({
      code: 'TCH_LABELS',
      detail: { path: 'twin', actual: 'noise' },
    })
    await expect(teach(images.slice(1))).rejects.toMatchObject({
      code: 'TCH_LABELS',
      detail: { path: 'stripes', actual: '4' },
    })
    // The same picture again is no further example.
    await expect(teach([...images.slice(1), { ...first, ...images[1], id: 'copy' }])).rejects.toMatchObject({
      detail: { path: 'stripes', actual: '4' },
    })
    await expect(teach(images.filter((i) => i.label === 'noise'))).rejects.toMatchObject({
      code: 'TCH_LABELS',
      detail: { actual: 'one class alone, noise' },
    })
    await expect(teach([])).rejects.toMatchObject({ code: 'TCH_LABELS' })
    // Before a picture is looked at.
    let looked = 0
    async function* watched(): AsyncGenerator<(typeof images)[number]> {
      for (const image of images) {
        looked += 1
        yield image
      }
    }
    const declared = images.map(() => 'noise')
    await expect(teachClasses(backbone, watched(), options, declared)).rejects.toMatchObject({
      code: 'TCH_LABELS',
      detail: { actual: 'one class alone, noise' },
    })
    expect(looked).toBe(0)
    await expect(teach(images, { sidePx: 65 })).rejects.toMatchObject({ code: 'MDL_INPUT' })
  })

  it('stops at once when it is cancelled', async () => {
    const stop = new AbortController()
    const stages: string[] = []
    const run = teach(all(5), {
      signal: stop.signal,
      onProgress: (stage, done) => {
        stages.push(stage)
        if (stage === 'heads' && done === 1) stop.abort(new Error('enough'))
      },
    })
    await expect(run).rejects.toThrow('enough')
    expect(stages.filter((s) => s === 'heads')).toHaveLength(1)
  })
})
