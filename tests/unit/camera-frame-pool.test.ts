import { totalmem } from 'node:os'
import { describe, expect, it } from 'vitest'
import { createFramePool } from '../../camera/index.ts'

const forever = new AbortController().signal

describe('frame pool', () => {
  it('lends each slot once and counts', () => {
    const pool = createFramePool({ slots: 2, slotBytes: 16 })
    const [a, b] = [pool.acquire(), pool.acquire()]
    expect([a?.index, b?.index]).toEqual([0, 1])
    expect(pool.acquire()).toBeNull()
    expect(pool.free).toBe(0)
    a?.release()
    expect(pool.free).toBe(1)
    expect(pool.acquire()?.index).toBe(0)
    expect(pool.buffers.map((x) => x.byteLength)).toEqual([16, 16])
    expect(pool.buffers[1]).toBe(b?.buffer)
  })

  it('refuses a second release, also when the slot has a new borrower', () => {
    const pool = createFramePool({ slots: 1, slotBytes: 16 })
    const first = pool.acquire()
    first?.release()
    expect(() => first?.release()).toThrow(/CAM_SLOT.*slot 0/)
    const second = pool.acquire()
    expect(() => first?.release()).toThrow(/CAM_SLOT/)
    expect(pool.acquire()).toBeNull()
    second?.release()
    expect(pool.free).toBe(1)
  })

  it('hands a released slot to the longest waiter, and none to one that gave up', async () => {
    const pool = createFramePool({ slots: 1, slotBytes: 16 })
    const held = pool.acquire()
    const order: string[] = []
    const wait = (name: string, signal: AbortSignal) =>
      pool.acquireLater(signal).then((slot) => {
        order.push(`${name} ${slot?.index ?? 'none'}`)
        return slot
      })
    const stop = new AbortController()
    const a = wait('a', forever)
    const b = wait('b', stop.signal)
    const c = wait('c', forever)
    stop.abort()
    expect(await b).toBeNull()
    held?.release()
    ;(await a)?.release()
    ;(await c)?.release()
    expect(order).toEqual(['b none', 'a 0', 'c 0'])
    expect(pool.free).toBe(1)
    expect(await pool.acquireLater(stop.signal)).toBeNull()
  })

  it('refuses sizes that make no sense', () => {
    expect(() => createFramePool({ slots: 0, slotBytes: 16 })).toThrow(/CFG_INVALID.*frames\.slots/)
    expect(() => createFramePool({ slots: 1, slotBytes: 1.5 })).toThrow(/frames\.slotBytes/)
  })

  it('refuses more than the machine has, before the frames come', () => {
    expect(() => createFramePool({ slots: 1, slotBytes: Number.MAX_SAFE_INTEGER })).toThrow(
      /CFG_INVALID.*frames\); expected at most \d+ bytes, the memory of this machine; found 1 slots of 9007199254740991/,
    )
    expect(() => createFramePool({ slots: 1024, slotBytes: Math.ceil(totalmem() / 1000) })).toThrow(
      /the memory of this machine.*lower frames\.slots/,
    )
  })
})
