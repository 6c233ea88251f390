import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createFramePool, generatedSource } from '../../camera/index.ts'
import type { GeneratedFrame } from '../../camera/index.ts'

const SEED = 14_031_992

async function* pictures(count: number): AsyncGenerator<GeneratedFrame> {
  for (let i = 0; i < count; i++) {
    const bytes = new Uint8Array(i % 5 === 4 ? 65 : 8)
    yield {
      bytes,
      format: { kind: 'raw', pixel: 'mono8', widthPx: bytes.length, heightPx: 1 },
      source: `${i}`,
    }
  }
}

const scenario = fc.record({
  slots: fc.integer({ min: 1, max: 4 }),
  pictures: fc.integer({ min: 0, max: 12 }),
  backPressure: fc.constantFrom('wait' as const, 'miss' as const),
  /** Distance of each trigger from the one before: 0 and less repeat, above 1 skip. */
  steps: fc.array(fc.integer({ min: -1, max: 3 }), { maxLength: 15 }),
  /** How many frames the line holds on to before it gives the oldest back. */
  held: fc.integer({ min: 0, max: 3 }),
  abortAfter: fc.option(fc.integer({ min: 0, max: 10 })),
})

it(`accounts for every trigger once, in order, and gets every slot back (seed ${SEED})`, async () => {
  const property = fc.asyncProperty(scenario, async (s) => {
    const pool = createFramePool({ slots: s.slots, slotBytes: 64 })
    const source = generatedSource({
      adapter: 'test',
      station: 'st1',
      view: 'top',
      pool,
      firstTrigger: 10,
      rate: 'triggered',
      backPressure: s.backPressure,
      frames: () => pictures(s.pictures),
    })
    await source.open()
    const stop = new AbortController()
    let last = 9
    let repeats = 0
    for (const by of s.steps) {
      source.trigger?.(Math.max(1, last + by))
      if (by > 0) last += by
      else repeats += 1
    }
    // Without triggers nothing would ever come.
    if (s.abortAfter === 0 || s.steps.length === 0) stop.abort()
    const triggers: number[] = []
    const holding: (() => void)[] = []
    let faults = 0
    let ends = 0
    const hold = s.backPressure === 'wait' ? Math.min(s.held, s.slots - 1) : s.held
    for await (const item of source.items(stop.signal)) {
      if (item.kind === 'end') ends += 1
      if (item.kind === 'fault') faults += 1
      if (item.kind === 'missed') triggers.push(item.trigger)
      if (item.kind === 'frame') {
        triggers.push(item.frame.meta.trigger)
        holding.push(() => item.frame.release())
        if (holding.length > hold) holding.shift()?.()
      }
      const all = triggers.length + faults
      if (all === s.abortAfter || all >= last - 9 + repeats) stop.abort()
    }
    for (const release of holding) release()
    expect(triggers).toEqual(Array.from({ length: last - 9 }, (_, i) => 10 + i))
    expect({ faults, ends, free: pool.free }).toEqual({ faults: repeats, ends: 1, free: s.slots })
    const { frames, missed } = source.health()
    expect(frames + missed).toBe(last - 9)
  })
  await fc.assert(property, { seed: SEED, numRuns: 300 })
})
