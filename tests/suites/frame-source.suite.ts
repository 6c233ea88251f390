import { afterEach, describe, expect, it } from 'vitest'
import { createFramePool } from '../../camera/index.ts'
import type { SharedFramePool } from '../../camera/index.ts'
import type { CameraItem, FrameSource } from '../../contracts/index.ts'

/** A source under test and the hand on its camera. */
export interface Rig {
  source: FrameSource
  /** Makes the camera see this many parts; resolves when it has. Sources that run on their own need none. */
  show?: (parts: number) => Promise<void>
}

export interface FrameSourceCase {
  name: string
  /** A reason not to run here. */
  skip?: string | false
  /** Free-running or pushed source of exactly `parts` parts; endless when null. */
  make(pool: SharedFramePool, parts: number | null, backPressure: 'wait' | 'miss'): Promise<Rig>
  /** Same source on demand, when it has such a mode. */
  makeTriggered?(pool: SharedFramePool): Promise<Rig>
  /** True when the source ends by itself after its last part. */
  ends: boolean
  firstTrigger: number
}

const outcome = (item: CameraItem): number[] =>
  item.kind === 'frame' ? [item.frame.meta.trigger] : item.kind === 'missed' ? [item.trigger] : []

const upTo = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i)

/** What every frame source owes to the line. */
export function frameSourceSuite(subject: FrameSourceCase): void {
  const pools: SharedFramePool[] = []
  const sources: FrameSource[] = []
  const pool = (slots: number): SharedFramePool => {
    const made = createFramePool({ slots, slotBytes: 256 * 1024 })
    pools.push(made)
    return made
  }
  const opened = async (making: Promise<Rig>): Promise<Rig> => {
    const rig = await making
    sources.push(rig.source)
    await rig.source.open()
    return rig
  }
  afterEach(async () => {
    for (const source of sources.splice(0)) await source.close()
    pools.length = 0
  })

  const title = `frame source: ${subject.name}${subject.skip ? ` (skipped: ${subject.skip})` : ''}`
  describe.skipIf(Boolean(subject.skip))(title, () => {
    const first = subject.firstTrigger

    it('gives every trigger exactly one frame or missed item, in order', async () => {
      const frames = pool(8)
      const { source, show } = await opened(subject.make(frames, 6, 'wait'))
      const stop = new AbortController()
      const seen: number[] = []
      const showing = show?.(6)
      for await (const item of source.items(stop.signal)) {
        seen.push(...outcome(item))
        if (item.kind === 'frame') {
          expect(item.frame.meta.byteLength).toBe(item.frame.bytes.byteLength)
          expect(item.frame.bytes.buffer).toBe(frames.buffers[item.frame.slot])
          expect(item.frame.bytes.some((b) => b !== 0)).toBe(true)
          item.frame.release()
        }
        if (!subject.ends && seen.length === 6) stop.abort()
      }
      await showing
      expect(seen).toEqual(upTo(first, 6))
      expect(frames.free).toBe(8)
      const { frames: counted, missed } = source.health()
      expect(counted + missed).toBe(6)
    })

    it('ends with exactly one end item', async () => {
      const { source, show } = await opened(subject.make(pool(8), 2, 'wait'))
      const stop = new AbortController()
      const kinds: string[] = []
      const showing = show?.(2)
      for await (const item of source.items(stop.signal)) {
        kinds.push(item.kind)
        if (item.kind === 'frame') item.frame.release()
        if (!subject.ends && kinds.length === 2) stop.abort()
      }
      await showing
      expect(kinds).toEqual(['frame', 'frame', 'end'])
    })

    it('never lends a slot twice and refuses a second release', async () => {
      const frames = pool(3)
      const { source, show } = await opened(subject.make(frames, 3, 'wait'))
      const stop = new AbortController()
      const held: CameraItem[] = []
      const showing = show?.(3)
      for await (const item of source.items(stop.signal)) {
        if (item.kind === 'frame') held.push(item)
        if (held.length === 3) stop.abort()
      }
      await showing
      const slots = held.map((item) => (item.kind === 'frame' ? item.frame.slot : -1))
      expect(slots.toSorted()).toEqual([0, 1, 2])
      expect(frames.free).toBe(0)
      for (const item of held) if (item.kind === 'frame') item.frame.release()
      expect(frames.free).toBe(3)
      const again = held[0]
      expect(() => again?.kind === 'frame' && again.frame.release()).toThrow(/CAM_SLOT/)
      expect(frames.free).toBe(3)
    })

    it('reports triggers that find no slot as missed, policy miss', async () => {
      const frames = pool(2)
      const { source, show } = await opened(subject.make(frames, 5, 'miss'))
      const stop = new AbortController()
      const items: CameraItem[] = []
      const showing = show?.(5)
      for await (const item of source.items(stop.signal)) {
        if (item.kind !== 'end') items.push(item)
        if (!subject.ends && items.length === 5) stop.abort()
      }
      await showing
      expect(items.map((i) => i.kind)).toEqual(['frame', 'frame', 'missed', 'missed', 'missed'])
      expect(items.flatMap(outcome)).toEqual(upTo(first, 5))
      expect(items[2]).toMatchObject({ reason: 'no-buffer', code: 'CAM_NO_BUFFER' })
      for (const item of items) if (item.kind === 'frame') item.frame.release()
      expect(frames.free).toBe(2)
    })

    it('waits for a slot and loses nothing, policy wait', async () => {
      const frames = pool(1)
      const { source, show } = await opened(subject.make(frames, 4, 'wait'))
      const stop = new AbortController()
      const seen: number[] = []
      const showing = show?.(4)
      for await (const item of source.items(stop.signal)) {
        seen.push(...outcome(item))
        if (item.kind === 'frame') setTimeout(() => item.frame.release(), 20)
        expect(item.kind).not.toBe('missed')
        if (!subject.ends && seen.length === 4) stop.abort()
      }
      await showing
      expect(seen).toEqual(upTo(first, 4))
    })

    it('stops promptly on abort, without leaking slots', async () => {
      const frames = pool(4)
      const { source, show } = await opened(subject.make(frames, null, 'wait'))
      const stop = new AbortController()
      void show?.(1)
      let abortedAt = 0
      for await (const item of source.items(stop.signal)) {
        if (item.kind === 'frame') item.frame.release()
        if (abortedAt === 0) {
          abortedAt = performance.now()
          stop.abort()
        }
      }
      expect(performance.now() - abortedAt).toBeLessThan(2_000)
      expect(frames.free).toBe(4)
    })

    it('gives queued slots back when the consumer leaves', async () => {
      const frames = pool(4)
      const { source, show } = await opened(subject.make(frames, 4, 'wait'))
      const showing = show?.(4)
      for await (const item of source.items(new AbortController().signal)) {
        if (item.kind !== 'frame') continue
        await showing
        item.frame.release()
        break
      }
      await source.close()
      await expect.poll(() => frames.free).toBe(4)
    })

    it('can be closed twice, and before it was read', async () => {
      const { source } = await opened(subject.make(pool(2), 2, 'wait'))
      await source.close()
      await source.close()
    })

    const { makeTriggered } = subject
    const mode = makeTriggered ? '' : ' (skipped: the source has no triggered mode)'
    it.skipIf(!makeTriggered)(`answers each trigger with a frame of that number${mode}`, async () => {
      const frames = pool(4)
      const { source } = await opened(makeTriggered?.(frames) ?? Promise.reject(new Error('no such mode')))
      expect(source.trigger).toBeTypeOf('function')
      const stop = new AbortController()
      const seen: CameraItem[] = []
      source.trigger?.(first)
      for await (const item of source.items(stop.signal)) {
        if (item.kind === 'end') break
        seen.push(item)
        if (item.kind === 'frame') item.frame.release()
        // One, the next, then one that skips two numbers.
        if (seen.length === 1) source.trigger?.(first + 1)
        if (seen.length === 2) source.trigger?.(first + 4)
        if (seen.length === 5) source.trigger?.(first + 4)
        if (seen.length === 6) stop.abort()
      }
      expect(seen.map((i) => [i.kind, ...outcome(i)])).toEqual([
        ['frame', first],
        ['frame', first + 1],
        ['missed', first + 2],
        ['missed', first + 3],
        ['frame', first + 4],
        ['fault'],
      ])
      expect(seen[2]).toMatchObject({ code: 'CAM_GAP' })
      expect(seen[5]).toMatchObject({ code: 'CAM_DUPLICATE', fatal: false })
      expect(frames.free).toBe(4)
    })
  })
}
