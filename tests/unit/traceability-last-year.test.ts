import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type PartStore, type TraceFact, uuidv7 } from '../../contracts/index.ts'
import { openPartStore, openTraceQuery } from '../../traceability/index.ts'
import { at } from './samples/traceability-requests.ts'

/** What many a system writes where it knows no date. */
const NO_DATE = '9999-12-31T00:00:00.000Z'

let dataDir: string
let store: PartStore
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'sightline-last-year-'))
  store = await openPartStore({ dataDir, spoolAfterMs: 20_000, synchronous: 'normal' })
})
afterEach(async () => {
  await store.close()
  rmSync(dataDir, { recursive: true, force: true })
})

const state = (kind: TraceFact['kind'], time: string, fields: Record<string, string>) =>
  store.recordFact({ id: uuidv7(), at: time, by: 'erp', kind, ...fields } as TraceFact, {
    plant: 'p1',
    line: 'caps-a',
  })

describe('what is stated with a time of the year 9999', () => {
  it('is recalled with its lot, and stopped by a hold of it', async () => {
    await state('commission', at(0), { unit: 'A', product: 'cap', lot: 'L1' })
    await state('commission', NO_DATE, { unit: 'B', product: 'cap', lot: 'L1' })
    await state('hold', at(1), { target: 'lot/L1', reason: 'soft' })
    const query = openTraceQuery(dataDir)
    const found = query.recall({ target: 'lot/L1' }).units.map((u) => `${u.serial} ${u.place}`)
    query.close()
    expect(found.sort()).toEqual(['A held', 'B held'])
    await expect(state('ship', at(2), { child: 'unit/B', shipment: 'S1' })).rejects.toMatchObject({
      code: 'TRC_HELD',
    })
  })

  it('closes no circle', async () => {
    for (const unit of ['A', 'B']) await state('commission', at(0), { unit, product: 'cap' })
    await state('associate', NO_DATE, { child: 'unit/A', parent: 'unit/B' })
    await expect(state('associate', NO_DATE, { child: 'unit/B', parent: 'unit/A' })).rejects.toMatchObject({
      code: 'TRC_GENEALOGY',
    })
  })

  it('lies in its box', async () => {
    await state('commission', at(0), { unit: 'A', product: 'cap' })
    await state('hold', at(1), { target: 'unit/A', reason: 'soft' })
    await state('release', at(2), { target: 'unit/A', reason: 'hard' })
    await state('aggregate', NO_DATE, { child: 'unit/A', parent: 'pallet/1' })
    await state('hold', at(3), { target: 'unit/A', reason: 'soft' })
    await expect(state('ship', NO_DATE, { child: 'pallet/1', shipment: 'S1' })).rejects.toMatchObject({
      code: 'TRC_HELD',
    })
  })
})
