import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../contracts/index.ts'
import { FrameMemory, inspect } from '../../inspection/index.ts'
import { context, prepare, recipeOf, render } from './samples/inspection-recipes.ts'

describe('memory of a frame', () => {
  it('is given to the next frame only when it was given back, and when its size fits', () => {
    const first = new FrameMemory()
    const [a, b] = [first.take(7919), first.take(7919)]
    expect(a.buffer).not.toBe(b.buffer)
    const second = new FrameMemory()
    expect([a, b]).not.toContain(second.take(7919))
    first.giveBack()
    first.giveBack()
    expect(second.take(7907)).toHaveLength(7907)
    const [c, d] = [second.take(7919), second.take(7919)]
    expect(new Set([c, d])).toEqual(new Set([a, b]))
    expect([c, d]).not.toContain(new FrameMemory().take(7919))
  })

  it('keeps frames that are judged at the same time apart', async () => {
    const size = [40, 30] as const
    // Decoded from JPEG, turned to grey: each step takes memory of the frame.
    const view = { widthPx: 40, heightPx: 30, color: 'rgb' }
    const blob = { id: 'b', use: 'blob@1', polarity: 'dark', threshold: 60, minAreaPx: 4 }
    const prepared = await prepare(recipeOf(size, [blob], { view }))
    const frames = await Promise.all(
      [5, 12, 20, 31].map(async (at) => {
        const grey = render(size, (x, y) => (Math.abs(x - at) < 4 && Math.abs(y - 15) < 6 ? 10 : 200))
        const jpeg = sharp(grey, { raw: { width: 40, height: 30, channels: 1 } }).jpeg({ quality: 95 })
        return { bytes: await jpeg.toBuffer(), format: { kind: 'encoded', mime: 'image/jpeg' } as const }
      }),
    )
    const judge = async (frame: (typeof frames)[number]): Promise<string> =>
      canonicalJson((await inspect(frame, prepared, context)).verdict)
    const alone: string[] = []
    for (const frame of frames) alone.push(await judge(frame))
    expect(new Set(alone).size).toBe(4)
    expect(alone.every((text) => text.includes('"result":"fail"'))).toBe(true)
    expect(await Promise.all([...frames, ...frames].map(judge))).toEqual([...alone, ...alone])
  })
})
