import { describe, expect, it } from 'vitest'
import sharp from 'sharp'
import type { FrameFormat } from '../../contracts/index.ts'
import { FrameGolden } from '../../inspection/pipeline/frame-golden.ts'

const VIEW = { widthPx: 4, heightPx: 2, color: 'mono' } as const
const RAW: FrameFormat = { kind: 'raw', pixel: 'mono8', widthPx: 4, heightPx: 2 }
const PNG: FrameFormat = { kind: 'encoded', mime: 'image/png' }
const png = (grey: number): Promise<Buffer> =>
  sharp({ create: { width: 4, height: 2, channels: 3, background: { r: grey, g: grey, b: grey } } })
    .png()
    .toBuffer()

describe('the golden template that comes with frames', () => {
  it('is decoded once as long as the same bytes come, and stays as it was judged', async () => {
    const last = new FrameGolden(VIEW, false)
    const bytes = new Uint8Array(await png(7))
    const first = await last.of(bytes, PNG)
    expect(await last.of(Uint8Array.from(bytes), PNG)).toBe(first)
    const other = await last.of(await png(9), PNG)
    expect([first.grey[0], other.grey[0]]).toEqual([7, 9])
    // The slot it lay in belongs to the next frame by now.
    bytes.fill(0)
    expect((await last.of(await png(7), PNG)).grey[7]).toBe(7)
  })

  it('keeps raw pixels, with what was derived from them, only where a tool derives something', async () => {
    const slot = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8])
    const lent = await new FrameGolden(VIEW, false).of(slot, RAW)
    expect(lent.pixels.data).toBe(slot)
    const keeps = new FrameGolden(VIEW, true)
    const kept = await keeps.of(slot, RAW)
    const band = kept.band(1)
    slot[7] = 99
    expect(kept.grey[7]).toBe(8)
    expect(await keeps.of(slot, RAW)).not.toBe(kept)
    slot[7] = 8
    const again = await keeps.of(slot, RAW)
    expect(again.band(1)).toEqual(band)
    expect(await keeps.of(slot, { ...RAW })).toBe(again)
  })

  it('takes the same bytes in another shape for another template, and keeps nothing of a damaged one', async () => {
    const keeps = new FrameGolden(VIEW, true)
    const bytes = new Uint8Array(8)
    await keeps.of(bytes, RAW)
    await expect(keeps.of(bytes, { ...RAW, widthPx: 2, heightPx: 4 })).rejects.toThrow('INS_WRONG_SIZE')
    await expect(keeps.of(bytes, PNG)).rejects.toThrow('INS_')
    await expect(keeps.of(bytes, PNG)).rejects.toThrow('INS_')
  })
})
