import { expect, it, vi } from 'vitest'
import { findBackbone, loadTrustedKeys, PACKAGES_DIR, teachBoxes } from '../../models/index.ts'
import type { SegmentImage, UnseenImage } from '../../models/index.ts'
import type { fitBoxes } from '../../models/heads/fit-boxes.ts'
import type { fitSides } from '../../models/heads/fit-sides.ts'
import { sheets, SIDE } from './samples/sheets.ts'

/** Number of images that every fit was given, and the boxes in them; written by the stand-ins below. */
const given = vi.hoisted(() => ({ heads: [] as number[], sides: [] as string[][] }))

vi.mock(import('../../models/heads/fit-boxes.ts'), async (original) => {
  const real = await original()
  const fit: typeof fitBoxes = (engine, images, how) => {
    given.heads.push(images.length)
    return real.fitBoxes(engine, images, how)
  }
  return { ...real, fitBoxes: fit }
})
vi.mock(import('../../models/heads/fit-sides.ts'), async (original) => {
  const real = await original()
  const fit: typeof fitSides = (engine, pictures, how) => {
    given.sides.push(pictures.map((p) => JSON.stringify(p.truths.map((t) => t.box))))
    return real.fitSides(engine, pictures, how)
  }
  return { ...real, fitSides: fit }
})

it('teaches no network on the images that it judges', { timeout: 120_000 }, async () => {
  const images = sheets(6, 'box').filter((image) => image.regions.length > 0)
  async function* stream(): AsyncGenerator<SegmentImage> {
    yield* images
  }
  let judged: readonly UnseenImage[] = []
  await teachBoxes(
    await findBackbone([PACKAGES_DIR], 'backbone-s', await loadTrustedKeys()),
    stream(),
    {
      id: 'sheets',
      version: '1.0.0',
      areaPx: SIDE * SIDE,
      seed: 1,
      licence: 'own',
      memoryLimitBytes: 1e9,
      steps: 2,
      judge: (unseen) => {
        judged = unseen
        return { map50: 0, perClass: {}, best: { threshold: 0.5, precision: 0, recall: 0, f1: 0 } }
      },
    },
    images.length,
  )
  const boxes = judged.map((image) => JSON.stringify(image.truths.map((t) => t.box)))
  expect(new Set(boxes).size).toBe(images.length)
  // Three parts, each judged by what was taught on the other two; the images judged come part after part.
  expect(given.heads).toEqual([8, 8, 8])
  expect(given.sides).toHaveLength(3)
  given.sides.forEach((taught, k) => {
    const part = boxes.slice(4 * k, 4 * k + 4)
    expect(taught).toHaveLength(8)
    expect(taught.filter((b) => part.includes(b))).toEqual([])
  })
})
