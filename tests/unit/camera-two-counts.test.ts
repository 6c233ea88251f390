import { afterEach, describe, expect, it } from 'vitest'
import { createFramePool, httpPushSource } from '../../camera/index.ts'
import type { CameraItem } from '../../contracts/index.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

/** A camera that pushes, behind a PLC whose counts are told by hand. */
async function camera({ first = 1, staleMs = 30_000 }: { first?: number; staleMs?: number }) {
  const source = httpPushSource({
    station: 's1',
    view: 'top',
    pool: createFramePool({ slots: 4, slotBytes: 4096 }),
    firstTrigger: first,
    host: '127.0.0.1',
    port: 0,
    maxBytes: 3000,
    backPressure: 'miss',
    staleMs,
    requireTrigger: true,
  })
  await source.open()
  const stop = new AbortController()
  const items: unknown[] = []
  const brief = (item: CameraItem): unknown => {
    if (item.kind === 'frame') {
      item.frame.release()
      return item.frame.meta.trigger
    }
    return item.kind === 'missed' ? [item.trigger, item.code] : item.kind === 'fault' ? item.code : 'end'
  }
  const ended = (async () => {
    for await (const item of source.items(stop.signal)) items.push(brief(item))
  })()
  const end = async (): Promise<unknown[]> => {
    stop.abort()
    await ended
    return items
  }
  closers.push(async () => {
    await end()
    await source.close()
  })
  const push = async (trigger: number, anew = false): Promise<number> => {
    const headers = { 'content-type': 'image/png', 'x-trigger': String(trigger) }
    const answer = await fetch(source.url() ?? '', {
      method: 'POST',
      headers: { ...headers, ...(anew && { 'x-counter-reset': '1' }) },
      body: 'pixels',
    })
    await answer.text()
    return answer.status
  }
  return { source, items, push, end }
}

describe('the counts of a PLC and of a camera that pushes', () => {
  it('that are not one make up no parts between them, and a fault says so', async () => {
    const ahead = await camera({ first: 5001 })
    for (const n of [1, 2, 3]) {
      ahead.source.counted?.(300 + n)
      expect(await ahead.push(5000 + n)).toBe(202)
    }
    expect(await ahead.end()).toEqual(['CAM_GAP', 5001, 'CAM_GAP', 5002, 'CAM_GAP', 5003, 'end'])

    // It was replaced, and counts by itself.
    const behind = await camera({ first: 5001, staleMs: 1_500 })
    expect(await behind.push(1, true)).toBe(202)
    behind.source.counted?.(5002)
    await expect.poll(() => behind.items.at(-1), { timeout: 5_000 }).toBe('CAM_GAP')
    expect(await behind.push(2)).toBe(202)
    expect(await behind.end()).toEqual(['CAM_GAP', 1, 'CAM_GAP', 2, 'end'])

    const alone = await camera({ first: 1500 })
    alone.source.counted?.(1, true)
    expect(await alone.push(1500)).toBe(202)
    alone.source.counted?.(2)
    expect(await alone.push(1501)).toBe(202)
    expect(await alone.end()).toEqual(['CAM_GAP', 1500, 'CAM_GAP', 1501, 'end'])
  })

  it('make up no parts where that of the PLC jumps and the camera goes on, nor when it is back', async () => {
    const jumped = await camera({ staleMs: 1_500 })
    jumped.source.counted?.(1)
    expect(await jumped.push(1)).toBe(202)
    jumped.source.lost?.({ from: 2, to: 100_009, sinceMs: 0, anew: false })
    jumped.source.counted?.(100_010)
    expect(await jumped.push(2)).toBe(202)
    await expect.poll(() => jumped.items.length, { timeout: 5_000 }).toBe(4)
    expect(await jumped.push(3)).toBe(202)
    expect(await jumped.end()).toEqual([1, 2, 'CAM_GAP', 'CAM_GAP', 3, 'end'])

    const back = await camera({})
    expect(await back.push(1)).toBe(202)
    back.source.lost?.({ from: 2, to: 0xffff_fffe, sinceMs: 0, anew: false })
    back.source.counted?.(0xffff_ffff)
    back.source.counted?.(2, true)
    expect(await back.push(2)).toBe(202)
    back.source.counted?.(3)
    expect(await back.push(3)).toBe(202)
    expect(await back.end()).toEqual([1, 'CAM_GAP', 'CAM_GAP', 2, 3, 'end'])
  })

  it('are one where the frames of many parts come late: those that do not come are missed', async () => {
    const { source, items, push, end } = await camera({ staleMs: 1_500 })
    expect(await push(1)).toBe(202)
    source.lost?.({ from: 2, to: 42, sinceMs: 0, anew: false })
    expect(await push(2)).toBe(202)
    expect(await push(40)).toBe(202)
    await expect.poll(() => items.at(-1), { timeout: 5_000 }).toEqual([42, 'CAM_TIMEOUT'])
    const skipped = Array.from({ length: 37 }, (_, i) => [3 + i, 'CAM_GAP'])
    const late = [41, 42].map((n) => [n, 'CAM_TIMEOUT'])
    expect(await end()).toEqual([1, 2, ...skipped, 40, ...late, 'end'])
  })

  it('are one where the camera brings one part of many and dies: the others are missed, and all behind them', async () => {
    const { source, items, push, end } = await camera({ staleMs: 1_000 })
    expect(await push(1)).toBe(202)
    source.lost?.({ from: 2, to: 42, sinceMs: 0, anew: false })
    expect(await push(2)).toBe(202)
    source.counted?.(43)
    source.counted?.(44)
    const rest = Array.from({ length: 42 }, (_, i) => [3 + i, 'CAM_TIMEOUT'])
    await expect.poll(() => items.at(-1), { timeout: 5_000 }).toEqual([44, 'CAM_TIMEOUT'])
    expect((await end()).filter((i) => i !== 'CAM_GAP')).toEqual([1, 2, ...rest, 'end'])
  })

  it('begin again together, though a frame of the old one comes twice meanwhile', async () => {
    const { source, push, end } = await camera({ first: 300 })
    expect(await push(300)).toBe(202)
    source.counted?.(1, true)
    expect(await push(300)).toBe(409)
    expect(await push(1, true)).toBe(202)
    expect(await end()).toEqual([300, 'CAM_DUPLICATE', 'CAM_GAP', 1, 'end'])
  })

  it('begin again once, though the first frame is lost and the second comes before the PLC is read', async () => {
    const { source, items, push, end } = await camera({ first: 300, staleMs: 1_500 })
    expect(await push(300)).toBe(202)
    source.counted?.(1, true)
    expect(await push(2, true)).toBe(202)
    source.counted?.(2)
    await new Promise((resolve) => setTimeout(resolve, 1_800))
    source.counted?.(3)
    expect(await push(3)).toBe(202)
    expect(items.slice(0, 4)).toEqual([300, 'CAM_GAP', [1, 'CAM_TIMEOUT'], 2])
    expect((await end()).slice(4)).toEqual([3, 'end'])
  })

  it('leave no part without a record where the camera does not say that its own began again', async () => {
    const { source, items, push, end } = await camera({ first: 300, staleMs: 1_500 })
    expect(await push(300)).toBe(202)
    source.counted?.(1, true)
    expect(await push(1)).toBe(409)
    await expect.poll(() => items.at(-1), { timeout: 5_000 }).toEqual([1, 'CAM_TIMEOUT'])
    source.counted?.(2)
    expect(await push(2)).toBe(202)
    expect(await end()).toEqual([300, 'CAM_DUPLICATE', 'CAM_GAP', [1, 'CAM_TIMEOUT'], 2, 'end'])
  })

  it('differ by a stop: all that the PLC counted unseen since are missed', async () => {
    const { source, items, push, end } = await camera({ first: 301, staleMs: 1_500 })
    source.lost?.({ from: 101, to: 104, sinceMs: 0, anew: true })
    await expect.poll(() => items.at(-1), { timeout: 5_000 }).toEqual([104, 'CAM_TIMEOUT'])
    expect(await push(105)).toBe(202)
    expect(await end()).toEqual([
      'CAM_GAP',
      ...[101, 102, 103, 104].map((n) => [n, 'CAM_TIMEOUT']),
      105,
      'end',
    ])
  })
})
