import { beforeEach, describe, expect, it } from 'vitest'
import type { SqlDatabase } from '../../contracts/index.ts'
import { applyEffective } from '../../scenarios/kit/effective.ts'
import { prepareStore } from '../../scenarios/kit/module-store.ts'
import { openSql } from '../../traceability/index.ts'
import { decided, heldAtGate, inspected, retracted, reviewed } from '../suites/module-samples.ts'

let db: SqlDatabase
beforeEach(() => {
  db = openSql(':memory:', { synchronous: 'normal' })
  prepareStore(db, [], 'test')
})
/** Verdict and disposition before and after an event. */
const told = (event: Parameters<typeof applyEffective>[1]): unknown[] => {
  const { before, after } = applyEffective(db, event)
  return [before && [before.result, before.disposition], after && [after.result, after.disposition]]
}

describe('the disposition that an inspection counts for', () => {
  it('is not changed by a review that finds the part good, only by a decision', () => {
    expect(told(inspected({ name: 'a', result: 'inconclusive' }))).toEqual([
      undefined,
      ['inconclusive', 'hold'],
    ])
    expect(told(reviewed('a', 'inconclusive', 'pass'))).toEqual([
      ['inconclusive', 'hold'],
      ['pass', 'hold'],
    ])
    expect(told(decided('a', 'release'))).toEqual([
      ['pass', 'hold'],
      ['pass', 'release'],
    ])
  })

  it('is that of the newest decision that stands, and what it was before when all are taken back', () => {
    told(inspected({ name: 'a', result: 'fail' }))
    told(decided('a', 'use-as-is'))
    expect(told(decided('a', 'rework', { round: 2, supersedes: 1 }))).toEqual([
      ['fail', 'use-as-is'],
      ['fail', 'rework'],
    ])
    expect(told(retracted('a', 2))).toEqual([
      ['fail', 'rework'],
      ['fail', 'scrap'],
    ])
    expect(told(retracted('another', 1))).toEqual([undefined, undefined])
  })

  it('is on hold when the gate held the part, and for one that is condemned late', () => {
    told(inspected({ name: 'a', result: 'pass' }))
    expect(told(heldAtGate('a'))).toEqual([
      ['pass', 'release'],
      ['pass', 'hold'],
    ])
    expect(told(decided('a', 'release'))[1]).toEqual(['pass', 'release'])
    told(inspected({ name: 'b', result: 'pass' }))
    expect(told(reviewed('b', 'pass', 'fail'))[1]).toEqual(['fail', 'hold'])
  })

  it('is the same in whatever order the lines of a plant are read', () => {
    told(retracted('a', 1))
    told(decided('a', 'scrap'))
    told(decided('a', 'regrade', { round: 2 }))
    expect(told(inspected({ name: 'a', result: 'inconclusive' }))).toEqual([
      undefined,
      ['inconclusive', 'regrade'],
    ])
  })
})

describe('the defects that an inspection counts for', () => {
  it('stand with the most severe first, in whatever order a reviewer named them', () => {
    told(inspected({ name: 'a', result: 'fail', classes: ['open', 'short', 'spur'] }))
    const review = reviewed('a', 'fail', 'fail', { labels: ['scratch', 'spur', 'open'] })
    expect(applyEffective(db, review).after?.defects).toEqual([
      { classCode: 'open', severity: 'critical' },
      { classCode: 'spur', severity: 'minor' },
      { classCode: 'scratch', severity: null },
    ])
  })
})
