import fc from 'fast-check'
import { expect, it } from 'vitest'
import { handshake, HANDSHAKE_START, pcImage } from '../../camera/index.ts'
import type { HandshakeInput, HandshakeState } from '../../camera/index.ts'

const SEED = 20_241_127
const limits = { ackMs: 30, freshMs: 20 }
const actions = ['release', 'reject', 'hold'] as const

type Step =
  | { do: 'part' }
  | { do: 'result'; back: number; action: number; inMs: number }
  | { do: 'cycle'; written: boolean; acked: boolean }
  | { do: 'time'; ms: number }
  | { do: 'cut' }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Step>({ do: 'part' }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('result' as const),
      // Also triggers that do not exist yet, and ones that were answered long ago.
      back: fc.integer({ min: -2, max: 6 }),
      action: fc.integer({ min: 0, max: 2 }),
      inMs: fc.integer({ min: -5, max: 60 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('cycle' as const),
      written: fc.boolean(),
      acked: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 40 }) }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'cut' }) },
)

/** A PLC by the book beside the reducer: it acts on the part named in the registers, once, and acknowledges. */
function play(steps: readonly Step[]): void {
  let state: HandshakeState = HANDSHAKE_START
  let now = 0
  let counter = 0
  let ack = { trigger: 0, code: 0 }
  const gate = new Map<number, number>()
  const asked = new Map<number, { count: number; first: { code: number; deadlineMs: number } }>()
  const answers = new Map<number, { ok: number; refused: number }>()

  const feed = (input: HandshakeInput): void => {
    const next = handshake(state, input, limits)
    state = next.state
    for (const out of next.out) {
      if (out.kind !== 'settle') continue
      const a = answers.get(out.trigger) ?? { ok: 0, refused: 0 }
      if (out.ok) {
        a.ok += 1
        // Never "done" for a part on which the gate did not act as told.
        expect(gate.get(out.trigger)).toBe(asked.get(out.trigger)?.first.code)
      } else a.refused += 1
      answers.set(out.trigger, a)
    }
  }
  feed({ kind: 'poll', atMs: now, plc: { trigger: counter, ackTrigger: 0, ackCode: 0, heartbeat: 0 } })

  for (const s of steps) {
    switch (s.do) {
      case 'part':
        counter += 1
        break
      case 'time':
        now += s.ms
        break
      case 'cut':
        feed({ kind: 'link-lost', message: 'cut' })
        break
      case 'result': {
        const trigger = Math.max(1, counter - s.back)
        const action = actions[s.action] ?? 'hold'
        const deadlineMs = now + s.inMs
        const a = asked.get(trigger)
        if (a) a.count += 1
        else asked.set(trigger, { count: 1, first: { code: s.action + 1, deadlineMs } })
        feed({ kind: 'result', atMs: now, result: { trigger, action, deadlineMs } })
        break
      }
      case 'cycle': {
        now += 1
        feed({ kind: 'tick', atMs: now, askedMs: now })
        const image = pcImage(state, 0)
        if (image.resultValid) {
          const { resultTrigger: trigger, resultCode } = image
          const wanted = asked.get(trigger)?.first
          expect(resultCode).toBe(wanted?.code)
          expect(trigger).toBeLessThanOrEqual(counter)
          if (state.shown?.writtenMs === null) expect(wanted?.deadlineMs).toBeGreaterThan(now)
          if (!gate.has(trigger)) gate.set(trigger, resultCode)
          if (s.acked) ack = { trigger, code: 1 }
          // A write may reach the PLC although its confirmation is lost.
          if (s.written) feed({ kind: 'written', trigger, atMs: now })
        }
        feed({
          kind: 'poll',
          atMs: now,
          plc: { trigger: counter, ackTrigger: ack.trigger, ackCode: ack.code, heartbeat: 0 },
        })
        break
      }
    }
  }
  now += 1_000
  feed({ kind: 'tick', atMs: now, askedMs: now })
  feed({ kind: 'link-lost', message: 'end' })
  for (const [trigger, { count }] of asked) {
    const a = answers.get(trigger) ?? { ok: 0, refused: 0 }
    expect(a.ok + a.refused).toBe(count)
    expect(a.ok).toBeLessThanOrEqual(1)
  }
  // The gate acted on no part nobody judged, and on each as first told.
  for (const [trigger, code] of gate) expect(code).toBe(asked.get(trigger)?.first.code)
  expect(pcImage(state, 0).resultValid).toBe(false)
}

it(`answers every result once and lets none act on another part (seed ${SEED})`, () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 80 }), play), { seed: SEED, numRuns: 500 })
})
