import { cpSync } from 'node:fs'
import { expect, it, vi } from 'vitest'
import { type TraceFact, uuidv7 } from '../../contracts/index.ts'
import { plantLogs, type PostgresDatabase, sourceOrigin, verifyPlantLog } from '../../traceability/index.ts'
import { postgresPresent } from '../services/postgres.ts'
import { describeWith } from '../services/require-service.ts'
import { carryAll, PlantLine } from './samples/plant-line.ts'
import { count, plantForEach } from './samples/plant-for-each.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

describeWith(
  'PostgreSQL',
  await postgresPresent(),
  'whose log the plant store takes, and under which name',
  () => {
    let schema: string
    let plant: PostgresDatabase
    let a: PlantLine
    let b: PlantLine

    plantForEach((open) => ({ schema, plant, a, b } = open))

    it('refuses a log that was started over, or whose past was changed, and names the first event', async () => {
      await a.judge(8)
      carryAll(a.replicator(plant))
      const other = new PlantLine('line-a')
      try {
        await other.judge(10)
        expect(() => other.replicator(plant).step()).toThrow(/TRC_REPLICA.*position 1\)/)
        await b.judge(2)
        carryAll(b.replicator(plant))
      } finally {
        await other.dispose()
      }
      a.tamper(`update event set leaf_hash = zeroblob(32) where position = 3`)
      plant.exec('update line_log set seen_at = null')
      expect(() => a.replicator(plant).step()).toThrow(/TRC_REPLICA.*position 3\)/)
      // It is there, although nothing of it is taken.
      expect(plantLogs(plant).map((l) => l.seenAt !== null)).toEqual([true, false])
      expect(count(plant, 'event')).toBe(10)
    })

    it('refuses under another name what it has already, also when the rest was put back from an older copy', async () => {
      await a.judge(2)
      carryAll(a.replicator(plant))
      await a.judge(2)
      const renamed = a.replicator(plant, { log: 'p1/line-a-again' })
      expect(() => renamed.step()).toThrow(/TRC_REPLICA.*that of p1\/line-a; .*`plantStore\.log: p1\/line-a`/)
      expect(plantLogs(plant).map((l) => l.log)).toEqual(['p1/line-a'])
      carryAll(a.replicator(plant))
      expect(count(plant, 'inspection')).toBe(4)
    })

    it('takes lines that were set up as copies of one another before their first part', async () => {
      const lot: TraceFact = {
        id: uuidv7(),
        at: '2026-01-06T00:00:00.000Z',
        by: 'li',
        kind: 'hold',
        target: 'lot/M9',
        reason: 'r',
      }
      await (await a.store()).recordFact(lot, { plant: 'p1', line: 'line-a' })
      await a.stop()
      cpSync(a.dir, b.dir, { recursive: true })
      for (const line of [a, b]) {
        await line.judge(2)
        carryAll(line.replicator(plant))
      }
      expect(plantLogs(plant).map(({ log, events }) => [log, events])).toEqual([
        ['p1/line-a', 3],
        ['p1/line-b', 3],
      ])
      expect(() => b.replicator(plant, { log: 'p1/line-c' }).step()).toThrow(
        /TRC_REPLICA.*that of p1\/line-b/,
      )
    })

    it('refuses a second log of one line, whose parts without a code and reports would be those of the first', async () => {
      await a.judge(1)
      carryAll(a.replicator(plant))
      const again = new PlantLine('line-a')
      try {
        await again.store()
        expect(() => again.replicator(plant, { log: 'p1/again' }).step()).toThrow(
          /TRC_REPLICA.*line line-a, of which it has p1\/line-a; .*new data directory, with another `line`/,
        )
        await again.judge(2)
        expect(() => again.replicator(plant, { log: 'p1/again' }).step()).toThrow(
          /of which it has p1\/line-a/,
        )
        expect(plantLogs(plant).map(({ log, events }) => [log, events])).toEqual([['p1/line-a', 1]])
        // What was judged under the old name keeps it.
        again.line = 'line-a2'
        expect(() => again.replicator(plant, { log: 'p1/again' }).step()).toThrow(
          /line line-a, of which it has p1\/line-a/,
        )
      } finally {
        await again.dispose()
      }
      const anew = new PlantLine('line-a2')
      try {
        await anew.judge(2)
        carryAll(anew.replicator(plant))
      } finally {
        await anew.dispose()
      }
      await a.judge(1)
      carryAll(a.replicator(plant))
      expect(plantLogs(plant).map(({ events }) => events)).toEqual([2, 2])
    })

    it('refuses a line by whose name another one judged parts since it was called otherwise', async () => {
      await a.judge(1)
      carryAll(a.replicator(plant))
      a.line = 'line-z'
      await a.judge(1, 'M1', false)
      carryAll(a.replicator(plant))
      await b.judge(1, 'M1', false)
      carryAll(b.replicator(plant))
      const other = new PlantLine('line-z')
      try {
        await other.judge(1, 'M1', false)
        expect(() => other.replicator(plant).step()).toThrow(/line line-z, of which it has p1\/line-a/)
      } finally {
        await other.dispose()
      }
    })

    it('refuses the later of two new logs of one line, also when both have looked before either came', async () => {
      await a.judge(1)
      const again = new PlantLine('line-a')
      try {
        await again.judge(1)
        let before: (() => void) | null = () => carryAll(a.replicator(plant))
        const meanwhile = (): void => {
          const first = before
          before = null
          first?.()
        }
        expect(() => again.replicator(plant, { log: 'p1/again', meanwhile }).step()).toThrow(
          /of which it has p1\/line-a/,
        )
        expect(plantLogs(plant).map(({ log, events }) => [log, events])).toEqual([['p1/line-a', 1]])
      } finally {
        await again.dispose()
      }
    })

    it('calls a line by its parts, not by what an office stated before the first of them', async () => {
      const stated: TraceFact = {
        id: uuidv7(),
        at: '2026-01-06T00:00:00.000Z',
        by: 'li',
        kind: 'receive',
        lot: 'M9',
        product: 'resin',
        supplier: 'acme',
      }
      await (await a.store()).recordFact(stated, { plant: 'plant', line: 'office' })
      const source = a.source()
      expect(sourceOrigin(source)).toEqual({ plant: 'plant', line: 'office' })
      await a.judge(1)
      expect(sourceOrigin(source)).toEqual({ plant: 'p1', line: 'line-a' })
      source.close()
    })

    it('has a line that got another name and goes on under its log as one line, which verifies', async () => {
      await a.judge(2)
      carryAll(a.replicator(plant))
      // Also of what was recorded before and comes afterwards.
      await a.judge(1)
      a.line = 'line-z'
      await a.judge(2)
      carryAll(a.replicator(plant))
      expect(plant.all('select distinct station from inspection')).toEqual([{ station: 'line-a.st10' }])
      expect(plantLogs(plant)).toMatchObject([{ log: 'p1/line-a', line: 'line-a', events: 5 }])
      expect(verifyPlantLog(plant, schema, 'p1/line-a')).toMatchObject({ state: 'unproven', findings: [] })
    })
  },
)
