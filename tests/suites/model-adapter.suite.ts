import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Box } from '../../contracts/index.ts'
import { findingClasses, loadModel, scoreNames } from '../../models/index.ts'
import type { ModelImages, ModelRunner, Pixels } from '../../models/index.ts'
import { plain, writeToyPackage } from './toy-models.ts'
import type { ToyOptions, ToyPackage } from './toy-models.ts'

/** What one adapter brings to the suite: a toy model of its family and images with known answers. */
export interface AdapterCase {
  toy: ToyOptions
  /** Images of this size on which the model sees at least two findings, with scores on both sides of `middle`. */
  seen(widthPx: number, heightPx: number): ModelImages
  /** Images on which it sees nothing at `low`. */
  nothing(widthPx: number, heightPx: number): ModelImages
  /** A threshold below all findings of `seen`, and one between them. */
  low: number
  middle: number
  /** A toy whose every score is NaN on images without content, and such images. */
  nan: ToyOptions
  /** Output named by the NaN error. */
  nanOutput: string
  /** A model of 64 x 64 px with letterbox, an image of another shape, and the box it must give in that image. */
  letterbox: { toy: ToyOptions; images: ModelImages; box: Box; tolerancePx: number }
}

const ALL = { thresholds: {}, maxFindings: 100 }

export function modelAdapterSuite(name: string, given: AdapterCase): void {
  describe(`model adapter: ${name}`, () => {
    const packages: ToyPackage[] = []
    const runners: ModelRunner[] = []
    let model: ModelRunner

    async function open(toy: ToyOptions): Promise<ModelRunner> {
      const pkg = await writeToyPackage(toy)
      packages.push(pkg)
      return reopen(pkg)
    }

    async function reopen(pkg: ToyPackage): Promise<ModelRunner> {
      const { dir, trustedKeys } = pkg
      const runner = await loadModel(dir, { providers: ['cpu'], trustedKeys, intraOpThreads: 1 })
      runners.push(runner)
      return runner
    }

    beforeAll(async () => {
      model = await open(given.toy)
    })
    afterAll(async () => {
      for (const runner of runners) await runner.close()
      for (const pkg of packages) await pkg.remove()
    })

    it('gives the same answer every time and from every session', async () => {
      const [pkg] = packages
      if (pkg === undefined) throw new Error('the package was written')
      const other = await reopen(pkg)
      const run = async (m: ModelRunner): Promise<unknown> => {
        const { inferMs: _, ...rest } = await m.run(given.seen(40, 30), { threshold: given.low, ...ALL })
        return rest
      }
      const first = await run(model)
      await model.run(given.nothing(50, 20), { threshold: given.low, ...ALL })
      expect(await run(model)).toEqual(first)
      expect(await run(other)).toEqual(first)
    })

    it.each([
      [40, 30],
      [30, 40],
      [97, 23],
    ])('keeps boxes inside an image of %i x %i, half-open', async (w, h) => {
      const { findings } = await model.run(given.seen(w, h), { threshold: given.low, ...ALL })
      expect(findings.length).toBeGreaterThan(0)
      for (const {
        box: [x1, y1, x2, y2],
        areaPx,
      } of findings) {
        expect(x1).toBeGreaterThanOrEqual(0)
        expect(y1).toBeGreaterThanOrEqual(0)
        expect(x2).toBeGreaterThan(x1)
        expect(y2).toBeGreaterThan(y1)
        expect(x2).toBeLessThanOrEqual(w)
        expect(y2).toBeLessThanOrEqual(h)
        expect(areaPx).toBeGreaterThan(0)
        expect(areaPx).toBeLessThanOrEqual((x2 - x1) * (y2 - y1) + 1e-6)
      }
    })

    it('orders findings by falling score and names classes of the card', async () => {
      const { findings, scores: named } = await model.run(given.seen(40, 30), {
        threshold: given.low,
        ...ALL,
      })
      expect(findings.length).toBeGreaterThanOrEqual(2)
      expect(Object.keys(named).toSorted()).toEqual(scoreNames(model.card).toSorted())
      const scores = findings.map((f) => f.score)
      expect(scores).toEqual(scores.toSorted((a, b) => b - a))
      for (const f of findings) expect(findingClasses(model.card)).toContain(f.class)
    })

    it('respects the threshold and the threshold of a class', async () => {
      const low = await model.run(given.seen(40, 30), { threshold: given.low, ...ALL })
      const middle = await model.run(given.seen(40, 30), { threshold: given.middle, ...ALL })
      expect(middle.findings.length).toBeGreaterThan(0)
      expect(middle.findings.length).toBeLessThan(low.findings.length)
      for (const f of middle.findings) expect(f.score).toBeGreaterThanOrEqual(given.middle)
      const everyClass = Object.fromEntries(model.card.labels.map((l) => [l, given.middle]))
      const byClass = await model.run(given.seen(40, 30), {
        threshold: given.low,
        thresholds: everyClass,
        maxFindings: 100,
      })
      expect(byClass.findings).toEqual(middle.findings)
    })

    it('refuses a threshold for a class the card does not have', async () => {
      const options = { threshold: given.low, thresholds: { opne: 0.1 }, maxFindings: 100 }
      await expect(model.run(given.seen(40, 30), options)).rejects.toThrow(/MDL_INPUT.*thresholds\.opne/)
    })

    it('keeps the best findings when there are too many', async () => {
      const all = await model.run(given.seen(40, 30), { threshold: given.low, ...ALL })
      const one = await model.run(given.seen(40, 30), {
        threshold: given.low,
        thresholds: {},
        maxFindings: 1,
      })
      expect(one.findings).toEqual(all.findings.slice(0, 1))
      expect(one.scores).toEqual(all.scores)
    })

    it('returns no finding where there is none', async () => {
      const { findings, scores } = await model.run(given.nothing(40, 30), { threshold: given.low, ...ALL })
      expect(findings).toEqual([])
      for (const score of Object.values(scores)) expect(Number.isFinite(score)).toBe(true)
    })

    it('reads pixels from shared memory', async () => {
      const shared = (p: Pixels): Pixels => {
        const data = new Uint8Array(new SharedArrayBuffer(p.data.length))
        data.set(p.data)
        return { ...p, data }
      }
      const { image, template } = given.seen(40, 30)
      const images = {
        image: shared(image),
        ...(template === undefined ? {} : { template: shared(template) }),
      }
      const { findings } = await model.run(images, { threshold: given.low, ...ALL })
      const plainRun = await model.run({ image, template }, { threshold: given.low, ...ALL })
      expect(findings).toEqual(plainRun.findings)
    })

    it('answers concurrent calls each with its own image', async () => {
      const alone = await model.run(given.seen(40, 30), { threshold: given.low, ...ALL })
      const [a, b, c] = await Promise.all([
        model.run(given.seen(40, 30), { threshold: given.low, ...ALL }),
        model.run(given.nothing(40, 30), { threshold: given.low, ...ALL }),
        model.run(given.seen(40, 30), { threshold: given.low, ...ALL }),
      ])
      expect(a.findings).toEqual(alone.findings)
      expect(b.findings).toEqual([])
      expect(c.findings).toEqual(alone.findings)
    })

    it('refuses NaN, naming output and place, and goes on with the next image', async () => {
      const sick = await open(given.nan)
      const options = { threshold: given.low, ...ALL }
      const black = plain(40, 30, 0)
      await expect(sick.run({ image: black, template: black }, options)).rejects.toThrow(
        new RegExp(`MDL_OUTPUT.*${given.nanOutput}.*NaN at index 0`),
      )
      expect((await sick.run(given.seen(40, 30), options)).findings.length).toBeGreaterThan(0)
    })

    it('maps a letterboxed result back to the image', async () => {
      const { toy, images, box, tolerancePx } = given.letterbox
      const boxed = await open(toy)
      const { findings } = await boxed.run(images, { threshold: given.low, ...ALL })
      const [first] = findings
      if (first === undefined) throw new Error('nothing was found')
      for (const [i, v] of box.entries())
        expect(Math.abs((first.box[i] ?? NaN) - v)).toBeLessThanOrEqual(tolerancePx)
    })

    it('refuses to run after close', async () => {
      const closing = await open(given.toy)
      await closing.close()
      await closing.close()
      const run = closing.run(given.seen(40, 30), { threshold: given.low, ...ALL })
      await expect(run).rejects.toThrow(/MDL_RUN.*expected an open model; found closed/)
    })
  })
}
