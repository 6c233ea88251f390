import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { lineSchema } from '../../contracts/index.ts'
import { ShadowRuns } from '../../bin/life/shadow-runs.ts'
import { loadRecipe, RecipeRack } from '../../inspection/index.ts'
import type { JudgedPart } from '../../inspection/engine/index.ts'
import { type LifeAlarm, prepareLife, ShadowReports } from '../../models/index.ts'
import { openSql } from '../../traceability/index.ts'
import { goodRecipe, workshop } from '../e2e/bad-samples.ts'
import { context } from './samples/inspection-recipes.ts'
import { frame, outcome } from './samples/station-ports.ts'

const shop = workshop('shadow-restart')
afterAll(() => shop.remove())
shop.recipe(goodRecipe({ version: 2 }), 'ramp@2')
const recipesDir = join(shop.dir, 'recipes')
const spec = lineSchema.parse({
  line: 'l',
  title: { en: 'L', zh: 'L' },
  stations: [
    { id: 's1', recipe: 'ramp@1', budgetMs: 100, camera: { adapter: 'replay', path: 'images', rate: 1 } },
  ],
})

/** What a data directory keeps, and programs that one after the other run on it. */
async function line() {
  const db = prepareLife(openSql(':memory:', { synchronous: 'normal' }), 'counts')
  const inForce = await loadRecipe(recipesDir, 'ramp@1')
  const events: LifeAlarm[] = []
  const disk = { answers: true }
  const start = (): ShadowRuns =>
    new ShadowRuns({
      spec,
      raise: (a) => Promise.resolve(void events.push(a)),
      recipesDir,
      rack: new RecipeRack(
        {
          prepare: () => Promise.resolve(),
          retire: () => Promise.resolve(),
          addCanary: () => Promise.resolve(),
          dropCanary: () => undefined,
        },
        [inForce],
      ),
      local: { hasSpare: () => true, inspectSpare: () => Promise.resolve(outcome('pass')) } as never,
      reports: new ShadowReports(db),
      active: new Map([['s1', inForce]]),
      diskAnswers: () => Promise.resolve(disk.answers),
      onLoaded: () => undefined,
    })
  return { start, events, db, disk }
}
const running = (runs: ShadowRuns): boolean => runs.state('s1').running !== null

it('a shadow goes on after a line that was stopped in order, and again after that', async () => {
  const { start, events } = await line()
  const first = start()
  await first.set('s1', 'ramp@2', 'li')
  first.close()
  const second = start()
  await expect.poll(() => running(second)).toBe(true)
  second.close()
  const third = start()
  await expect.poll(() => running(third)).toBe(true)
  expect(events).toEqual([])
})

it('a shadow goes on also after a start that ended before its recipe was loaded', async () => {
  const { start, events } = await line()
  const first = start()
  await first.set('s1', 'ramp@2', 'li')
  first.close()
  const second = start()
  second.close()
  await expect.poll(() => running(second)).toBe(true)
  const third = start()
  await expect.poll(() => running(third)).toBe(true)
  expect(events).toEqual([])
})

it('a shadow that may have taken the program with it is not started again: once it is said, its report stays', async () => {
  const { start, events } = await line()
  await start().set('s1', 'ramp@2', 'li')
  const second = start()
  await expect.poll(() => events).toHaveLength(1)
  expect(running(second)).toBe(false)
  expect(second.state('s1').report).toMatchObject({ recipe: 'ramp@2', by: 'li' })
  expect(events).toMatchObject([
    {
      id: 'shadow-lost/s1',
      station: 's1',
      alarm: 'shadow-lost',
      code: 'INS_WORKER_LOST',
      message: { zh: expect.stringMatching(/^影子运行 ramp@2 已结束:INS_WORKER_LOST/) as string },
    },
  ])
  const third = start()
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect([running(third), events.length]).toEqual([false, 1])
  await third.set('s1', 'ramp@2', 'li')
  expect(running(third)).toBe(true)
})

it('a shadow of an earlier release of the program goes on', async () => {
  const { start, db, events } = await line()
  const { sha256 } = await loadRecipe(recipesDir, 'ramp@2')
  db.run(
    `insert into shadow(station, recipe, sha256, since, by, running) values('s1', 'ramp@2', ?, '2026-01-01T00:00:00Z', 'li', 1)`,
    sha256,
  )
  const first = start()
  await expect.poll(() => running(first)).toBe(true)
  expect(events).toEqual([])
})

it('what a shadow saw is not written while the disk stands still: the write would keep the gate waiting', async () => {
  const { start, disk } = await line()
  const runs = start()
  await runs.set('s1', 'ramp@2', 'li')
  const seen = () => [runs.state('s1').report?.parts, runs.state('s1').running?.failed]
  const look = (trigger: number): Promise<void> => {
    const part = {
      station: 's1',
      trigger,
      inspectionId: `p${trigger}`,
      outcome: outcome('pass', { recipe: 'ramp@1' }),
    } as JudgedPart
    const item = frame(trigger)
    if (item.kind !== 'frame') throw new Error('no frame')
    return runs.shadow.after(Promise.resolve(part), item.frame, { ...context, station: 's1' })
  }
  disk.answers = false
  await look(1)
  await expect.poll(seen).toEqual([0, 1])
  disk.answers = true
  await look(2)
  await expect.poll(seen).toEqual([1, 1])
})
