import { describe, expect, it } from 'vitest'
import { usualSize } from '../../models/teach/images.ts'
import { seededRandom } from '../../models/teach/random.ts'
import {
  pictureOf,
  repeatedScenes,
  repeatedWarnings,
  sameScene,
  scenesOf,
} from '../../models/teach/repeated.ts'
import type { Picture } from '../../models/teach/repeated.ts'

const SIDE = 256
const nothing = (): void => undefined

interface Photograph {
  /** Which part: its marks are its own. */
  part: number
  photo?: number
  movedPx?: number
  light?: number
  noise?: number
  /** Levels of what the parts of this kind do not share. */
  own?: number
  speck?: boolean
}

/** A ring on a plate with waves that all parts have, and faint broad marks of each; photographed with noise. */
function photograph(how: Photograph): Uint8Array {
  const { part, photo = 0, movedPx = 0, light = 1, noise = 1, own = 6, speck = false } = how
  const marks = seededRandom(part + 1)
  const waves = Array.from({ length: 12 }, () => [marks(), marks(), 6.3 * marks()] as const)
  const random = seededRandom(1_000 * part + photo + 7)
  const gauss = (): number => random() + random() + random() + random() - 2
  const out = new Uint8Array(SIDE * SIDE * 3)
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) {
      const [u, v] = [x + movedPx, y - movedPx]
      const ring = 50 / (1 + Math.exp(Math.abs(Math.hypot(u - 128, v - 120) - 70) - 6))
      let grey = 100 + ring + 8 * Math.sin(0.5 * u + 0.3 * v)
      for (const [a, b, c] of waves)
        grey += (own / 3) * Math.sin(0.4 * (a - 0.5) * u + 0.4 * (b - 0.5) * v + c)
      if (speck && Math.hypot(x - 90, y - 170) < 4) grey -= 40
      out.fill(Math.round(light * grey + 1.73 * noise * gauss()), 3 * (y * SIDE + x), 3 * (y * SIDE + x) + 3)
    }
  return out
}
const picture = (how: Photograph): Picture => pictureOf(photograph(how), SIDE, SIDE)

describe('photographs of one part', () => {
  it.each([
    ['noise', { photo: 1 }],
    ['another light', { photo: 1, light: 1.03 }],
    ['a small move', { photo: 1, movedPx: 1.3 }],
    ['a move, light and noise', { photo: 1, movedPx: -3, light: 0.97, noise: 2 }],
  ])('that differ by %s show one scene', (_, how) => {
    expect(sameScene(picture({ part: 1 }), picture({ part: 1, ...how }))).toBe(true)
  })

  it('are found where all images are such, and where three parts come again and again', () => {
    const all = [0, 1, 2, 3, 4, 5].map((photo) => picture({ part: 1, photo, movedPx: photo / 3 }))
    expect(repeatedScenes(all, nothing)).toEqual([0, 0, 0, 0, 0, 0])
    const three = [0, 1, 2, 0, 1, 2, 0, 1, 2]
    const again = three.map((part, photo) => picture({ part, photo, movedPx: (photo % 4) / 2 }))
    expect(repeatedScenes(again, nothing)).toEqual(three)
  })
})

describe('different parts of a very uniform kind', () => {
  it('are not taken for photographs of one', () => {
    const parts = Array.from({ length: 10 }, (_, part) => picture({ part, movedPx: part % 2 }))
    expect(repeatedScenes(parts, nothing)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('may differ by one small mark', () => {
    expect(sameScene(picture({ part: 1 }), picture({ part: 1, photo: 1, speck: true }))).toBe(false)
  })

  it('nor are pictures without contrast, or of a few pixels', () => {
    const plain = pictureOf(new Uint8Array(SIDE * SIDE * 3).fill(90), SIDE, SIDE)
    expect(sameScene(plain, plain)).toBe(false)
    const small = pictureOf(new Uint8Array(16 * 16 * 3).fill(90), 16, 16)
    expect(sameScene(small, small)).toBe(false)
  })
})

it('what is said names images and the number of parts, and nothing is said of different ones', () => {
  const names = ['a.png', 'b.png', 'c.png']
  expect(repeatedWarnings(names, [0, 1, 2])).toEqual([])
  const [some] = repeatedWarnings(names, [0, 1, 0])
  expect(some?.en).toContain('3 images show 2 parts')
  expect(some?.en).toContain('(a.png, c.png)')
  expect(some?.zh).toContain('3 张图像显示 2 个工件')
  expect(repeatedWarnings(names, [0, 0, 0])[0]?.en).toContain('3 images show one part')
})

it('nobody looks where workpieces are named or nobody wants it', () => {
  const images = [0, 1].map((photo) => ({ data: photograph({ part: 1, photo }) }))
  const size = { widthPx: SIDE, heightPx: SIDE }
  expect(scenesOf(images, size, { group: true, groupBy: null }, nothing)).toEqual([0, 0])
  expect(scenesOf(images, size, { group: false, groupBy: null }, nothing)).toEqual([0, 1])
  expect(scenesOf(images, size, { group: true, groupBy: '^.' }, nothing)).toEqual([0, 1])
})

it('the usual size is one that images have', async () => {
  const sized = (widthPx: number, heightPx: number) => ({
    name: '',
    load: () => Promise.resolve({ data: new Uint8Array(), widthPx, heightPx, channels: 3 as const }),
  })
  const landscapes = Array.from({ length: 5 }, () => sized(640, 480))
  const portraits = Array.from({ length: 5 }, () => sized(480, 640))
  expect(await usualSize([...landscapes, ...portraits])).toEqual({ widthPx: 640, heightPx: 480 })
  expect(await usualSize([...portraits, ...landscapes, sized(480, 640)])).toEqual({
    widthPx: 480,
    heightPx: 640,
  })
  // of many sizes, none is common
  const many = [sized(10, 50), sized(20, 10), sized(30, 40), sized(40, 20), sized(50, 30)]
  expect(await usualSize(many)).toEqual({ widthPx: 30, heightPx: 30 })
})
