import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  canonicalJson,
  type FrameFormat,
  type InspectJob,
  type InspectOutcome,
  type Inspector,
  monoMs,
  type Recipe,
  uuidv7,
  type Verdict,
} from '../../contracts/index.ts'
import { inspect, type ModelSetup } from '../../inspection/index.ts'
import { context, noModels, prepare, raw, recipeOf, render } from '../unit/samples/inspection-recipes.ts'

export interface InspectorUnderTest {
  inspector: Inspector
  /** Ends a worker that is judging right now, as hard as the implementation's workers can die. */
  killBusyWorker(): void | Promise<void>
  close(): Promise<void>
}

export interface InspectorSuiteSetup {
  workers: number
  /** Slots in which the suite lays frames. */
  buffers: SharedArrayBuffer[]
  recipes: { recipe: Recipe; dir: string }[]
  models: ModelSetup
}

const size = [64, 48] as const
const recipe = recipeOf(size, [{ id: 'spots', use: 'blob@1', polarity: 'dark', threshold: 60, minAreaPx: 3 }])
const SLOTS = 8
const SLOT_BYTES = 1 << 16

/** A bright part with `spots` dark 3 × 3 spots. */
const partWith = (spots: number): Uint8Array =>
  render(size, (x, y) => {
    const n = Math.floor(x / 8)
    return n < spots && x % 8 < 3 && y > 10 && y < 14 ? 20 : 180 + ((x + y) % 7)
  })

/**
 * What every Inspector promises. The workers of the implementation must obey `meta.source` as in
 * `samples-inspect.worker.ts`.
 */
export function inspectorSuite(
  name: string,
  open: (setup: InspectorSuiteSetup) => Promise<InspectorUnderTest>,
): void {
  describe(`inspector contract: ${name}`, () => {
    let under: InspectorUnderTest
    const buffers = Array.from({ length: SLOTS }, () => new SharedArrayBuffer(SLOT_BYTES))
    const busy = new Set<number>()

    beforeAll(async () => {
      under = await open({ workers: 2, buffers, recipes: [{ recipe, dir: '.' }], models: noModels })
    })
    afterAll(async () => {
      await under.close()
    })

    function job(
      bytes: Uint8Array,
      budgetMs: number,
      source = 'test',
      format: FrameFormat = raw(size),
    ): InspectJob {
      const slot = buffers.findIndex((_, i) => !busy.has(i))
      const buffer = buffers[slot]
      if (!buffer) throw new Error('no free slot: the inspector did not settle')
      busy.add(slot)
      new Uint8Array(buffer).set(bytes)
      const now = monoMs()
      return {
        meta: {
          frameId: uuidv7(),
          station: 'st10',
          view: 'top',
          trigger: 1,
          cameraCounter: null,
          capturedAt: new Date().toISOString(),
          triggeredAtMs: now,
          format,
          byteLength: bytes.byteLength,
          source,
          simulated: true,
        },
        pixels: { in: 'slot', slot, byteLength: bytes.byteLength },
        recipe: 'sample@1',
        context,
        deadlineMs: now + budgetMs,
      }
    }
    function run(j: InspectJob): ReturnType<Inspector['inspect']> {
      const handle = under.inspector.inspect(j)
      if (j.pixels.in === 'slot') {
        const { slot } = j.pixels
        void handle.settled.then(() => busy.delete(slot))
      }
      return handle
    }
    const direct = async (bytes: Uint8Array): Promise<Verdict> => {
      const prepared = await prepare(recipe)
      return (await inspect({ bytes, format: raw(size) }, prepared, context)).verdict
    }
    const reasonOf = (o: InspectOutcome): unknown => [
      o.verdict.result,
      o.verdict.disposition,
      o.verdict.noVerdict?.reason,
      o.verdict.noVerdict?.code,
    ]

    it('gives the very verdict of inspect(), byte for byte', async () => {
      for (const spots of [0, 1, 5]) {
        const bytes = partWith(spots)
        const { outcome, settled } = run(job(bytes, 20_000))
        const { verdict, widthPx, heightPx, worker } = await outcome
        expect(canonicalJson(verdict)).toBe(canonicalJson(await direct(bytes)))
        expect(verdict.findings).toHaveLength(spots)
        expect([widthPx, heightPx]).toEqual(size)
        expect(worker).not.toBe('')
        expect(await settled).toBeNull()
      }
    })

    it('judges bytes that come in the message', async () => {
      const bytes = partWith(2)
      const j: InspectJob = { ...job(bytes, 20_000), pixels: { in: 'message', bytes } }
      busy.clear()
      expect((await run(j).outcome).verdict.findings).toHaveLength(2)
    })

    it('answers bad frames and goes on with good ones', async () => {
      const encoded: FrameFormat = { kind: 'encoded', mime: 'image/jpeg' }
      const wrong = [
        run(job(new Uint8Array(0), 20_000)),
        run(job(Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]), 20_000, 'test', encoded)),
        run(job(partWith(0), 20_000, 'test', raw([48, 64]))),
        run(job(partWith(0).subarray(1), 20_000)),
      ]
      const reasons = (await Promise.all(wrong.map((w) => w.outcome))).map(reasonOf)
      expect(reasons).toEqual([
        ['inconclusive', 'hold', 'decode', 'INS_DECODE'],
        ['inconclusive', 'hold', 'decode', 'INS_DECODE'],
        ['inconclusive', 'hold', 'wrong-size', 'INS_WRONG_SIZE'],
        ['inconclusive', 'hold', 'decode', 'INS_IMAGE_FORMAT'],
      ])
      expect((await run(job(partWith(1), 20_000)).outcome).verdict.result).toBe('fail')
    })

    it('holds a part whose recipe nobody has', async () => {
      const { outcome, settled } = run({ ...job(partWith(0), 20_000), recipe: 'unknown@9' })
      expect(reasonOf(await outcome)).toEqual(['inconclusive', 'hold', 'tool', 'CFG_UNKNOWN_REFERENCE'])
      expect(await settled).toBeNull()
    })

    it('answers at the deadline, and settles with the late result', async () => {
      const j = job(partWith(3), 150, 'slow:700')
      const { outcome, settled } = run(j)
      let settledAt = 0
      void settled.then(() => (settledAt = monoMs()))
      expect(reasonOf(await outcome)).toEqual(['inconclusive', 'hold', 'deadline', 'INS_DEADLINE'])
      const answeredAt = monoMs()
      // the timer of a loaded machine may lag; judging takes 700 ms
      expect(answeredAt - j.deadlineMs).toBeLessThan(400)
      expect(settledAt).toBe(0)
      const late = await settled
      expect(late?.outcome.verdict.findings).toHaveLength(3)
      expect(late?.lateByMs).toBeGreaterThan(300)
      expect(settledAt - j.deadlineMs).toBeGreaterThan(300)
    })

    it('does not start what is late already', async () => {
      const { outcome, settled } = run(job(partWith(0), -5))
      expect(reasonOf(await outcome)).toEqual(['inconclusive', 'hold', 'deadline', 'INS_DEADLINE'])
      expect(await settled).toBeNull()
    })

    it('judges the earliest deadline first', async () => {
      const order: number[] = []
      // earlier than the others, or a worker that is still free would rightly prefer one of those
      const blockers = [run(job(partWith(0), 6_000, 'slow:300')), run(job(partWith(0), 6_000, 'slow:300'))]
      const waiting = [9_000, 7_000, 8_000].map((budget) => {
        const { outcome } = run(job(partWith(0), budget, 'slow:100'))
        return outcome.then(() => order.push(budget))
      })
      await Promise.all([...blockers.map((b) => b.outcome), ...waiting])
      // two workers take the first two together; the last one is certain
      expect(order.indexOf(9_000)).toBe(2)
    })

    it('tries again when a worker dies in mid-frame and there is time', async () => {
      const flag = join(tmpdir(), `sightline-die-${randomUUID()}`)
      const { outcome, settled } = run(job(partWith(4), 30_000, `die-once:${flag}`))
      const { verdict } = await outcome
      expect(existsSync(flag)).toBe(true)
      expect(verdict.noVerdict).toBeNull()
      expect(verdict.findings).toHaveLength(4)
      expect(await settled).toBeNull()
    })

    it('explains itself when there is no time for another try', async () => {
      const { outcome, settled } = run(job(partWith(0), 500, 'slow:30000'))
      await sleep(250)
      await under.killBusyWorker()
      const o = await outcome
      expect(o.verdict).toMatchObject({ result: 'inconclusive', disposition: 'hold' })
      expect(['worker-lost', 'deadline']).toContain(o.verdict.noVerdict?.reason)
      // a second try may have begun: the pixels stay in use until its worker is gone, too
      if (o.verdict.noVerdict?.reason === 'worker-lost') await under.killBusyWorker()
      expect(await settled).toBeNull()
      expect((await run(job(partWith(1), 30_000)).outcome).verdict.result).toBe('fail')
    })

    it('loses nothing: as many outcomes as jobs, every slot comes back', async () => {
      const before = under.inspector.health()
      const outcomes: InspectOutcome[] = []
      for (let i = 0; i < 60; i++) {
        while (busy.size >= SLOTS) await sleep(1)
        const source = i % 20 === 7 ? 'die' : i % 10 === 3 ? 'slow:30' : 'test'
        const bytes = i % 15 === 4 ? new Uint8Array(0) : partWith(i % 6)
        void run(job(bytes, i % 12 === 5 ? 1 : 20_000, source)).outcome.then((o) => outcomes.push(o))
      }
      while (busy.size > 0 || outcomes.length < 60) await sleep(5)
      expect(outcomes).toHaveLength(60)
      for (const o of outcomes) {
        if (o.verdict.result === 'inconclusive') expect(o.verdict.noVerdict).not.toBeNull()
        else expect(o.verdict.result).toBe(o.verdict.findings.length > 0 ? 'fail' : 'pass')
      }
      const after = under.inspector.health()
      expect(after.completed + after.failed - before.completed - before.failed).toBe(60)
    })
  })
}
