import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CodeRead, type TraceFact, uuidv7 } from '../../contracts/index.ts'
import {
  identify,
  openHoldBoard,
  openIdentityChanges,
  openPartStore,
  openTraceQuery,
  type TraceQuery,
  type TraceStore,
  verifyDataDir,
} from '../../traceability/index.ts'
import { at, context, failedRead, gs1Code, passVerdict, request } from './samples/traceability-requests.ts'

const line = { plant: 'p1', line: 'caps-a' }
const PLAIN = 'urn:sightline:lot:cap:L7'
const GS1 = 'https://id.gs1.org/01/09506000134352/10/L7'

let dataDir: string
let store: TraceStore
let query: TraceQuery
let next = 1
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'sightline-lots-'))
  store = await openPartStore({ dataDir, spoolAfterMs: 20_000 })
  query = openTraceQuery(dataDir)
  next = 1
})
afterEach(async () => {
  query.close()
  await store.close()
  rmSync(dataDir, { recursive: true, force: true })
})

const tell = (fact: object): Promise<unknown> =>
  store.recordFact({ id: uuidv7(), at: at(0), by: 'qa1', ...fact } as TraceFact, line)
const received = (lot = 'L7') =>
  tell({ kind: 'receive', lot, product: 'cap', supplier: 'mill', quantity: 500, uom: 'pcs' })
/** @param product without an item number, a part is known by its label alone */
const judged = (codes: CodeRead[], lot?: string, product: object = {}) => {
  const asked = request(next++, passVerdict({ codes }))
  return store.capture({
    ...asked,
    product: { ...asked.product, ...product },
    context: { ...context, ...(lot !== undefined && { lot }) },
  })
}
const recalled = (target: string): string[] =>
  query
    .recall({ target })
    .units.map((u) => u.serial)
    .sort()
const merges = () =>
  query
    .eventsAfter(0, 1_000)
    .filter(({ event }) => event.type === 'qe.identity.changed.v1')
    .map(({ event }) => event.data)
const intact = async (): Promise<void> => {
  await store.close()
  expect((await verifyDataDir(dataDir)).findings).toEqual([])
}

describe('a lot that was named before its item number was known', () => {
  it('is one lot from its first part on: recalls of supplier and lot, once and in the log', async () => {
    await received()
    // In one transaction.
    await Promise.all(
      [
        ['S0', 'L8'],
        ['S1', 'L7'],
        ['S2', 'L7'],
      ].map(([s = '', l]) => judged([gs1Code(s, l)])),
    )
    expect(recalled('supplier/mill')).toEqual(['S1', 'S2'])
    expect(recalled(PLAIN)).toEqual(['S1', 'S2'])
    expect(recalled('lot/L7')).toEqual(['S1', 'S2'])
    expect(merges()).toEqual([
      { kind: 'merge', canonical: GS1, uris: [PLAIN], by: 'sightline', reason: expect.any(String) as string },
    ])
    // The short name is no longer two things.
    await tell({ kind: 'associate', child: 'lot/L7', parent: 'carrier/K1', certainty: 'certain' })
    expect(recalled('carrier/K1')).toEqual(['S1', 'S2'])
    await intact()
  })

  it('is one lot when a part without a readable code named it first, or comes in between', async () => {
    await judged([failedRead], 'L7', { gtin: undefined })
    await judged([gs1Code('S1', 'L7')])
    await received()
    await judged([failedRead], 'L7', { gtin: undefined })
    expect(recalled('supplier/mill')).toEqual(['S1', 'caps-a.st10.1', 'caps-a.st10.3'])
    expect(merges()).toHaveLength(1)
    await intact()
  })

  it('stops its very first part when lot or supplier are on hold', async () => {
    await received()
    const board = openHoldBoard(dataDir, (listener) => store.onAppend(listener), {
      walk: () => Promise.reject(new Error('no walk was expected')),
      walkMs: 100,
    })
    const product = { id: 'cap', gtin: '09506000134352' }
    const facts = { station: 'st10', recipe: 'r@1', product }
    const over = (lot: string, loaded?: string) =>
      board.over(identify([gs1Code('S1', lot)], product, 'required'), { ...facts, lot: loaded })
    try {
      for (const target of ['supplier/mill', PLAIN]) {
        await tell({ kind: 'hold', target, reason: 'bad melt' })
        expect((await over('L7'))?.en).toContain('is on hold: bad melt')
        expect((await over('L8', 'L7'))?.en).toContain('is on hold: bad melt')
        expect(await over('L8')).toBeNull()
        await tell({ kind: 'release', target, reason: 'fine' })
        expect(await over('L7')).toBeNull()
      }
    } finally {
      board.close()
    }
  })

  it('stays two where a person says so, or where one was made of the other', async () => {
    await received()
    await judged([gs1Code('S1', 'L7')])
    const changes = openIdentityChanges(dataDir, store, line)
    await changes.change({ kind: 'split', canonical: GS1, uris: [PLAIN], by: 'li', reason: 'another batch' })
    changes.close()
    await tell({ kind: 'commission', unit: 'unit/X', product: 'cap' })
    await judged([gs1Code('S2', 'L7')])
    expect(recalled('supplier/mill')).toEqual([])
    expect(merges()).toHaveLength(2)

    await received('L9')
    const made = 'https://id.gs1.org/01/09506000134352/10/L9'
    await tell({ kind: 'transform', child: made, parent: 'lot/L9', certainty: 'certain' })
    await judged([gs1Code('S4', 'L9')])
    expect(recalled('supplier/mill')).toEqual(['S4'])
    expect(merges()).toHaveLength(2)
    await intact()
  })
})
