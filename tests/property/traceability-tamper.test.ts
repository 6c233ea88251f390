import { rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canonicalJson } from '../../contracts/index.ts'
import { type ProofFinding, verifyDataDir } from '../../traceability/index.ts'
import type { EventRow } from '../../traceability/proof/range-check.ts'
import { capture, rewrite, signNow, temporary } from '../unit/samples/signed-log.ts'

const SEED = 20260312
const RUNS = 12

const place = temporary()
let size = 0

/** 150 parts, three checkpoints, and two events behind the last one. */
beforeAll(async () => {
  for (const [from, to] of [
    [1, 40],
    [41, 90],
    [91, 150],
  ] as const) {
    await capture(place.dir, from, to)
    await signNow(place.dir)
  }
  size = (await verifyDataDir(place.dir)).signed
  await capture(place.dir, 151, 152)
})
afterAll(() => place.dispose())

/** Findings about the log itself; a record that no longer fits its altered event is told besides. */
const ofLog = (findings: readonly ProofFinding[]) =>
  findings
    .filter((f) => f.kind !== 'record' && f.kind !== 'column')
    .map(({ kind, position }) => ({ kind, position }))

/** A verdict turned into a pass, a time put back, a serial changed: what somebody would want to alter. */
function altered(e: EventRow, how: number): EventRow {
  const event = JSON.parse(e.json) as {
    time: string
    data: Record<string, unknown> & { verdict?: { result: string } }
  }
  if (how === 0) event.time = '2020-01-01T00:00:00.000Z'
  else if (how === 1 && event.data.verdict)
    event.data.verdict.result = event.data.verdict.result === 'pass' ? 'fail' : 'pass'
  else event.data = { ...event.data, note: `altered ${how}` }
  return { ...e, json: canonicalJson(event), time: event.time }
}

const copyless = (dir: string): void =>
  rmSync(join(dir, 'log', 'tile', 'entries'), { recursive: true, force: true })

/** An attack on random places of a signed log, and what must be told. */
interface Attack {
  name: string
  apply: (events: EventRow[], i: number, j: number) => EventRow[]
  told: (i: number, j: number) => { kind: ProofFinding['kind']; position: number }[]
}

const ATTACKS: Attack[] = [
  {
    name: 'alters one event',
    apply: (events, i, j) => events.map((e, n) => (n === i ? altered(e, j % 3) : e)),
    told: (i) => [{ kind: 'changed', position: i + 1 }],
  },
  {
    name: 'drops one event',
    apply: (events, i) => events.filter((_, n) => n !== i),
    told: (i) => [{ kind: 'dropped', position: i + 1 }],
  },
  {
    name: 'inserts one event',
    apply: (events, i, j) => {
      const model = events[j]
      if (model === undefined) throw new Error('no event')
      const id = '0198c0de-0000-7000-8000-000000000000'
      const json = canonicalJson({ ...(JSON.parse(model.json) as object), id, source: '/forged' })
      const forged = { ...model, position: 1_000_000, id, source: '/forged', sequence: 1, json }
      return [...events.slice(0, i), forged, ...events.slice(i)]
    },
    told: (i) => [{ kind: 'inserted', position: i + 1 }],
  },
]

describe(`a rewritten log (seed ${SEED}, ${RUNS} runs each)`, () => {
  for (const copies of [true, false])
    for (const { name, apply, told } of ATTACKS)
      it(
        `${name}: exactly that one is named, ${copies ? 'with' : 'without'} copies of the events`,
        { timeout: 120_000 },
        async () => {
          await fc.assert(
            fc.asyncProperty(fc.nat(size - 2), fc.nat(size - 2), async (i, j) => {
              const dir = place.copy()
              if (!copies) copyless(dir)
              rewrite(dir, (events) => apply(events, i, j))
              const report = await verifyDataDir(dir, { images: false })
              rmSync(dir, { recursive: true })
              expect(report.state).toBe('altered')
              expect(ofLog(report.findings)).toEqual(told(i, j))
            }),
            { seed: SEED, numRuns: RUNS },
          )
        },
      )

  it('moves one event: that one, or the ones it passed, are named', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(size - 1), fc.nat(size - 1), async (from, to) => {
        fc.pre(Math.abs(from - to) > 1)
        const dir = place.copy()
        let moved = ''
        rewrite(dir, (events) => {
          const rest = events.filter((_, n) => n !== from)
          const taken = events[from]
          if (taken === undefined) throw new Error('no event')
          moved = taken.id
          return [...rest.slice(0, to), taken, ...rest.slice(to)]
        })
        const report = await verifyDataDir(dir, { images: false })
        rmSync(dir, { recursive: true })
        const found = report.findings.filter((f) => f.kind === 'moved')
        expect(ofLog(report.findings).map((f) => f.kind)).toEqual(['moved'])
        expect(found.map((f) => [f.position, f.event])).toEqual([[from + 1, moved]])
      }),
      { seed: SEED, numRuns: RUNS },
    )
  })

  it('swaps two neighbours: one of the two is named', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(size - 2), async (i) => {
        const dir = place.copy()
        rewrite(dir, (events) => {
          const [a, b] = [events[i], events[i + 1]]
          if (!a || !b) throw new Error('no event')
          return [...events.slice(0, i), b, a, ...events.slice(i + 2)]
        })
        const report = await verifyDataDir(dir, { images: false })
        rmSync(dir, { recursive: true })
        const [finding, ...rest] = ofLog(report.findings)
        expect(rest).toEqual([])
        expect(finding?.kind).toBe('moved')
        expect([i + 1, i + 2]).toContain(finding?.position)
      }),
      { seed: SEED, numRuns: RUNS },
    )
  })

  it('cuts the tail: the first missing event and how many', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: size - 1 }), async (keep) => {
        const dir = place.copy()
        rewrite(dir, (events) => events.slice(0, keep))
        const report = await verifyDataDir(dir, { images: false })
        rmSync(dir, { recursive: true })
        expect(ofLog(report.findings)).toEqual([{ kind: 'cut', position: keep + 1 }])
        expect(report.findings.find((f) => f.kind === 'cut')?.detail).toBe(
          `events ${keep + 1} to ${size} were signed and are gone`,
        )
      }),
      { seed: SEED, numRuns: RUNS },
    )
  })
})
