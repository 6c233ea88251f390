import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { Changeover, refOf } from '../../bin/life/changeover.ts'
import { tellStart } from '../../bin/life/tell-start.ts'
import { type LineSpec, type ModelDeployed, type QEvent } from '../../contracts/index.ts'
import { loadRecipe, RecipeRack } from '../../inspection/index.ts'
import { Activations, prepareLife } from '../../models/index.ts'
import { openSql } from '../../traceability/index.ts'
import { goodRecipe, workshop } from '../e2e/bad-samples.ts'

const shop = workshop('start-told')
afterAll(() => shop.remove())
for (const version of [2, 3]) shop.recipe(goodRecipe({ version }), `ramp@${version}`)
const recipesDir = join(shop.dir, 'recipes')
const [first, second, third] = [
  await loadRecipe(recipesDir, 'ramp@1'),
  await loadRecipe(recipesDir, 'ramp@2'),
  await loadRecipe(recipesDir, 'ramp@3'),
]
const spec = {
  line: 'l',
  plant: 'p',
  context: {},
  stations: [] as LineSpec['stations'],
} as unknown as LineSpec

/** What the data directory of a line keeps: its log, and which recipe is in force. */
function kept() {
  const said: ModelDeployed[] = []
  const activations = new Activations(
    prepareLife(openSql(':memory:', { synchronous: 'normal' }), 'activations'),
  )
  const store = {
    emit: (e: Omit<QEvent, 'sequence'>) => Promise.resolve(void said.push(e.data as ModelDeployed)),
  }
  /** As of the log: later than whatever is in force. */
  const told = (): { data: ModelDeployed } | null => {
    const data = said.at(-1)
    return data === undefined ? null : { data }
  }
  const start = async (recipe: typeof first): Promise<void> => {
    const last = told()
    if (last !== null)
      expect(activations.catchUp('s1', refOf(recipe), '2999-01-01T00:00:00.000Z', last.data)).toBe(true)
    const inForce = activations.resume('s1', refOf(recipe))
    const active = [first, second, third].find((r) => r.sha256 === inForce.sha256) ?? recipe
    await tellStart({ spec, active: new Map([['s1', active]]), activations, told, store })
  }
  return { said, activations, store, start }
}
const change = { station: 's1', gate: null, override: true, by: 'li', reason: 'try' }

it('goes on with what the log says when the process died between the word of a change and the change', async () => {
  const { said, activations, start } = kept()
  await start(first)
  expect(said).toEqual([])
  said.push({ ...change, cause: 'activate', before: refOf(first), after: refOf(second) })
  await start(first)
  expect(activations.current('s1')).toMatchObject({ recipe: refOf(second), by: 'li', cause: 'activate' })
  expect(said).toHaveLength(1)
})

it('says when the line file names another recipe than before', async () => {
  const { said, start } = kept()
  await start(first)
  await start(second)
  await start(second)
  await start(third)
  await start(first)
  expect(said.map((s) => `${s.cause} ${s.before.id} ${s.after.id}`)).toEqual([
    'line ramp@1 ramp@2',
    'line ramp@2 ramp@3',
    'line ramp@3 ramp@1',
  ])
})

it('takes the word of a change back that cannot be made, and goes on as before', async () => {
  const { said, activations, store, start } = kept()
  await start(first)
  const switched: string[] = []
  const changeover = new Changeover({
    spec: { ...spec, stations: [{ id: 's1' }] as LineSpec['stations'] },
    recipesDir,
    gatesDir: join(shop.data, 'gates'),
    active: new Map([['s1', first]]),
    engines: new Map([['s1', { switchTo: (r) => Promise.resolve(void switched.push(r.id)) }]]),
    rack: new RecipeRack(
      {
        prepare: () => Promise.resolve(),
        retire: () => Promise.resolve(),
        addCanary: () => Promise.resolve(),
        dropCanary: () => undefined,
      },
      [first],
    ),
    canary: { check: () => Promise.resolve(), refuseWrong: () => undefined },
    activations,
    store,
    raise: () => Promise.resolve(),
    onActive: () => undefined,
  })
  activations.record = () => {
    throw new Error('database or disk is full')
  }
  const refused = changeover.activate('s1', { recipe: 'ramp@2', by: 'li', reason: 'try', override: true })
  await expect(refused).rejects.toThrow('full')
  expect(said.map((s) => `${s.cause} ${s.before.id} ${s.after.id} ${s.by}`)).toEqual([
    'activate ramp@1 ramp@2 li',
    'rollback ramp@2 ramp@1 sightline',
  ])
  expect(said[1]?.reason).toContain('full')
  expect(switched).toEqual([])
  await start(first)
  expect(said).toHaveLength(2)
})
