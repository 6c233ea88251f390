import { describe, expect, it } from 'vitest'
import { inForceSince, isSince } from '../../bin/life/in-force.ts'
import type { ModelDeployed, QEvent } from '../../contracts/index.ts'

const AT = '2026-03-02T06:00:00.000Z'
const told = (time: string, cause: ModelDeployed['cause']) => ({
  position: 40,
  event: { time, data: { cause } } as QEvent<ModelDeployed>,
})

describe('what is said since a recipe came into force', () => {
  it.each([
    ['told right before it was made', told('2026-03-02T05:59:59.900Z', 'activate'), 40],
    ['told at the end of the start that made it', told('2026-03-02T06:03:00.000Z', 'line'), 40],
    ['that the log does not tell, since the first start made it', null, 0],
    ['behind which another was told and taken back', told('2026-03-02T06:20:00.000Z', 'rollback'), 0],
    ['that a later start told', told('2026-03-02T08:00:00.000Z', 'line'), 0],
  ])('lies in the log behind an activation %s', (_, newest, position) => {
    expect(inForceSince({ n: 2, at: AT }, newest)).toEqual({ n: 2, at: AT, position })
  })

  it.each([
    ['behind it in both', 41, '2026-03-02T07:00:00.000Z', true, true],
    ['before it in the log, of a clock that was ahead', 39, '2026-03-02T07:00:00.000Z', false, false],
    ['behind it in the log, of a clock that was set back', 41, '2026-03-02T05:00:00.000Z', false, true],
  ])('lies %s', (_, position, at, good, doubt) => {
    const since = { position: 40, at: AT }
    expect(isSince({ position, at }, since)).toBe(good)
    expect(isSince({ position, at, doubt: true }, since)).toBe(doubt)
    // Where the order is not known the clock alone says it, of doubts as well.
    const byClock = at >= AT
    expect(isSince({ position, at, doubt: true }, { position: 0, at: AT })).toBe(byClock)
  })

  it('is all behind it in the log as long as its time is still to come', () => {
    const since = { position: 40, at: new Date(Date.now() + 3_600_000).toISOString() }
    expect(isSince({ position: 41, at: AT }, since)).toBe(true)
    expect(isSince({ position: 39, at: AT }, since)).toBe(false)
  })
})
