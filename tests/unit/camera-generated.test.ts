import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { monoMs } from '../../contracts/index.ts'
import { createFramePool, generatedSource } from '../../camera/index.ts'
import type { GeneratedFrame, GeneratedOptions } from '../../camera/index.ts'
import { frameSourceSuite } from '../suites/frame-source.suite.ts'

async function* boards(count: number): AsyncGenerator<GeneratedFrame> {
  // One buffer for all frames: the source has to copy before it asks for the next one.
  const bytes = new Uint8Array(12)
  for (let i = 0; i < count; i++) {
    bytes.fill(i + 1)
    yield { bytes, format: { kind: 'raw', pixel: 'mono8', widthPx: 4, heightPx: 3 }, source: `board ${i}` }
    await Promise.resolve()
  }
}

const options = (over: Partial<GeneratedOptions>): GeneratedOptions => ({
  adapter: 'sample-line',
  station: 'st1',
  view: 'top',
  pool: createFramePool({ slots: 4, slotBytes: 4096 }),
  firstTrigger: 1,
  rate: 'max',
  backPressure: 'wait',
  frames: () => boards(3),
  ...over,
})

frameSourceSuite({
  name: 'generated',
  ends: true,
  firstTrigger: 1,
  make: async (pool, parts, backPressure) => ({
    source: generatedSource(options({ pool, backPressure, rate: 200, frames: () => boards(parts ?? 1e9) })),
  }),
  makeTriggered: async (pool) => ({
    source: generatedSource(options({ pool, rate: 'triggered', frames: () => boards(100) })),
  }),
})

describe('generated frames', () => {
  it('copies pixels before the generator goes on', async () => {
    const source = generatedSource(options({}))
    await source.open()
    const seen: number[][] = []
    for await (const item of source.items(new AbortController().signal)) {
      if (item.kind !== 'frame') continue
      seen.push([...new Set(item.frame.bytes)])
      item.frame.release()
    }
    expect(seen).toEqual([[1], [2], [3]])
  })

  it('keeps no picture that was taken', async () => {
    const made: WeakRef<Uint8Array>[] = []
    async function* fresh(): AsyncGenerator<GeneratedFrame> {
      for (let i = 0; i < 20; i++) {
        const bytes = new Uint8Array(12)
        made.push(new WeakRef(bytes))
        yield {
          bytes,
          format: { kind: 'raw', pixel: 'mono8', widthPx: 4, heightPx: 3 },
          source: `board ${i}`,
        }
      }
    }
    const source = generatedSource(options({ frames: fresh }))
    await source.open()
    let taken = 0
    for await (const item of source.items(new AbortController().signal)) {
      if (item.kind !== 'frame') continue
      item.frame.release()
      if (++taken < 15) continue
      await new Promise((resolve) => setTimeout(resolve, 20))
      setFlagsFromString('--expose-gc')
      runInNewContext('gc')()
      expect(made.slice(0, 10).filter((ref) => ref.deref() !== undefined)).toEqual([])
      break
    }
    expect(taken).toBe(15)
  })

  it('as fast as possible means one deadline per hand-over, not a queue of expired ones', async () => {
    const source = generatedSource(options({}))
    await source.open()
    let askedMs = monoMs()
    for await (const item of source.items(new AbortController().signal)) {
      if (item.kind !== 'frame') continue
      expect(item.frame.meta.triggeredAtMs).toBeGreaterThanOrEqual(askedMs)
      await new Promise((resolve) => setTimeout(resolve, 40))
      item.frame.release()
      askedMs = monoMs()
    }
  })

  it('a generator that fails is a fatal fault, and its pending triggers are explained', async () => {
    async function* broken(): AsyncGenerator<GeneratedFrame> {
      yield* boards(1)
      throw new Error('no ink')
    }
    const source = generatedSource(options({ rate: 'triggered', frames: broken }))
    await source.open()
    for (const n of [1, 2]) source.trigger?.(n)
    const seen: unknown[] = []
    for await (const item of source.items(new AbortController().signal)) {
      seen.push(item)
      if (item.kind === 'frame') item.frame.release()
    }
    expect(seen).toMatchObject([
      { kind: 'frame' },
      { kind: 'fault', fatal: true, message: expect.stringContaining('no ink') },
      { kind: 'missed', trigger: 2, reason: 'camera-gone', message: expect.stringContaining('no ink') },
      { kind: 'end' },
    ])
  })

  it('a generator that hangs does not keep the line from stopping', async () => {
    const frames = (): AsyncIterable<GeneratedFrame> => ({
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
    })
    const source = generatedSource(options({ frames }))
    await source.open()
    const kinds: string[] = []
    for await (const item of source.items(AbortSignal.timeout(50))) kinds.push(item.kind)
    expect(kinds).toEqual(['end'])
  })
})
