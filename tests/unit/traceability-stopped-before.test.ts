import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type SqlDatabase, type TraceFact, uuidv7, type Verdict } from '../../contracts/index.ts'
import {
  type HoldBoard,
  identify,
  IdentityChanges,
  openHoldBoard,
  type TraceStore,
} from '../../traceability/index.ts'
import { StoppedBefore } from '../../traceability/genealogy/stopped-before.ts'
import { openSql } from '../../traceability/store/open-sql.ts'
import { at, context, failVerdict, gs1Code, passVerdict, request } from './samples/traceability-requests.ts'
import { storeForEach } from './samples/store-for-each.ts'

let dataDir: string
let store: TraceStore
storeForEach((open) => ({ dataDir, store } = open))

const product = { id: 'cap' }
let clock = 0
const recorded = async (station: string, serial: string, verdict: (v: Partial<Verdict>) => Verdict) => {
  const asked = request(++clock, verdict({ codes: [gs1Code(serial)] }))
  await store.capture({ ...asked, station, context: { ...context, station } })
  return asked.inspectionId
}
const decide = (serial: string, disposition: string) =>
  store.recordFact(
    {
      id: uuidv7(),
      at: at(++clock),
      by: 'wang',
      kind: 'dispose',
      unit: `unit/${serial}`,
      disposition,
      reason: 'looked at it',
    } as TraceFact,
    { plant: 'p1', line: 'caps-a' },
  )
const merge = async (canonical: string, other: string): Promise<void> => {
  const reading = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
  const changes = new IdentityChanges(reading, store, { plant: 'p1', line: 'caps-a' })
  const [one, two] = [canonical, other].map((serial) => `https://id.gs1.org/01/09506000134352/21/${serial}`)
  await changes.change({
    kind: 'merge',
    canonical: one ?? '',
    uris: [two ?? ''],
    by: 'qa',
    reason: 'tag and code',
  })
  changes.close()
}
/** What a station says of a part before its gate. */
const asking = async <T>(
  ask: (
    why: (serial: string, upstream: string[], judgedAt?: string[][]) => Promise<string | null>,
    holds: HoldBoard,
  ) => Promise<T>,
) => {
  const holds = openHoldBoard(dataDir, (listener) => store.onAppend(listener), {
    walk: () => Promise.resolve(null),
    walkMs: 1_000,
  })
  const why = async (serial: string, upstream: string[], judgedAt: string[][] = []) => {
    const found = identify(serial === '' ? [] : [gs1Code(serial)], product, 'optional')
    const reason = await holds.over(found, { station: 'st30', recipe: 'r@1', product, upstream, judgedAt })
    return reason?.en ?? null
  }
  try {
    return await ask(why, holds)
  } finally {
    holds.close()
  }
}

describe('a part that a station before did not let go on', () => {
  it('is stopped until it is judged there again, or somebody decides about it', () =>
    asking(async (why) => {
      await recorded('st10', 'A', failVerdict)
      await recorded('st20', 'A', passVerdict)
      expect(await why('A', ['st10', 'st20'])).toBe('Station st10 did not let the part go on: scrap')
      // Neither a station beside it, nor another part.
      expect(await why('A', ['st20'])).toBeNull()
      expect(await why('A', [])).toBeNull()
      expect(await why('B', ['st10', 'st20'])).toBeNull()

      // Whoever decides has seen both judgements, and may still think otherwise.
      await decide('A', 'use-as-is')
      expect(await why('A', ['st10', 'st20'])).toBeNull()
      await decide('A', 'rework')
      expect(await why('A', ['st10', 'st20'])).toBe('Station st10 did not let the part go on: rework')
      await recorded('st10', 'A', passVerdict)
      expect(await why('A', ['st10'])).toBeNull()
      // That decision stands against the other one, which has not seen the part since.
      expect(await why('A', ['st10', 'st20'])).toBe('Station st20 did not let the part go on: rework')
      await recorded('st20', 'A', passVerdict)
      expect(await why('A', ['st10', 'st20'])).toBeNull()
      await recorded('st10', 'A', failVerdict)
      expect(await why('A', ['st10', 'st20'])).toBe('Station st10 did not let the part go on: scrap')
    }))

  it('is judged again by a station that found it bad, after rework, without the word of those before that let it go on', () =>
    asking(async (why) => {
      await recorded('st10', 'A', passVerdict)
      await recorded('st20', 'A', failVerdict)
      await decide('A', 'rework')
      // At st20, where it comes back mended, and behind it, where it should not be yet.
      expect(await why('A', ['st10'])).toBeNull()
      expect(await why('A', ['st10', 'st20'])).toBe('Station st20 did not let the part go on: rework')
      await recorded('st20', 'A', passVerdict)
      expect(await why('A', ['st10', 'st20'])).toBeNull()
      // What st10 let go on and a person sent back to it must be judged there.
      await recorded('st10', 'B', passVerdict)
      await decide('B', 'rework')
      expect(await why('B', ['st10'])).toBe('Station st10 did not let the part go on: rework')
      // What is scrap is no part any more, whichever station found it.
      await recorded('st10', 'C', passVerdict)
      await recorded('st20', 'C', failVerdict)
      await decide('C', 'scrap')
      expect(await why('C', ['st10'])).toBe('Station st10 did not let the part go on: scrap')
    }))

  it('is stopped while its record is on the way to disk, and by its record alone afterwards', () =>
    asking(async (why, holds) => {
      const asked = request(++clock, failVerdict({ codes: [gs1Code('A')] }))
      const found = identify([gs1Code('A')], product, 'required')
      holds.stopped(found, { station: 'st10', recipe: 'r@1', product }, asked.inspectionId)
      expect(await why('A', ['st10'])).toBe('Station st10 did not let the part go on: hold')
      expect(await why('A', ['st20'])).toBeNull()
      await store.capture(asked)
      expect(await why('A', ['st10'])).toBe('Station st10 did not let the part go on: scrap')
      await decide('A', 'release')
      expect(await why('A', ['st10'])).toBeNull()
    }))

  it('is told by all its names, also as long as its records are on the way to disk', () =>
    asking(async (why, holds) => {
      const facts = { station: 'st10', recipe: 'r@1', product }
      await merge('TAG-A', 'A')
      await merge('B', 'TAG-B')
      for (const [there, here] of [
        ['TAG-A', 'A'],
        ['TAG-B', 'B'],
      ] as const) {
        const found = identify([gs1Code(there)], product, 'required')
        await holds.over(found, facts)
        expect(await why(here, ['st10'], [['st10']])).toBeNull()
        holds.stopped(found, facts, uuidv7())
        expect(await why(here, ['st10'])).toBe('Station st10 did not let the part go on: hold')
      }
      expect(await why('C', ['st10'])).toBeNull()
    }))
})

describe('a part that a station before must have judged', () => {
  it('does not go on where that station never saw it, until it does or somebody decides so', () =>
    asking(async (why) => {
      const never = 'Station st10 has never judged the part'
      expect(await why('A', ['st10'])).toBeNull()
      expect(await why('A', ['st10'], [['st10']])).toBe(never)
      await recorded('st20', 'A', passVerdict)
      expect(await why('A', [], [['st10'], ['st20']])).toBe(never)
      await recorded('st10', 'A', passVerdict)
      expect(await why('A', [], [['st10'], ['st20']])).toBeNull()
      // What it said counts, too, also where `upstream` does not name it.
      await recorded('st10', 'A', failVerdict)
      expect(await why('A', [], [['st10']])).toBe('Station st10 did not let the part go on: scrap')

      await recorded('st30', 'B', passVerdict)
      expect(await why('B', [], [['st10']])).toBe(never)
      await decide('B', 'release')
      expect(await why('B', [], [['st10']])).toBeNull()
      await decide('B', 'rework')
      expect(await why('B', [], [['st10']])).toBe(never)
    }))

  it('may have been judged in one lane of several, and is told by its name alone', () =>
    asking(async (why) => {
      await recorded('right', 'A', passVerdict)
      expect(await why('A', [], [['left', 'right']])).toBeNull()
      expect(await why('B', [], [['left', 'right']])).toBe('Station left or right has never judged the part')
      expect(await why('', [], [['left']])).toContain('no name by which to tell whether station left')
      expect(await why('', ['left'])).toBeNull()
    }))

  it('is known there while its record waits in the spool', () =>
    asking(async (why, holds) => {
      const found = identify([gs1Code('A')], product, 'required')
      await holds.over(found, { station: 'st10', recipe: 'r@1', product })
      expect(await why('A', [], [['st10']])).toBeNull()
    }))

  it('is not known there by a code that was read beside another part', () =>
    asking(async (why, holds) => {
      const none = identify([], product, 'none')
      const beside = identify([gs1Code('A')], product, 'none')
      await holds.over(none, { station: 'st10', recipe: 'r@1', product }, beside)
      expect(await why('A', [], [['st10']])).toBe('Station st10 has never judged the part')
    }))

  it('costs a look at what is on record of this part, not of all that the station judged', async () => {
    await recorded('st10', 'A', passVerdict)
    const db = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
    const asked: string[] = []
    const all = db.all.bind(db)
    const spied = Object.assign(Object.create(db) as SqlDatabase, {
      all: (sql: string, ...values: never[]) => (asked.push(sql), all(sql, ...values)),
    })
    new StoppedBefore(spied).before('unit/A', { upstream: ['st10'] })
    const sql = asked.find((text) => text.includes('from inspection'))
    const plan = db.all<{ detail: string }>(`explain query plan ${sql}`, '[]', '[]').map((r) => r.detail)
    db.close()
    expect(plan.join()).toMatch(/SEARCH inspection USING .*INDEX \w+ \(unit=\?\)/)
    expect(plan.join()).not.toMatch(/station=|SCAN inspection/)
  })
})
