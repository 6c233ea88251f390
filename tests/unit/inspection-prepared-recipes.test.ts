import { expect, it } from 'vitest'
import type { PreparedFacts } from '../../inspection/workers/messages.ts'
import { PreparedRecipes } from '../../inspection/workers/prepared-recipes.ts'

const facts = (sha256: string, meaningSha256: string): PreparedFacts => ({
  recipe: 'r@1',
  sha256,
  models: [],
  meaningSha256,
  degraded: null,
})

it('a thread that has loaded packages of another meaning than the others is of no use', () => {
  const known = new PreparedRecipes()
  known.keep(facts('a', '1'))
  known.keep(facts('a', '1'))
  expect(() => known.keep(facts('a', '2'))).toThrow(
    /MDL_PACKAGE.*r@1.*exchanged since.*start the program again/,
  )
  expect(known.get('r@1')?.meaningSha256).toBe('1')
  // Another recipe of that name means what it means.
  known.keep(facts('b', '2'))
  expect(known.get('r@1')?.meaningSha256).toBe('2')
})

it('a recipe that no thread was there to load is not prepared', () => {
  const known = new PreparedRecipes()
  expect(() => known.mustHave('r@1', 'all have failed')).toThrow(/INS_WORKER_LOST.*r@1.*all have failed/)
  known.keep(facts('a', '1'))
  known.mustHave('r@1', '')
})
