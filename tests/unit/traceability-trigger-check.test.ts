import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openPartStore, openSql, verifyDataDir } from '../../traceability/index.ts'
import { signNow, sql, temporary } from './samples/signed-log.ts'
import { at, context, failVerdict, passVerdict, RECIPE, request } from './samples/traceability-requests.ts'

const place = temporary()
const MARK = 200_000

/** Two counts: of the first 3 was never judged and the counter jumped, of the second nothing is missing. */
beforeAll(async () => {
  const store = await openPartStore({ dataDir: place.dir, synchronous: 'normal', spoolAfterMs: 60_000 })
  const second = Date.parse('2026-01-05T07:00:00.000Z')
  for (const n of [1, 2, 4, MARK]) await store.capture(request(n, passVerdict(), { image: null }))
  await store.openTrigger({ station: 'st10', trigger: MARK + 1, attempt: 1, at: at(9) })
  const next = { trigger: 1, attempt: second }
  // The jump is refused, and kept.
  await store.closeInterrupted('st10', next, RECIPE, context).catch(() => 0)
  await store.capture(request(1, failVerdict(), { image: null, attempt: second }))
  await store.capture(request(2, passVerdict(), { image: null, attempt: second }))
  await store.closeInterrupted('st10', { trigger: 3, attempt: second }, RECIPE, context)
  await store.close()
  await signNow(place.dir)
})
afterAll(() => place.dispose())

const details = async (change: string): Promise<string[]> => {
  const dir = place.copy()
  sql(dir, change)
  return (await verifyDataDir(dir, { images: false })).findings.map((f) => f.detail)
}

it('the tables of the balance are as the records say, with an open jump of the counter', async () => {
  const db = openSql(join(place.dir, 'trace.db'), { synchronous: 'normal', readOnly: true })
  expect(db.all('select first, last from trigger_gap')).toEqual([{ first: 5, last: MARK - 1 }])
  expect(db.all('select count(*) as n from trigger_audit')).toEqual([{ n: 2 }])
  db.close()
  expect(await verifyDataDir(place.dir)).toMatchObject({ state: 'intact', findings: [] })
})

it('a jump that is gone from them is named, and one that lies in no count', async () => {
  expect(await details('delete from trigger_gap')).toEqual([
    `triggers 5 to ${MARK - 1} were gone through by the table trigger_audit, and are neither judged nor in the table trigger_gap`,
  ])
  expect(await details(`update trigger_gap set station = 'st99'`)).toHaveLength(2)
  expect(await details(`update trigger_gap set last = 9`)).toHaveLength(1)
})

it('how far a count was gone through is not forgotten, nor said of numbers that nobody knows', async () => {
  expect(await details('delete from trigger_audit')).toEqual([
    'trigger 3 was closed as interrupted, and its count is not in the table trigger_audit',
    `trigger ${MARK + 1} was closed as interrupted, and its count is not in the table trigger_audit`,
    `the jump 5 to ${MARK - 1} in the table trigger_gap lies in no count of the table trigger_audit`,
  ])
  expect(await details('update trigger_audit set high = 500000 where attempt = 1')).toEqual([
    'the table trigger_audit ends at 1 and 500000, and the table part_trigger does not know both',
  ])
})

it('a judged trigger in the place of another is told, though there are as many of them as records', async () => {
  const found = await details('update part_trigger set number = 7 where number = 4')
  expect(found).toContain('trigger 4 of the inspection is not in the table part_trigger as judged')
  expect(found).toContain('trigger 7 is judged in the table part_trigger, and no inspection is of it')
})

it.each([
  ['part_trigger', 'number', 'number = 4'],
  ['trigger_audit', 'high', 'attempt = 1'],
  ['identity', 'first_position', '1 = 1'],
])('a number that JavaScript cannot count to is told, of table %s', async (table, column, which) => {
  expect(await details(`update ${table} set ${column} = 9007199254740992 where ${which}`)).toContainEqual(
    expect.stringMatching(`^table ${table}, column ${column}: \\d numbers of 2\\^53 or more`),
  )
})
