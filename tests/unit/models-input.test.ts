import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { modelCardSchema } from '../../contracts/index.ts'
import type { ModelInput } from '../../contracts/index.ts'
import { boxToImage, planFit } from '../../models/input/geometry.ts'
import { createImageInput } from '../../models/input/image-input.ts'
import { createResampler } from '../../models/input/resampler.ts'
import type { Pixels } from '../../models/index.ts'
import { toyCard } from '../suites/toy-models.ts'

function inputOf(over: Partial<ModelInput>): ModelInput {
  const card = modelCardSchema.parse(toyCard({ toy: { kind: 'anomaly' } }))
  const [first] = card.inputs
  if (first === undefined) throw new Error('the toy card has an input')
  return { ...first, ...over }
}

const grey = (rows: number[][]): Pixels => ({
  data: Uint8Array.from(rows.flat()),
  widthPx: rows[0]?.length ?? 0,
  heightPx: rows.length,
  channels: 1,
})

function resize(
  src: Pixels,
  widthPx: number,
  heightPx: number,
  method: 'pillow' | 'pillow-bicubic' = 'pillow',
): number[] {
  const out = new Uint8Array(widthPx * heightPx * src.channels)
  createResampler(src, { widthPx, heightPx }, src.channels, method)(src.data, out, 0, widthPx * src.channels)
  return [...out]
}

/** Expected pixels: Pillow 13.0, `Image.fromarray(a).resize((w, h), Image.BILINEAR)`. */
describe('resampling equals Pillow', () => {
  const source = grey([
    [139, 74, 229, 241, 169, 65, 6],
    [160, 149, 106, 38, 175, 188, 205],
    [175, 229, 98, 249, 10, 148, 95],
    [86, 147, 198, 66, 39, 106, 213],
    [171, 45, 167, 57, 69, 81, 55],
  ])

  it('shrinking with antialias', () => {
    expect(resize(source, 3, 2)).toEqual([148, 144, 128, 140, 106, 107])
  })

  it('shrinking one axis only', () => {
    expect(resize(source, 7, 2)).toEqual([
      153, 143, 147, 152, 129, 136, 117, 137, 133, 161, 103, 48, 111, 136,
    ])
  })

  it('enlarging', () => {
    expect(resize(source, 10, 8)).toEqual(
      [
        [139, 103, 113, 221, 237, 216, 164, 91, 38, 6],
        [148, 125, 124, 172, 160, 159, 169, 132, 107, 93],
        [161, 157, 142, 108, 70, 91, 166, 181, 192, 198],
        [170, 189, 178, 106, 154, 140, 67, 136, 147, 129],
        [147, 178, 185, 133, 170, 131, 25, 106, 133, 132],
        [92, 125, 162, 189, 117, 64, 40, 91, 152, 206],
        [134, 110, 113, 176, 102, 59, 58, 83, 106, 124],
        [171, 102, 76, 161, 95, 61, 70, 78, 69, 55],
      ].flat(),
    )
  })

  it('with a cubic, which reaches beyond black and white', () => {
    // Pillow 13.0, `Image.fromarray(a).resize((w, h), Image.BICUBIC)`
    const steep = grey([
      [0, 255, 0, 40],
      [250, 0, 255, 10],
      [3, 240, 20, 255],
    ])
    expect(resize(steep, 2, 2, 'pillow-bicubic')).toEqual([127, 69, 120, 142])
    expect(resize(steep, 5, 5, 'pillow-bicubic')).toEqual(
      [
        [0, 213, 142, 0, 45],
        [101, 143, 136, 78, 16],
        [255, 52, 127, 204, 0],
        [101, 134, 128, 126, 164],
        [0, 199, 130, 60, 255],
      ].flat(),
    )
  })

  it('RGB', () => {
    const rgb: Pixels = {
      data: Uint8Array.of(153, 178, 215, 76, 52, 39, 250, 72, 215, 50, 161, 223, 112, 172, 161, 233, 38, 17),
      widthPx: 3,
      heightPx: 2,
      channels: 3,
    }
    expect(resize(rgb, 2, 3)).toEqual(
      [
        [124, 131, 149, 185, 65, 149],
        [99, 148, 175, 187, 77, 110],
        [73, 165, 200, 188, 88, 71],
      ].flat(),
    )
  })

  it.each([
    [97, 64, 'a5b077db3b4b7a5d0b0a8151f5c508e9d1fb1ba3261ca7840226d2428c62ff52'],
    [640, 480, '1584c2b1ce48da89b732b2dd0b08da86b91b41f76fce0cd5fff57c45c307a7fa'],
    [224, 224, '1701786964504532a3e821c732a4f44c6fbaed0878a93bbe926193bb3ae7e7be'],
  ])('a 317 x 241 pattern to %i x %i, by SHA-256 of the pixels', (w, h, sha256) => {
    const data = Uint8Array.from({ length: 317 * 241 }, (_, i) => {
      const [x, y] = [i % 317, Math.floor(i / 317)]
      return (x * 7 + y * 13 + ((x * y) % 31)) % 256
    })
    const out = Uint8Array.from(resize({ data, widthPx: 317, heightPx: 241, channels: 1 }, w, h))
    expect(createHash('sha256').update(out).digest('hex')).toBe(sha256)
  })
})

describe('fit', () => {
  // width, height → content width, height, left, top; computed with the lines of Ultralytics LetterBox.__call__
  it.each([
    [1280, 720, 640, 640, 640, 360, 0, 140],
    [810, 1080, 640, 640, 480, 640, 80, 0],
    [641, 333, 640, 640, 640, 332, 0, 154],
    [100, 37, 64, 64, 64, 24, 0, 20],
  ])('letterboxes %i x %i into %i x %i like Ultralytics', (w, h, W, H, cw, ch, left, top) => {
    const plan = planFit(inputOf({ widthPx: W, heightPx: H, fit: 'letterbox' }), { widthPx: w, heightPx: h })
    expect([plan.content.widthPx, plan.content.heightPx, plan.leftPx, plan.topPx]).toEqual([
      cw,
      ch,
      left,
      top,
    ])
  })

  it('refuses another size when the card says none, naming both', () => {
    const input = inputOf({ widthPx: 64, heightPx: 48, fit: 'none' })
    expect(() => planFit(input, { widthPx: 64, heightPx: 50 })).toThrow(
      /MDL_INPUT.*expected 64 x 48 px; found 64 x 50 px/,
    )
  })

  it('maps a box there and back', () => {
    const plan = planFit(inputOf({ widthPx: 640, heightPx: 640, fit: 'letterbox' }), {
      widthPx: 641,
      heightPx: 333,
    })
    const sx = 640 / 641
    const sy = 332 / 333
    const box = boxToImage(plan, 100 * sx, 154 + 50 * sy, 300.5 * sx, 154 + 333 * sy)
    for (const [i, v] of [100, 50, 300.5, 333].entries()) expect(box[i]).toBeCloseTo(v, 9)
  })

  it('takes the left margin of an upright image off', () => {
    // 50 x 100 in 64 x 64: scale 0.64, 16 px of margin on the left
    const plan = planFit(inputOf({ widthPx: 64, heightPx: 64, fit: 'letterbox' }), {
      widthPx: 50,
      heightPx: 100,
    })
    const box = boxToImage(plan, 16 + 6.4, 12.8, 16 + 32, 64)
    for (const [i, v] of [10, 20, 50, 100].entries()) expect(box[i]).toBeCloseTo(v, 9)
  })

  it('clips to the image and keeps a box outside it as the nearest strip of 1 px', () => {
    const plan = planFit(inputOf({}), { widthPx: 20, heightPx: 10 })
    expect(boxToImage(plan, -5, -5, 50, 50)).toEqual([0, 0, 20, 10])
    expect(boxToImage(plan, 25, 3, 30, 4)).toEqual([19, 3, 20, 4])
    expect(boxToImage(plan, 4, 10, 6, 10)).toEqual([4, 9, 6, 10])
    expect(boxToImage(plan, -9, -9, -3, -2)).toEqual([0, 0, 1, 1])
  })
})

describe('image input', () => {
  it('puts a letterboxed image between margins of grey 114, as RGB', () => {
    const input = createImageInput(inputOf({ widthPx: 2, heightPx: 4, fit: 'letterbox', channels: 3 }))
    const { tensor } = input.prepare(grey([[10, 20]]))
    const margin = [114, 114, 114, 114, 114, 114]
    expect(tensor.shape).toEqual([1, 4, 2, 3])
    // 2 x 1 px in 2 x 4: three rows are margin, the smaller half first
    expect([...tensor.data]).toEqual([...margin, 10, 10, 10, 20, 20, 20, ...margin, ...margin])
  })

  it('resizes grey before it makes RGB of it', () => {
    const input = createImageInput(inputOf({ widthPx: 1, heightPx: 1, fit: 'stretch', channels: 3 }))
    // triangle filter of half-width 2 over two pixels: equal weights
    expect([...input.prepare(grey([[10, 20]])).tensor.data]).toEqual([15, 15, 15])
  })

  it('pads a free-size input to its multiple with the edge of the image', () => {
    const { tensor } = createImageInput(inputOf({ multipleOf: 4 })).prepare(
      grey([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    )
    expect(tensor.shape).toEqual([1, 4, 4, 1])
    expect([...tensor.data]).toEqual([1, 2, 3, 3, 4, 5, 6, 6, 4, 5, 6, 6, 4, 5, 6, 6])
  })

  it('reuses its buffer for the same size and leaves nothing of the image before', () => {
    const input = createImageInput(inputOf({ multipleOf: 4 }))
    const first = input.prepare(grey([[9, 9, 9]])).tensor
    const second = input.prepare(grey([[1, 2, 3]])).tensor
    expect(second).toBe(first)
    expect([...second.data.subarray(0, 4)]).toEqual([1, 2, 3, 3])
    expect([...input.prepare(grey([[7], [8]])).tensor.data.subarray(0, 8)]).toEqual([7, 7, 7, 7, 8, 8, 8, 8])
  })

  it('converts RGB to luma for a grey model', () => {
    const image: Pixels = {
      data: Uint8Array.of(153, 178, 215, 76, 52, 39),
      widthPx: 2,
      heightPx: 1,
      channels: 3,
    }
    expect([...createImageInput(inputOf({})).prepare(image).tensor.data]).toEqual([175, 58])
  })

  it('notices that grey becomes RGB at the same size', () => {
    const input = createImageInput(inputOf({}))
    expect([...input.prepare(grey([[7, 9]])).tensor.data]).toEqual([7, 9])
    const rgb: Pixels = { data: Uint8Array.of(255, 255, 255, 0, 0, 0), widthPx: 2, heightPx: 1, channels: 3 }
    expect([...input.prepare(rgb).tensor.data]).toEqual([255, 0])
  })

  it('copies out of shared memory, which onnxruntime refuses', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(2))
    shared.set([3, 4])
    const { tensor } = createImageInput(inputOf({})).prepare({
      data: shared,
      widthPx: 2,
      heightPx: 1,
      channels: 1,
    })
    expect(tensor.data.buffer).toBeInstanceOf(ArrayBuffer)
    expect([...tensor.data]).toEqual([3, 4])
  })

  it('refuses bytes that do not match the size', () => {
    const image: Pixels = { data: new Uint8Array(5), widthPx: 2, heightPx: 3, channels: 1 }
    expect(() => createImageInput(inputOf({})).prepare(image)).toThrow(
      /MDL_INPUT.*expected 6 bytes for 2 x 3 px with 1 channels; found 5 bytes/,
    )
  })
})
