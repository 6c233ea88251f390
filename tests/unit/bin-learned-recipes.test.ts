import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { LearnedRecipes } from '../../bin/line/learned-recipes.ts'
import { CodedError, type ErrorCode } from '../../contracts/index.ts'
import { loadRecipe } from '../../inspection/index.ts'

const dir = join(import.meta.dirname, '../../lines/recipes')
const id = 'sample-board@1'

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => vi.useRealTimers())

/** How often it is loaded within two minutes in which the line asks for it all the time. */
async function tries(code: ErrorCode): Promise<number> {
  const { sha256 } = await loadRecipe(dir, id)
  const take = vi.fn(() => Promise.reject(new CodedError(code, {})))
  const learned = new LearnedRecipes(dir, { take, give: async () => undefined }, [])
  for (let s = 0; s <= 120; s += 10) {
    await learned.learn(id, sha256)
    vi.advanceTimersByTime(10_000)
  }
  return take.mock.calls.length
}

it('tries a recipe again whose files may be on their way', async () => {
  expect(await tries('CFG_UNKNOWN_REFERENCE')).toBe(5)
})

it('tries a model once that does not load: each try of one that never ends costs a core', async () => {
  expect(await tries('MDL_LOAD')).toBe(1)
})
