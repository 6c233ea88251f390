import fc from 'fast-check'
import { expect, it } from 'vitest'
import { handshake, HANDSHAKE_START, pcImage } from '../../camera/index.ts'
import type { HandshakeInput, HandshakeState } from '../../camera/index.ts'

const SEED = 20_261_124
const limits = { ackMs: 30, freshMs: 20 }

type Step =
  | { do: 'parts'; count: number }
  | { do: 'answer'; which: number }
  | { do: 'cycle'; torn: boolean }
  | { do: 'restart'; to: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('parts' as const), count: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('answer' as const), which: fc.nat(5) }) },
  { weight: 9, arbitrary: fc.record({ do: fc.constant('cycle' as const), torn: fc.boolean() }) },
  // How far the counter falls back: near, so that numbers of both counts meet.
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('restart' as const), to: fc.integer({ min: 1, max: 6 }) }),
  },
)

interface Part {
  epoch: number
  trigger: number
}

/**
 * A PLC whose counter falls back now and then beside the reducer, near 2^16 where readings are torn. Verdicts arrive
 * late and in any order; each belongs to the part that was announced.
 */
function play(steps: readonly Step[]): void {
  let state: HandshakeState = HANDSHAKE_START
  let now = 0
  let epoch = 0
  let counter = 65_533
  let previous = counter
  const judging: Part[] = []
  const partOf = new Map<object, Part>()
  let ackTrigger = 0

  const feed = (input: HandshakeInput): void => {
    const next = handshake(state, input, limits)
    state = next.state
    for (const out of next.out) {
      if (out.kind !== 'trigger') continue
      // Only a number that the PLC really held just now, never a mixture of two.
      expect([previous, counter]).toContain(out.trigger)
      judging.push({ epoch, trigger: out.trigger })
    }
  }
  const cycle = (value: number): void => {
    now += 1
    feed({ kind: 'tick', atMs: now, askedMs: now })
    const { shown } = state
    if (shown && pcImage(state, 0).resultValid) {
      const part = partOf.get(shown.result)
      // The gate acts now: on the part that was judged, not on its namesake of another count.
      expect(part).toEqual({ epoch, trigger: shown.result.trigger })
      ackTrigger = shown.result.trigger
      feed({ kind: 'written', trigger: ackTrigger, atMs: now })
    }
    feed({ kind: 'poll', atMs: now, plc: { trigger: value, ackTrigger, ackCode: 1, heartbeat: 0 } })
  }
  /** A PLC goes down or starts up: no result reaches it, and the first part takes longer than two polls. */
  const quietPolls = (): void => {
    for (let i = 0; i < 3; i++) {
      now += 1
      feed({ kind: 'poll', atMs: now, plc: { trigger: counter, ackTrigger: 0, ackCode: 0, heartbeat: 0 } })
    }
  }
  quietPolls()
  for (const s of steps) {
    switch (s.do) {
      case 'parts':
        previous = counter
        counter += s.count
        break
      case 'answer': {
        const [part] = judging.splice(s.which % Math.max(1, judging.length), 1)
        if (!part) break
        const result = { trigger: part.trigger, action: 'release' as const, deadlineMs: now + 500 }
        partOf.set(result, part)
        feed({ kind: 'result', atMs: now, result })
        break
      }
      case 'cycle': {
        const mixed = Math.floor(counter / 0x1_0000) * 0x1_0000 + (previous % 0x1_0000)
        cycle(s.torn ? mixed : counter)
        previous = counter
        break
      }
      case 'restart':
        // The count before is known to us; results may wait, and none reaches a PLC that goes down.
        quietPolls()
        epoch += 1
        counter -= s.to
        previous = counter
        ackTrigger = 0
        quietPolls()
        expect(state.counter).toBe(counter)
        break
    }
  }
}

it(`lets no verdict act across a restart of the counter and announces no torn number (seed ${SEED})`, () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 80 }), play), { seed: SEED, numRuns: 1_000 })
})
