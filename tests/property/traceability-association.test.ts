import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type PlacedRead, ReadMatcher, RecentUnits, StationFifo } from '../../traceability/index.ts'

const SEED = 20260105
const TOLERANCE = 40
const SPACING = 100

/** A part on the belt, and what its read goes through. */
const part = fc.record({
  gap: fc.integer({ min: SPACING, max: 400 }),
  jitter: fc.integer({ min: -TOLERANCE, max: TOLERANCE }),
  /** Other parts may have come before it is decided. */
  slow: fc.integer({ min: 1, max: 1_000 }),
  fate: fc.constantFrom('read', 'missing', 'failed', 'doubled', 'late', 'stray' as const),
})

describe(`reads beside the line, seed ${SEED}`, () => {
  it.each([
    ['time, reader before the camera', -250, undefined],
    ['time, reader behind the camera', 60, undefined],
    ['encoder that overflows', -250, 5_000],
  ])('no part gets the code of another: %s', (_name, offset, modulus) => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60, size: 'max' }), (parts) => {
        const wrap = (x: number): number => (modulus === undefined ? x : ((x % modulus) + modulus) % modulus)
        const matcher = new ReadMatcher<PlacedRead>({
          offset,
          tolerance: TOLERANCE,
          spacing: SPACING,
          ...(modulus !== undefined && { modulus }),
        })
        // What happens, by the place it happens at: parts and reads arrive at their place, decisions behind both.
        const happenings: { at: number; run: () => void }[] = []
        let at = 0
        parts.forEach(({ gap, jitter, slow, fate }, n) => {
          at += gap
          const trigger = n + 1
          const camera = at
          const place = camera + offset + jitter
          const decision = Math.max(camera, camera + offset + TOLERANCE) + slow
          const own = (text: string | null): PlacedRead => ({ text, at: wrap(place) })
          happenings.push({ at: camera, run: () => matcher.arrive(trigger, wrap(camera)) })
          const read = (r: PlacedRead, when: number): void =>
            void happenings.push({
              at: when,
              run: () => {
                const problem = matcher.read(r)
                expect(problem === null ? null : [problem.kind, problem.trigger]).toEqual(
                  fate === 'late' ? ['late', trigger] : null,
                )
              },
            })
          if (fate === 'read' || fate === 'doubled' || fate === 'stray') read(own(`P${trigger}`), place)
          if (fate === 'doubled') read(own(`P${trigger}`), place)
          if (fate === 'stray') read(own('X'), place)
          if (fate === 'failed') read(own(null), place)
          if (fate === 'late') read(own(`P${trigger}`), decision + 0.5)
          happenings.push({
            at: decision,
            run: () => {
              const got = matcher.take(trigger, wrap(camera))
              if (fate === 'read' || fate === 'doubled') {
                expect(got.ok && got.reads.map((r) => r.text)).toEqual(
                  Array(fate === 'read' ? 1 : 2).fill(`P${trigger}`),
                )
              } else {
                expect(got.ok ? got.reads : got.problem.kind).toBe(fate === 'stray' ? 'double' : 'missing')
                expect(!got.ok && got.problem.error.code).toBe('TRC_IDENTITY')
              }
            },
          })
        })
        for (const h of happenings.sort((a, b) => a.at - b.at)) h.run()
      }),
      { seed: SEED, numRuns: 500 },
    )
  })

  it('parts that follow too closely are held, and places that overlap are refused before the start', () => {
    const matcher = new ReadMatcher({ offset: 0, tolerance: 40, spacing: 100 })
    matcher.read({ text: 'A', at: 0 })
    expect(matcher.take(1, 0).ok).toBe(true)
    matcher.read({ text: 'B', at: 90 })
    expect(matcher.take(2, 90)).toMatchObject({ ok: false, problem: { kind: 'spacing' } })
    // The code of the second one lies at the places of both, and the first was not read.
    matcher.arrive(3, 300)
    matcher.arrive(4, 360)
    matcher.read({ text: 'D', at: 335 })
    expect(matcher.take(3, 300)).toMatchObject({ ok: false, problem: { kind: 'spacing' } })
    expect(matcher.take(4, 360)).toMatchObject({ ok: false, problem: { kind: 'spacing' } })
    const turning = new ReadMatcher({ offset: 0, tolerance: 40, spacing: 100, modulus: 1_000 })
    turning.arrive(1, 980)
    turning.arrive(2, 40)
    turning.read({ text: 'B', at: 10 })
    expect(turning.take(1, 980)).toMatchObject({ ok: false, problem: { kind: 'spacing' } })
    expect(turning.take(2, 40)).toMatchObject({ ok: false, problem: { kind: 'spacing' } })
    expect(() => new ReadMatcher({ offset: 0, tolerance: 50, spacing: 100 })).toThrow(/CFG_INVALID/)
  })

  it('a part that nobody decides about is near no part of the next turn of the encoder', () => {
    const matcher = new ReadMatcher({ offset: 0, tolerance: 40, spacing: 100, modulus: 1_000 })
    for (const [n, at] of [100, 300, 500, 700, 900].entries()) matcher.arrive(n, at)
    matcher.arrive(5, 110)
    matcher.read({ text: 'F', at: 110 })
    expect(matcher.take(5, 110)).toMatchObject({ ok: true, reads: [{ text: 'F' }] })
  })
})

describe(`parts in order between two stations, seed ${SEED}`, () => {
  const MIN = 500
  const MAX = 900

  it('no part gets the code of another, also when parts are taken off between', () => {
    let given = 0
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            gap: fc.integer({ min: 1, max: 600 }),
            travel: fc.integer({ min: MIN, max: MAX }),
            fate: fc.constantFrom('read', 'read', 'read', 'missing', 'doubled', 'late', 'removed' as const),
          }),
          { maxLength: 30 },
        ),
        (parts) => {
          const fifo = new StationFifo({ minMs: MIN, maxMs: MAX })
          const happenings: { at: number; run: () => void }[] = []
          let up = 0
          let down = -1
          parts.forEach(({ gap, travel, fate }, n) => {
            up += gap
            const trigger = n + 1
            const text = `P${trigger}`
            const enter = (at: number, t: string | null): void =>
              void happenings.push({ at, run: () => void fifo.enter({ trigger, text: t, atMs: up0 }) })
            const up0 = up
            enter(up, fate === 'missing' || fate === 'late' ? null : text)
            if (fate === 'doubled') enter(up + 1, text)
            if (fate === 'late') enter(up + MAX + 1, text)
            if (fate === 'removed') return
            // Parts keep their order; one that would overtake runs behind the one before, within the range.
            const arrives = Math.max(up + travel, down + 1)
            if (arrives - up > MAX) return
            down = arrives
            happenings.push({
              at: arrives,
              run: () => {
                const got = fifo.leave(trigger, arrives)
                if (!got.ok) return
                given += 1
                expect([got.text, got.from, fate]).toEqual([
                  text,
                  trigger,
                  fate === 'doubled' ? 'doubled' : 'read',
                ])
              },
            })
          })
          for (const h of happenings.sort((a, b) => a.at - b.at)) h.run()
        },
      ),
      { seed: SEED, numRuns: 500 },
    )
    // The property is not empty: parts far enough apart do get their codes.
    expect(given).toBeGreaterThan(200)
  })

  it('names what is wrong', () => {
    const fifo = new StationFifo({ minMs: MIN, maxMs: MAX })
    expect(fifo.leave(1, 1_000)).toMatchObject({ ok: false, problem: { kind: 'missing' } })
    fifo.enter({ trigger: 1, text: 'A', atMs: 2_000 })
    fifo.enter({ trigger: 2, text: 'B', atMs: 2_100 })
    expect(fifo.leave(2, 2_700)).toMatchObject({ ok: false, problem: { kind: 'spacing' } })
    expect(fifo.enter({ trigger: 2, text: 'C', atMs: 2_100 })).toMatchObject({ kind: 'double' })
    expect(fifo.leave(3, 2_950)).toMatchObject({ ok: false, problem: { kind: 'missing' } })
    expect(fifo.lost).toBe(1)
    expect(fifo.enter({ trigger: 2, text: 'B', atMs: 2_100 })).toMatchObject({ kind: 'late', trigger: 2 })
  })
})

describe('a station behind that stands still', () => {
  it('does not make the one before it remember its parts for ever', () => {
    const fifo = new StationFifo({ minMs: 500, maxMs: 900 })
    for (let n = 1; n <= 5_000; n++) fifo.enter({ trigger: n, text: `P${n}`, atMs: n * 1_000 })
    expect(fifo.lost).toBeGreaterThan(4_900)
    expect(fifo.leave(1, 5_000_700)).toMatchObject({ ok: true, text: 'P5000' })
  })
})

describe('serials that come twice', () => {
  it('are a problem within the last parts only', () => {
    const recent = new RecentUnits(3)
    expect([recent.check('a', 1), recent.check('b', 2), recent.check('b', 2)]).toEqual([null, null, null])
    expect(recent.check('a', 3)).toMatchObject({ kind: 'duplicate', error: { code: 'TRC_IDENTITY' } })
    expect(recent.check('c', 4)).toBeNull()
    expect(recent.check('d', 5)).toBeNull()
    expect(recent.check('b', 6)).toBeNull()
  })
})
