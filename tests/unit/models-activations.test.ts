import { describe, expect, it } from 'vitest'
import type { ModelDeployed, RecipeRef } from '../../contracts/index.ts'
import { Activations, prepareLife } from '../../models/index.ts'
import { openSql } from '../../traceability/index.ts'

const recipe = (id: string): RecipeRef => ({ id, sha256: id.slice(-1).repeat(64), models: [] })
const [one, two, three] = [recipe('cap@1'), recipe('cap@2'), recipe('cap@3')]
const facts = { by: 'Ann', reason: '', gate: null, override: true }
const told = (before: RecipeRef, after: RecipeRef): ModelDeployed => ({
  station: 's1',
  cause: 'activate',
  before,
  after,
  ...facts,
})
const FAR = '2999-01-01T00:00:00.000Z'
const LONG_AGO = '2000-01-01T00:00:00.000Z'

function started(line = one): Activations {
  const db = openSql(':memory:', { synchronous: 'normal' })
  const activations = new Activations(prepareLife(db, 'activations'))
  activations.resume('s1', line)
  return activations
}

describe('what the log tells of activations', () => {
  it('is known where an activation of the station is as new', () => {
    expect(started().catchUp('s1', one, LONG_AGO, told(three, two))).toBe(true)
    expect(started().current('s1').recipe).toEqual(one)
  })

  it('takes effect where the line was stopped between log and file', () => {
    const activations = started()
    expect(activations.catchUp('s1', one, FAR, told(one, two))).toBe(true)
    expect(activations.resume('s1', one)).toEqual(two)
    expect(activations.current('s1')).toMatchObject({
      recipe: two,
      cause: 'activate',
      by: 'Ann',
      override: true,
    })
    expect(activations.previous('s1').recipe).toEqual(one)
  })

  it.each([
    ['more than one is missing', () => started(), one, told(two, three)],
    [
      'the file is empty',
      () => new Activations(prepareLife(openSql(':memory:', { synchronous: 'normal' }), 'activations')),
      one,
      told(one, two),
    ],
  ])('is not guessed at where %s', (_, open, line, event) => {
    expect(open().catchUp('s1', line, FAR, event)).toBe(false)
  })

  it('goes behind a line file that was edited since', () => {
    const activations = started()
    expect(activations.catchUp('s1', three, FAR, told(one, two))).toBe(true)
    expect(activations.resume('s1', three)).toEqual(three)
  })

  it('stays in force where only the file of the recipe that the line names was changed', () => {
    const changed = { ...one, sha256: 'f'.repeat(64) }
    const activations = started()
    activations.record('s1', two, { ...facts, cause: 'activate' })
    expect(activations.resume('s1', changed)).toEqual(two)
    expect(activations.resume('s1', changed)).toEqual(two)
    // What the line file names anew comes in force, and so does what is in force already and was changed.
    expect(activations.resume('s1', three)).toEqual(three)
    expect(started().resume('s1', changed)).toEqual(changed)
  })

  it('takes effect also where the file of the recipe that the line names was changed since', () => {
    const changed = { ...one, sha256: 'f'.repeat(64) }
    const activations = started()
    expect(activations.catchUp('s1', changed, FAR, told(one, two))).toBe(true)
    expect(activations.resume('s1', changed)).toEqual(two)
    // What was changed while it was in force comes in force, whatever the log tells of its start.
    const line = started()
    expect(line.catchUp('s1', changed, FAR, { ...told(one, three), cause: 'line' })).toBe(true)
    expect(line.resume('s1', changed)).toEqual(changed)
  })

  it('takes effect also where it leads back to the recipe of the line file', () => {
    const activations = started()
    activations.record('s1', two, { ...facts, cause: 'activate' })
    expect(activations.catchUp('s1', one, FAR, { ...told(two, one), cause: 'canary' })).toBe(true)
    expect(activations.resume('s1', one)).toEqual(one)
    expect(activations.current('s1')).toMatchObject({ cause: 'canary', parent: null })
  })

  it('is what log and line file say where the file says what was in force before', () => {
    const activations = started()
    activations.record('s1', two, { ...facts, cause: 'activate' })
    expect(activations.catchUp('s1', one, FAR, told(three, one))).toBe(true)
    expect(activations.resume('s1', one)).toEqual(one)
    expect(activations.current('s1').cause).toBe('line')
  })

  it('does not go back to what the file does not lead to', () => {
    const activations = started()
    expect(activations.catchUp('s1', one, FAR, { ...told(one, two), cause: 'rollback' })).toBe(false)
    expect(activations.current('s1').recipe).toEqual(one)
  })

  it('is known of a line file also where the clock was set back since', () => {
    const activations = started()
    activations.resume('s1', two)
    // Of what could not be loaded the log was not told.
    activations.resume('s1', three)
    expect(activations.catchUp('s1', one, FAR, { ...told(one, two), cause: 'line' })).toBe(true)
    expect(activations.resume('s1', one)).toEqual(one)
  })

  it('is what the line file says', () => {
    expect(started().catchUp('s1', three, FAR, told(two, three))).toBe(true)
  })
})
