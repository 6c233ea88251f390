import { copyFileSync, cpSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type TraceFact, uuidv7 } from '../../contracts/index.ts'
import { EpcisDesk } from '../../traceability/epcis/desk.ts'
import { Draw, event, type Json } from './samples/epcis-documents.ts'
import { base, BOX, box, link, observed, packed, unit } from './samples/epcis-parts.ts'
import { refusal, Repository } from './samples/epcis-repository.ts'
import { at, gs1Code, passVerdict, request } from './samples/traceability-requests.ts'

let repository: Repository
beforeEach(async () => {
  repository = await Repository.open()
})
afterEach(() => repository.remove())

const logged = () => repository.asked((q) => q.eventsAfter(0, 100).map((e) => e.event))
const edges = () => repository.asked((q) => q.recall({ target: link(1) }).units.map((u) => [u.uri, u.pallet]))

describe('captured events', () => {
  it('come back as they were sent, with the time they were recorded', async () => {
    const sent = Array.from({ length: 60 }, (_, i) => ({
      ...event(new Draw(i)),
      eventID: `urn:x:event:${i}`,
    }))
    const job = await repository.capture(sent)
    expect(job).toMatchObject({
      running: false,
      success: true,
      errors: [],
      captureErrorBehaviour: 'rollback',
    })
    const found = await repository.found()
    expect(found).toEqual(sent.map((e, i) => ({ ...e, recordTime: found[i]?.['recordTime'] })))
    for (const { recordTime } of found)
      expect(Date.parse(String(recordTime))).toBeGreaterThanOrEqual(Date.parse(job.createdAt))
    expect(logged().map((e) => [e.type, e.source])).toEqual(
      sent.map(() => ['ext.epcis.captured.v1', '/plants/p1/lines/caps-a/epcis']),
    )
  })

  it('without an id get one from their content, so that sending them again changes nothing', async () => {
    await repository.capture([observed(), observed({ epcList: [unit(2)] })])
    const again = await repository.capture([observed({ eventTime: '2026-01-05T14:00:00+08:00' }), observed()])
    expect(again.success).toBe(true)
    const found = await repository.found()
    expect(found.map((e) => e['epcList'])).toEqual([[unit(1)], [unit(2)]])
    expect(found[0]?.['eventID']).toMatch(/^urn:uuid:[0-9a-f-]{36}$/)
  })

  it('of one id but other content are refused, with everything beside them when rollback is asked for', async () => {
    await repository.capture([observed({ eventID: 'urn:x:1' })])
    const other = [observed({ eventID: 'urn:x:2' }), observed({ eventID: 'urn:x:1', bizStep: 'shipping' })]
    const rolled = await repository.capture(other)
    expect([rolled.success, rolled.errors.map((e) => e.exception)]).toEqual([
      false,
      ['ResourceAlreadyExistsException'],
    ])
    expect(await repository.found()).toHaveLength(1)
    const kept = await repository.capture(other, 'proceed')
    expect([kept.success, kept.errors.length]).toEqual([false, 1])
    expect((await repository.found()).map((e) => e['eventID'])).toEqual(['urn:x:1', 'urn:x:2'])
    const twice = [observed({ eventID: 'urn:x:3' }), observed({ eventID: 'urn:x:3', bizStep: 'packing' })]
    expect((await repository.capture(twice)).success).toBe(false)
    expect(await repository.found()).toHaveLength(2)
  })

  it('that are invalid refuse the document, or only themselves when proceed is asked for', async () => {
    const events = [observed(), observed({ epcList: ['x'] }), { ...base, type: 'ObjectEvent' }]
    expect(await refusal(repository.capture(events))).toEqual({
      exception: 'ValidationException',
      pointers: [
        '/epcisBody/eventList/1/epcList/0',
        '/epcisBody/eventList/2/action',
        '/epcisBody/eventList/2',
      ],
    })
    expect(await repository.found()).toEqual([])
    const job = await repository.capture(events, 'proceed')
    expect(job.errors.map((e) => e.faults[0]?.pointer)).toEqual([
      '/epcisBody/eventList/1/epcList/0',
      '/epcisBody/eventList/2/action',
    ])
    expect(await repository.found()).toHaveLength(1)
    expect(await repository.epcis.job(job.captureID)).toEqual(job)
  })

  it('are at most so many at once', async () => {
    const many = Array.from({ length: 501 }, (_, i) => observed({ epcList: [unit(i)] }))
    expect((await refusal(repository.capture(many))).exception).toBe('CaptureLimitExceededException')
  })

  it('are all still there when the projection is built again', async () => {
    await repository.capture([observed(), packed()])
    const before = await repository.found()
    await repository.close()
    rmSync(join(repository.dataDir, 'epcis/projection.db'))
    await repository.reopen()
    expect(await repository.found()).toEqual(before)
    expect((await repository.epcis.jobs({ perPage: 5, token: null })).items).toHaveLength(1)
  })
})

it('subscriptions go on behind the last event that a log has which was put back from an older copy', async () => {
  const file = join(repository.dataDir, 'trace.db')
  await repository.capture([observed()])
  await repository.close()
  copyFileSync(file, `${file}.older`)
  await repository.reopen()
  await repository.capture([observed({ epcList: [unit(2)] }), packed()])
  await repository.close()
  const cursor = (before?: (desk: EpcisDesk) => void): number | undefined => {
    const desk = new EpcisDesk(repository.dataDir)
    while (desk.follow());
    before?.(desk)
    const [kept] = desk.state.subscriptions(null)
    desk.close()
    return kept?.cursor
  }
  const createdAt = at(0)
  const delivered = (desk: EpcisDesk): void => {
    desk.state.addQuery({ name: 'q', query: {}, params: {} as never, createdAt })
    desk.state.addSubscription(
      { subscriptionID: 's', queryName: 'q', cursor: desk.events.end() } as never,
      createdAt,
    )
  }
  expect([cursor(delivered), cursor()]).toEqual([3, 3])
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true })
  copyFileSync(`${file}.older`, file)
  const epcis = join(repository.dataDir, 'epcis')
  cpSync(epcis, `${epcis}.before`, { recursive: true })
  expect([cursor(), cursor()]).toEqual([1, 1])
  // What is to be told from it by its length alone: it has grown past the place where EPCIS stands.
  await repository.reopen()
  for (const n of [3, 4, 5, 6]) await repository.capture([observed({ epcList: [unit(n)] })])
  await repository.close()
  rmSync(epcis, { recursive: true })
  renameSync(`${epcis}.before`, epcis)
  expect([cursor(), cursor()]).toEqual([1, 1])
  await repository.reopen()
  const epcs = (await repository.found()).map((e) => (e['epcList'] as string[] | undefined)?.[0])
  expect(epcs.sort()).toEqual([1, 3, 4, 5, 6].map(unit))
})

describe('a captured event that says what is stopped here', () => {
  const lot = 'urn:epc:class:lgtin:0614141.107346.L1'
  const fact = (rest: object): Promise<unknown> =>
    repository.store.recordFact(
      { id: uuidv7(), at: at(-100), by: 'li', reason: 'pits', ...rest } as unknown as TraceFact,
      { plant: 'p1', line: 'caps-a' },
    )
  const said = () =>
    logged().flatMap(
      (e) => (e.data as { contradicts?: { thing: string; reason: string }[] }).contradicts ?? [],
    )
  const made = { ...base, eventTime: '2026-01-05T05:00:00.000Z', type: 'TransformationEvent' }
  const born = { ...made, inputQuantityList: [{ epcClass: lot }], outputEPCList: [unit(1)] }

  it('is taken over, link and all, and says which hold was in the way', async () => {
    await repository.capture([born])
    await fact({ kind: 'hold', target: 'https://id.gs1.org/01/10614141073464/10/L1' })
    const sent = [packed(), observed({ bizStep: 'shipping', epcList: [BOX] })]
    expect(await repository.capture(sent)).toMatchObject({ success: true, errors: [] })
    expect(edges()).toEqual([[link(1), box]])
    expect(said().map((c) => c.thing)).toEqual([link(1), box])
    for (const { reason } of said()) expect(reason).toMatch(/^TRC_HELD: .*of lot\/L1.*: pits \(li\)/)
    expect(repository.alarms.filter((text) => text.includes('TRC_HELD'))).toHaveLength(2)
    // Sent again it is the same event.
    await repository.capture(sent)
    expect(said()).toHaveLength(2)
    await fact({ kind: 'release', target: 'https://id.gs1.org/01/10614141073464/10/L1' })
    await repository.capture([observed({ bizStep: 'shipping', eventTime: '2026-01-05T08:00:00.000Z' })])
    expect(said()).toHaveLength(2)
  })

  it('says so of a part that is scrapped when it leaves, not when it is packed or looked at', async () => {
    await repository.capture([born])
    await fact({ kind: 'dispose', unit: link(1), disposition: 'scrap' })
    await repository.capture([packed(), observed({ bizStep: 'inspecting' })])
    expect(said()).toEqual([])
    // The word as a URI, with the prefix that the context of EPCIS has for it.
    await repository.capture([observed({ bizStep: 'cbv:BizStep-shipping' })])
    expect(said()).toMatchObject([{ thing: link(1), reason: expect.stringContaining('(scrap)') as string }])
  })
})

describe('events of the line itself', () => {
  const state = (fact: Json, n = 0) =>
    repository.store.recordFact({ id: uuidv7(), at: at(n), by: 'qa1', ...fact } as unknown as TraceFact, {
      plant: 'p1',
      line: 'caps-a',
    })

  it('answer as EPCIS events: an inspection', async () => {
    await repository.store.capture(request(1, passVerdict({ codes: [gs1Code('SN1', 'L7')] })))
    const [found] = await repository.found({ EQ_bizStep: ['inspecting'] })
    expect(found).toMatchObject({
      type: 'ObjectEvent',
      action: 'OBSERVE',
      disposition: 'conformant',
      epcList: ['https://id.gs1.org/01/09506000134352/21/SN1'],
      readPoint: { id: 'urn:sightline:station:st10' },
      'sightline:verdict': 'pass',
    })
    expect(await repository.found({ MATCH_epc: ['urn:epc:id:sgtin:9506000.013435.SN1'] })).toHaveLength(1)
  })

  it('answer as EPCIS events: facts, and their corrections as declarations', async () => {
    await state({ kind: 'receive', lot: 'L1', product: 'cap', supplier: 'acme', quantity: 5 })
    await state({ kind: 'commission', unit: 'SN1', product: 'cap', lot: 'L1' }, 1)
    const { id } = await state(
      { kind: 'aggregate', child: 'unit/SN1', parent: 'pallet/P1', certainty: 'certain' },
      2,
    )
    await state({ kind: 'hold', target: 'lot/L9', reason: 'pits' }, 3)
    await state({ kind: 'rework', unit: 'unit/SN1', reason: 'solder' }, 4)
    await state({ kind: 'ship', child: 'unit/SN1', shipment: 'S1', customer: 'c1', order: 'o1' }, 5)
    await state({ kind: 'retract', supersedes: id, reason: 'other pallet' }, 6)
    for (const [n, disposition] of ['release', 'regrade', 'return-to-supplier', 'scrap'].entries())
      await state({ kind: 'dispose', unit: 'unit/SN1', disposition, reason: 'seen' }, 7 + n)
    await state({ kind: 'return', target: 'unit/SN1', customer: 'c1', place: 'cage 4' }, 11)
    const found = await repository.found()
    expect(found.map((e) => [e['type'], e['action'], e['bizStep']])).toEqual([
      ['ObjectEvent', 'OBSERVE', 'receiving'],
      ['ObjectEvent', 'ADD', 'commissioning'],
      ['AggregationEvent', 'ADD', 'packing'],
      ['ObjectEvent', 'OBSERVE', 'holding'],
      ['ObjectEvent', 'OBSERVE', 'repairing'],
      ['ObjectEvent', 'OBSERVE', 'shipping'],
      ['AggregationEvent', 'ADD', 'packing'],
      ['ObjectEvent', 'OBSERVE', 'other'],
      ['ObjectEvent', 'OBSERVE', 'other'],
      ['ObjectEvent', 'OBSERVE', 'holding'],
      ['ObjectEvent', 'OBSERVE', 'destroying'],
      ['ObjectEvent', 'OBSERVE', 'receiving'],
    ])
    expect(found.pop()).toMatchObject({
      disposition: 'returned',
      sourceList: [{ type: 'possessing_party', source: 'urn:sightline:customer:c1' }],
      'sightline:place': 'cage 4',
    })
    // As CBV has it: where another line takes the event in, a recall of the lot finds the unit there, too.
    expect(found[1]).toMatchObject({ ilmd: { 'cbvmda:lotNumber': 'L1' } })
    expect(found.slice(7).map((e) => [e['disposition'], e['sightline:disposition']])).toEqual([
      ['available', 'release'],
      ['available', 'regrade'],
      ['non_sellable_other', 'return-to-supplier'],
      ['disposed', 'scrap'],
    ])
    expect(found[6]).toMatchObject({
      eventID: `urn:uuid:${id}`,
      errorDeclaration: { reason: 'did_not_occur', declarationTime: at(6) },
    })
    // What is answered would be taken: the same rules hold for our own.
    const other = await Repository.open()
    const page = { perPage: 100, token: null }
    const { items } = await repository.epcis.events({ values: {} }, page, 'Never_Translates')
    const taken = await other.epcis.capture.document(items, 'rollback')
    expect(taken.errors).toEqual([])
    await other.remove()
  })

  it.each([
    ['a count', { quantity: 5 }, { quantity: 5 }, {}],
    ['a count with a word for pieces', { quantity: 500, uom: 'pcs' }, { quantity: 500 }, {}],
    ['a measure', { quantity: 1.5, uom: 'KGM' }, { quantity: 1.5, uom: 'KGM' }, {}],
    // 5 rolls must not read as 5 caps, nor half a cap as a count.
    ['a unit of the plant', { quantity: 5, uom: 'rolls' }, {}, { quantity: 5, uom: 'rolls' }],
    // It looks like a code of Recommendation 20; that of the kilogram is KGM.
    ['a unit that only looks like a code', { quantity: 5, uom: 'KG' }, {}, { quantity: 5, uom: 'KG' }],
    ['a rare unit', { quantity: 5, uom: 'B12' }, { quantity: 5, uom: 'B12' }, {}],
    ['a part of a piece', { quantity: 1.5 }, {}, { quantity: 1.5 }],
  ])('states an amount as EPCIS may: %s', async (_, amount, stated, own) => {
    await state({ kind: 'receive', lot: 'L1', product: 'cap', supplier: 'acme', ...amount })
    const [made = {}] = await repository.found()
    expect(made['quantityList']).toEqual([{ epcClass: 'urn:sightline:lot:cap:L1', ...stated }])
    const beside = Object.fromEntries(Object.entries(own).map(([key, value]) => [`sightline:${key}`, value]))
    const said = Object.entries(made).filter(([key]) => /^sightline:(quantity|uom)$/.test(key))
    expect(Object.fromEntries(said)).toEqual(beside)
  })
})
