import { expect, it } from 'vitest'
import { type CaptureRequest, newEvent, uuidv7 } from '../../contracts/index.ts'
import { migrate, openSql } from '../../traceability/index.ts'
import { BatchWriter } from '../../traceability/store/batch-writer.ts'
import { prepareCapture } from '../../traceability/store/prepared-capture.ts'
import { recordOf } from '../../traceability/store/record-codec.ts'
import { failVerdict, gs1Code, passVerdict, request } from './samples/traceability-requests.ts'

const ask = (r: CaptureRequest) => ({
  request: { op: 'capture' as const, ask: { prepared: prepareCapture(recordOf(r)) } },
  image: null,
})
type Item = Parameters<BatchWriter['commit']>[0][number]

it('sees in one transaction what its own captures wrote, though their rows are written together', () => {
  const db = openSql(':memory:', { synchronous: 'normal' })
  migrate(db, ':memory:')
  const writer = new BatchWriter(db)
  const codes = [gs1Code('S1', 'L1')]
  const first = { ...request(1, passVerdict({ codes })), image: null }
  const again = { ...request(1, failVerdict({ codes })), image: null, attempt: 2 }
  const other = { ...request(1, failVerdict({ codes })), image: null }
  const stray = newEvent({
    type: 'ext.test.v1',
    source: '/plants/p1/lines/caps-a',
    subject: 'unit/S1',
    partitionkey: 'caps-a',
    data: {},
  })
  const batch = [
    ask(first),
    ask(first),
    { request: { op: 'lastTrigger', ask: 'st10' }, image: null },
    ask(again),
    ask(other),
    { request: { op: 'emit', ask: stray }, image: null },
    ask({ ...request(2, passVerdict({ codes })), image: null }),
  ] as Item[]
  const results = writer.commit(batch)
  expect(results.map((r) => r.ok)).toEqual([true, true, true, true, false, true, true])
  expect(results[1]).toEqual(results[0])
  expect(results[2]).toMatchObject({ value: { trigger: 1, attempt: 1 } })
  expect(results[4]).toMatchObject({ error: { code: 'TRC_DUPLICATE' } })
  expect(db.all('select position, type from event order by position').map((e) => e['type'])).toEqual([
    'qe.inspection.completed.v1',
    'qe.inspection.completed.v1',
    'ext.test.v1',
    'qe.inspection.completed.v1',
  ])
  expect(db.all('select position, attempt from inspection order by position')).toEqual([
    { position: 1, attempt: 1 },
    { position: 2, attempt: 2 },
    { position: 4, attempt: 1 },
  ])
  // The unit is linked to its lot once, and each trigger is judged once.
  expect(db.get(`select count(*) as n from edge where child like '%S1'`)).toEqual({ n: 1 })
  expect(db.all('select attempt, number, state from part_trigger order by number, attempt')).toEqual([
    { attempt: 1, number: 1, state: 'judged' },
    { attempt: 2, number: 1, state: 'judged' },
    { attempt: 1, number: 2, state: 'judged' },
  ])
  expect(db.get('select size from log_tree')).toEqual({ size: 4 })
  db.close()
})

it('links a unit once, though a fact stands between the captures of a transaction', () => {
  const db = openSql(':memory:', { synchronous: 'normal' })
  migrate(db, ':memory:')
  const writer = new BatchWriter(db)
  const part = (n: number, attempt: number) => {
    const codes = [gs1Code(`S${n}`, 'L1')]
    return ask({ ...request(n, passVerdict({ codes })), image: null, attempt })
  }
  const fact = {
    request: {
      op: 'fact',
      ask: {
        fact: {
          id: uuidv7(),
          at: '2026-01-05T06:00:00.000Z',
          by: 'qa1',
          kind: 'hold',
          target: 'lot/L1',
          reason: 'pits',
        },
        source: { plant: 'p1', line: 'caps-a' },
      },
    },
    image: null,
  }
  const first = [part(1, 1), part(2, 1)] as Item[]
  expect(writer.commit(first).map((r) => r.ok)).toEqual([true, true])
  const again = [fact, part(1, 2), part(2, 2), first[1]] as Item[]
  const results = writer.commit(again)
  expect(results.filter((r) => !r.ok)).toEqual([])
  expect(db.all('select child, count(*) as n from edge group by child').map((e) => e['n'])).toEqual([1, 1])
  expect(db.get('select count(*) as n from inspection')).toEqual({ n: 4 })
  db.close()
})

it('writes nothing of a transaction that was refused into the next one', () => {
  const db = openSql(':memory:', { synchronous: 'normal' })
  migrate(db, ':memory:')
  const writer = new BatchWriter(db)
  const good = [1, 2].map((n) => ask({ ...request(n, passVerdict()), image: null }))
  const bad = ask({ ...request(3, passVerdict()), image: null })
  // The column takes three words; whoever prepared it knew others.
  bad.request.ask.prepared.row[15] = 'perhaps'
  const results = writer.commit([...good, bad] as Item[])
  expect(results.map((r) => r.ok)).toEqual([true, true, false])
  expect(writer.commit([ask({ ...request(4, passVerdict()), image: null })] as Item[])).toMatchObject([
    { ok: true },
  ])
  expect(db.all('select trigger_number as n from inspection order by position').map((r) => r['n'])).toEqual([
    1, 2, 4,
  ])
  db.close()
})
