import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type TraceFact, uuidv7, type Verdict } from '../../contracts/index.ts'
import {
  openSql,
  renderLife,
  type TraceQuery,
  type TraceStore,
  verifyDataDir,
} from '../../traceability/index.ts'
import { at, failVerdict, gs1Code, passVerdict, request } from './samples/traceability-requests.ts'
import { storeForEach } from './samples/store-for-each.ts'

let dataDir: string
let store: TraceStore
let query: TraceQuery
storeForEach((open) => ({ dataDir, store, query } = open))

const line = { plant: 'p1', line: 'caps-a' }
let clock = 1_000
const tell = (fact: object): Promise<{ id: string; position: number }> =>
  store.recordFact({ id: uuidv7(), at: at(++clock), by: 'wang', ...fact } as TraceFact, line)
const unsure = (serial: string): Verdict => ({
  ...passVerdict({ codes: [gs1Code(serial)] }),
  result: 'inconclusive',
  disposition: 'hold',
})
/** Judged, and where it is; the id of the inspection. */
let trigger = 0
async function judged(verdict: Verdict): Promise<string> {
  const asked = request(++trigger, verdict)
  await store.capture(asked)
  return asked.inspectionId
}
const whereIs = async (serial: string): Promise<[string, string | null]> => {
  const [life] = await query.unitLives(serial)
  return [life?.where.place ?? '', life?.where.disposition ?? null]
}
const decide = (unit: string, disposition: string, rest: object = {}) =>
  tell({ kind: 'dispose', unit: `unit/${unit}`, disposition, reason: 'looked at it', ...rest })

describe('what a person decides about a part', () => {
  it('lets a held part go, and stands until the part is judged again', async () => {
    const first = await judged(unsure('A'))
    await store.emit(review(first))
    // A review settles the verdict; where the part goes is another decision.
    expect(await whereIs('A')).toEqual(['held', 'hold'])
    const { id } = await decide('A', 'release')
    expect(await whereIs('A')).toEqual(['line', 'release'])
    expect(query.eventsAfter(0, 50).at(-1)?.event).toMatchObject({
      id,
      type: 'qe.unit.dispositioned.v1',
      source: '/plants/p1/lines/caps-a/trace',
      data: { disposition: 'release', inspection: first, by: 'wang', reason: 'looked at it' },
    })
    expect(query.recall({ target: 'unit/A' }).units).toMatchObject([
      { place: 'line', held: false, disposition: 'release' },
    ])
    const again = await judged(unsure('A'))
    expect(await whereIs('A')).toEqual(['held', 'hold'])
    // Each inspection shows what was decided about it.
    const rows = (await query.bySerial('A'))?.inspections ?? []
    expect(rows.map((r) => [r.inspectionId, r.disposition, r.ruledDisposition, r.decision?.by])).toEqual([
      [first, 'release', 'hold', 'wang'],
      [again, 'hold', 'hold', undefined],
    ])
    const life = await query.bySerial('A')
    expect(life && renderLife(life, 'zh')).toContain('人工处置: 放行: looked at it (wang')
    const [unit] = await query.unitLives('A')
    expect(unit?.timeline.entries.find((e) => e.what === 'dispose')).toMatchObject({
      by: 'wang',
      text: 'release: looked at it',
    })
  })

  it.each([
    ['scrap', 'scrapped'],
    ['return-to-supplier', 'returned'],
    ['rework', 'line'],
    ['regrade', 'line'],
    ['use-as-is', 'line'],
  ])('%s: the part is %s', async (disposition, place) => {
    await judged(failVerdict({ codes: [gs1Code('A')] }))
    await decide('A', disposition)
    expect(await whereIs('A')).toEqual([place, disposition])
  })

  it('is about the inspection that was looked at, and never about a later one', async () => {
    const first = await judged(unsure('A'))
    await judged(failVerdict({ codes: [gs1Code('A')] }))
    await expect(decide('A', 'release', { inspection: first })).rejects.toMatchObject({
      code: 'TRC_GENEALOGY',
      message: expect.stringContaining('look at what was found since') as string,
    })
    expect(await whereIs('A')).toEqual(['scrapped', 'scrap'])
  })

  it('is refused to who did not see the one in force, or saw one that was taken back', async () => {
    const inspection = await judged(unsure('A'))
    const { id } = await decide('A', 'scrap', { inspection, over: null })
    const late = decide('A', 'release', { inspection, over: null })
    await expect(late).rejects.toMatchObject({
      code: 'TRC_DECIDED',
      message: expect.stringMatching(/nobody has decided about; found scrap, wang, /) as string,
    })
    expect(await whereIs('A')).toEqual(['scrapped', 'scrap'])
    const again = await decide('A', 'rework', { inspection, over: id })
    await tell({ kind: 'retract', supersedes: again.id, reason: 'the wrong part' })
    await expect(decide('A', 'release', { inspection, over: again.id })).rejects.toMatchObject({
      code: 'TRC_DECIDED',
    })
    // Said again because its answer was lost, it is no second one; after another inspection nothing is in force.
    const twice = { id: uuidv7(), inspection, over: id }
    const first = await decide('A', 'use-as-is', { ...twice, at: at(500) })
    expect(await decide('A', 'use-as-is', { ...twice, at: at(500) })).toMatchObject({
      position: first.position,
      repeated: true,
    })
    await decide('A', 'scrap', { inspection: await judged(unsure('A')), over: null })
    expect(query.eventsAfter(0, 50).every(({ event }) => !('over' in (event.data as object)))).toBe(true)
  })

  it('stands although one about an earlier inspection is corrected afterwards', async () => {
    await judged(unsure('A'))
    const early = await decide('A', 'scrap')
    await judged(passVerdict({ codes: [gs1Code('A')] }))
    await decide('A', 'scrap')
    await decide('A', 'rework', { supersedes: early.id })
    expect(await whereIs('A')).toEqual(['scrapped', 'scrap'])
    await expect(tell({ kind: 'ship', child: 'unit/A', shipment: 'S1' })).rejects.toMatchObject({
      code: 'TRC_HELD',
    })
  })

  it('counts over what the gate did, and goes for a unit that was never inspected', async () => {
    const id = await judged(passVerdict({ codes: [gs1Code('A')] }))
    const command = { station: 'st10', trigger, inspectionId: id, result: 'pass', deadlineMs: 1 } as const
    await store.annotate(id, {
      gate: {
        command: { ...command, action: 'hold', disposition: 'hold' },
        ack: { ok: true, atMs: 1 },
      },
    })
    expect(await whereIs('A')).toEqual(['held', 'hold'])
    await decide('A', 'use-as-is')
    expect(await whereIs('A')).toEqual(['line', 'use-as-is'])
    await tell({ kind: 'commission', unit: 'B', product: 'cap' })
    expect(await whereIs('B')).toEqual(['line', null])
    await decide('B', 'scrap')
    expect(await whereIs('B')).toEqual(['scrapped', 'scrap'])
  })

  it('is wanted for a part that was released and found bad in review', async () => {
    const id = await judged(passVerdict({ codes: [gs1Code('A')] }))
    expect(await whereIs('A')).toEqual(['line', 'release'])
    await store.emit(review(id, 'pass', 'fail'))
    expect(await whereIs('A')).toEqual(['held', 'hold'])
    expect((await query.bySerial('A'))?.inspections[0]?.disposition).toBe('hold')
    await store.emit(review(id, 'fail', 'pass'))
    expect(await whereIs('A')).toEqual(['line', 'release'])
    await store.emit(review(id, 'pass', 'fail'))
    await decide('A', 'use-as-is')
    expect(await whereIs('A')).toEqual(['line', 'use-as-is'])
  })

  it('is corrected and taken back as every fact, and stays below a hold', async () => {
    await judged(unsure('A'))
    await judged(unsure('B'))
    const wrong = await decide('A', 'scrap')
    const right = await decide('A', 'rework', { supersedes: wrong.id })
    expect(await whereIs('A')).toEqual(['line', 'rework'])
    await expect(decide('B', 'rework', { supersedes: right.id })).rejects.toMatchObject({
      code: 'TRC_GENEALOGY',
    })
    await tell({ kind: 'retract', supersedes: right.id, reason: 'another part' })
    expect(await whereIs('A')).toEqual(['held', 'hold'])
    await decide('A', 'release')
    await tell({ kind: 'hold', target: 'unit/A', reason: 'noise' })
    expect(await whereIs('A')).toEqual(['held', 'release'])
  })

  it('is recorded once, and is not for boxes, strangers or words nobody knows', async () => {
    await judged(unsure('A'))
    const fact = {
      id: uuidv7(),
      at: at(5),
      by: 'li',
      kind: 'dispose',
      unit: 'unit/A',
      disposition: 'release',
      reason: 'r',
    } as TraceFact
    const { position } = await store.recordFact(fact, line)
    expect(await store.recordFact(fact, line)).toEqual({ id: fact.id, position, repeated: true })
    await expect(
      store.recordFact({ ...fact, disposition: 'scrap' } as TraceFact, line),
    ).rejects.toMatchObject({ code: 'TRC_DUPLICATE' })
    await expect(decide('nobody', 'release')).rejects.toMatchObject({ code: 'TRC_NOT_FOUND' })
    await expect(tell({ kind: 'dispose', unit: 'box/1', disposition: 'scrap', reason: 'r' })).rejects.toThrow(
      'unit by unit',
    )
    await expect(decide('A', 'hold')).rejects.toMatchObject({ code: 'EVT_SCHEMA' })
  })

  it('is what a release of a part without a hold points to', async () => {
    await judged(unsure('A'))
    const release = (target: string) => tell({ kind: 'release', target, reason: 'r' })
    await expect(release('unit/A')).rejects.toThrow('sightline dispose unit/A release --reason … --by …')
    await tell({ kind: 'receive', lot: 'M', product: 'm', supplier: 's' })
    await tell({ kind: 'transform', child: 'unit/A', parent: 'lot/M' })
    await tell({ kind: 'hold', target: 'lot/M', reason: 'soft' })
    await expect(release('unit/A')).rejects.toThrow('falls under the hold of lot/M; sightline release lot/M')
  })
})

describe('verify', () => {
  it('finds a decision that was taken out of the table, added or turned off', async () => {
    await judged(unsure('A'))
    const kept = await decide('A', 'scrap')
    const gone = await decide('A', 'rework')
    await tell({ kind: 'retract', supersedes: gone.id, reason: 'typing error' })
    await judged(failVerdict({ codes: [gs1Code('B')] }))
    await decide('B', 'release')
    await store.close()
    expect((await verifyDataDir(dataDir)).findings).toEqual([])
    const db = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal' })
    const found = async (): Promise<string[]> =>
      (await verifyDataDir(dataDir)).findings.map((f) => `${f.event === kept.id ? 'kept' : ''} ${f.detail}`)
    db.run('update trace_fact set superseded_by = ? where id = ?', gone.position, kept.id)
    expect(await found()).toEqual([
      `kept superseded_by is ${gone.position} in the table trace_fact and null in the log`,
    ])
    db.run('delete from trace_fact where id = ?', kept.id)
    expect(await found()).toEqual(['kept what the event says is not in the table trace_fact'])
    db.run(
      `insert into trace_fact (position, id, kind, subject, at) values (?, ?, 'dispose', 'unit/X', '')`,
      kept.position,
      uuidv7(),
    )
    expect(await found()).toEqual([
      'kept what the event says is not in the table trace_fact',
      ' a row of the table trace_fact without an event',
    ])
    db.close()
  })
})

const review = (inspectionId: string, before = 'inconclusive', after = 'pass') => ({
  specversion: '1.0' as const,
  id: uuidv7(),
  source: '/plants/p1/lines/caps-a/stations/st10',
  type: 'qe.verdict.reviewed.v1',
  subject: 'unit/A',
  time: at(900),
  datacontenttype: 'application/json' as const,
  dataschema: 'urn:x',
  partitionkey: 'caps-a',
  causationid: inspectionId,
  data: {
    inspectionId,
    reviewer: 'wang',
    before,
    after,
    reason: 'by eye',
    labels: [],
  },
})
