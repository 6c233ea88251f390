import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type EpcisItem, uuidv7 } from '../../contracts/index.ts'
import { Checks } from '../../traceability/epcis/checks.ts'
import { formerHash } from '../../traceability/epcis/event-hash.ts'
import { openTraceQuery, verifyDataDir } from '../../traceability/index.ts'
import { epcisDocument, type Json } from './samples/epcis-documents.ts'
import { Repository } from './samples/epcis-repository.ts'

/** Events that an older program recorded, by a hash without the lot of a unit's link and the seventh digit of a time. */

let repository: Repository
beforeEach(async () => {
  repository = await Repository.open()
})
afterEach(() => repository.remove())

const BOX = 'https://id.gs1.org/00/106141412345678908'
const item = 'https://id.gs1.org/01/10614141073464'
const packed = (patch: Json = {}): Json => ({
  type: 'AggregationEvent',
  action: 'ADD',
  parentID: BOX,
  childEPCs: [`${item}/10/A/21/2018`],
  eventTime: '2026-01-05T06:00:00.1234567Z',
  eventTimeZoneOffset: '+00:00',
  ...patch,
})
const wrong = (event: Json): Json => ({
  ...event,
  errorDeclaration: { declarationTime: '2026-01-06T06:00:00Z', reason: 'did_not_occur' },
})
/** As an older program wrote it: it knew of one hash. */
function older(one: EpcisItem): EpcisItem {
  if (one.former !== undefined) return one.former
  return one.declaresError ? one : { ...one, hash: formerHash(one.event, one.context) }
}
async function recordedByOlder(...events: Json[]): Promise<void> {
  const document = JSON.stringify(epcisDocument(events))
  const { items } = new Checks().document(document, { single: false, most: 500 })
  await repository.store.captureEpcis({
    capture: uuidv7(),
    recordTime: new Date().toISOString(),
    source: { plant: 'p1', line: 'caps-a' },
    items: items.map(older),
    masterData: null,
    rollback: true,
  })
}
const recorded = () => {
  const query = openTraceQuery(repository.dataDir)
  try {
    return query.eventsAfter(0, 100).length
  } finally {
    query.close()
  }
}
const boxes = () => {
  const query = openTraceQuery(repository.dataDir)
  try {
    return query.recall({ target: `${item}/21/2018` }).units.map((u) => u.pallet)
  } finally {
    query.close()
  }
}
const sendAgain = async (event: Json) => {
  const job = await repository.capture([event])
  return [job.errors, recorded()]
}

describe.each([
  ['without an id', {}],
  ['with an id', { eventID: 'urn:x:1' }],
])('an event of an older program %s', (_, id) => {
  const event = packed(id)

  it('is the one it was when it is sent again, as its declaration of error is', async () => {
    await recordedByOlder(event)
    expect(await sendAgain(event)).toEqual([[], 1])
    await recordedByOlder(wrong(event))
    expect(await sendAgain(wrong(event))).toEqual([[], 2])
    expect(await sendAgain(event)).toEqual([[], 2])
  })

  it('is found by the declaration of an error in it', async () => {
    await recordedByOlder(event)
    expect(boxes()).toEqual([BOX])
    expect(await sendAgain(wrong(event))).toEqual([[], 2])
    expect(boxes()).toEqual([null])
    const [first, second] = await repository.found()
    expect(second?.['eventID']).toBe(first?.['eventID'])
    expect(await sendAgain(wrong(event))).toEqual([[], 2])
    expect((await verifyDataDir(repository.dataDir)).findings).toEqual([])
  })

  it('makes no link where its error was declared before it came', async () => {
    await recordedByOlder(wrong(event))
    expect(await sendAgain(event)).toEqual([[], 2])
    expect(boxes()).toEqual([null])
    expect(await sendAgain(event)).toEqual([[], 2])
    expect((await verifyDataDir(repository.dataDir)).findings).toEqual([])
  })
})

it('the hash of older programs is what they made', () => {
  expect(formerHash(packed(), null)).toBe('aa57bd83886c96a74a7159594488d969cb62b6f4b4ed68dcd2f1733beea1ab59')
})

it('an event that the older program would have taken for another is one of its own', async () => {
  await recordedByOlder(packed())
  const other = packed({ childEPCs: [`${item}/10/B/21/2018`] })
  expect(await sendAgain(other)).toEqual([[], 2])
  expect(await sendAgain(wrong(other))).toEqual([[], 3])
  expect(boxes()).toEqual([BOX])
  const sameId = packed({ eventID: 'urn:x:1' })
  await recordedByOlder(sameId)
  const job = await repository.capture([{ ...other, eventID: 'urn:x:1' }])
  expect(job.errors.map((e) => e.exception)).toEqual(['ResourceAlreadyExistsException'])
})

it('a single declaration of error is answered with the id that its event is recorded under', async () => {
  await recordedByOlder(packed())
  const [first] = await repository.found()
  const answer = await repository.epcis.capture.event(
    JSON.stringify({ '@context': epcisDocument([])['@context'], ...wrong(packed()) }),
  )
  expect(answer['eventID']).toBe(first?.['eventID'])
})
