import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type TraceFact, uuidv7 } from '../../contracts/index.ts'
import { openPartStore, openSql, verifyDataDir } from '../../traceability/index.ts'
import { signNow, sql, temporary } from './samples/signed-log.ts'

/** Stays in one box whose ends were told in the reverse order of their times: none can be lengthened or opened unseen. */

const line = { plant: 'p1', line: 'caps-a' }
const base = temporary()
const hour = (n: number): string => `2026-01-05T0${n}:00:00.000Z`

beforeAll(async () => {
  const store = await openPartStore({ dataDir: base.dir, synchronous: 'normal', spoolAfterMs: 20_000 })
  const tell = (n: number, fact: object): Promise<unknown> =>
    store.recordFact({ id: uuidv7(), at: hour(n), by: 'li', ...fact } as TraceFact, line)
  const packed = { kind: 'aggregate', child: 'unit/U1', parent: 'box/B1' }
  await tell(0, { kind: 'commission', unit: 'U1', product: 'cap' })
  await tell(1, packed)
  await tell(7, { ...packed, kind: 'disaggregate' })
  await tell(5, packed)
  await tell(3, { ...packed, kind: 'disaggregate' })
  await tell(0, { kind: 'commission', unit: 'U2', product: 'cap' })
  for (const [n, shipment] of [
    [1, 'D1'],
    [5, 'D2'],
  ] as const)
    await tell(n, { kind: 'ship', child: 'unit/U2', shipment })
  await tell(7, { kind: 'return', target: 'unit/U2' })
  await tell(3, { kind: 'return', target: 'unit/U2' })
  // Packed twice, and unpacked once; the first packing is told last.
  await tell(0, { kind: 'commission', unit: 'U3', product: 'cap' })
  await tell(2, { ...packed, child: 'unit/U3' })
  await tell(5, { ...packed, child: 'unit/U3', kind: 'disaggregate' })
  await tell(1, { ...packed, child: 'unit/U3' })
  await store.close()
  await signNow(base.dir)
})
afterAll(() => base.dispose())

let dir: string
beforeEach(() => (dir = base.copy()))
const found = async (): Promise<string[]> => (await verifyDataDir(dir)).findings.map((f) => f.detail)

it('raises nothing as long as the log states it', async () => {
  expect(await found()).toEqual([])
})

it('a packing that is told last, too, ends with the first unpacking behind it', () => {
  const db = openSql(join(dir, 'trace.db'), { synchronous: 'normal', readOnly: true })
  const stays = db.all(`select valid_from, valid_to from edge where child like '%U3' order by valid_from`)
  db.close()
  expect(stays).toEqual([1, 2].map((n) => ({ valid_from: hour(n), valid_to: hour(5) })))
})

it.each([
  [
    'the later stay in a box open',
    `update edge set valid_to = null, closed_by = null where kind = 'aggregate' and valid_from = '${hour(5)}'`,
    /no link of .*U1 was ended/,
  ],
  [
    'the earlier stay in a box open',
    `update edge set valid_to = null, closed_by = null where kind = 'aggregate' and valid_from = '${hour(1)}'`,
    /no link of .*U1 was ended/,
  ],
  [
    'the earlier stay in a box as long as the later',
    `update edge set (valid_to, closed_by) = (select valid_to, closed_by from edge where kind = 'aggregate' and valid_from = '${hour(5)}') where kind = 'aggregate' and valid_from = '${hour(1)}'`,
    /no link of .*U1 was ended/,
  ],
  [
    'the later shipment open',
    `update edge set valid_to = null, closed_by = null where kind = 'ship' and valid_from = '${hour(5)}'`,
    /no link of .*U2 was ended/,
  ],
  [
    'the earlier shipment open',
    `update edge set valid_to = null, closed_by = null where kind = 'ship' and valid_from = '${hour(1)}'`,
    /no link of .*U2 was ended/,
  ],
  [
    'the earlier shipment as long as the later',
    `update edge set (valid_to, closed_by) = (select valid_to, closed_by from edge where kind = 'ship' and valid_from = '${hour(5)}') where kind = 'ship' and valid_from = '${hour(1)}'`,
    /no link of .*U2 was ended/,
  ],
])('tells %s', async (_, statement, expected) => {
  sql(dir, statement)
  expect(await found()).toContainEqual(expect.stringMatching(expected))
})
