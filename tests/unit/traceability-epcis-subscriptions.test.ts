import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { StandingQuery } from '../../traceability/epcis/standing-query.ts'
import type { Json } from './samples/epcis-documents.ts'
import { eventsOf, refusal, Repository } from './samples/epcis-repository.ts'
import { Receiver } from './samples/webhook-receiver.ts'

let repository: Repository
let receiver: Receiver
const shipped = (n: number, bizStep = 'shipping'): Json => ({
  type: 'ObjectEvent',
  eventID: `urn:x:${n}`,
  eventTime: '2026-01-05T06:00:00.000Z',
  eventTimeZoneOffset: '+00:00',
  action: 'OBSERVE',
  epcList: [`urn:epc:id:sgtin:0614141.107346.${n}`],
  bizStep,
})
const subscribe = (more: Json = {}) =>
  repository.epcis.subscribe('shipped', { dest: receiver.url, stream: true, ...more }, 'Never_Translates')
const queryNameOf = (body: string): unknown =>
  (JSON.parse(body) as { epcisBody: { queryResults: Json } }).epcisBody.queryResults['queryName']
const ids = (): unknown[] =>
  receiver.got.flatMap(({ body }) => eventsOf(JSON.parse(body) as Json).map((e) => e['eventID']))

describe('a webhook', () => {
  beforeEach(async () => {
    repository = await Repository.open({ attempts: 3, firstRetryMs: 30, maxRetryMs: 100 })
    receiver = await Receiver.start()
    await repository.epcis.addQuery({ name: 'shipped', query: { EQ_bizStep: ['shipping'] } })
  })
  afterEach(async () => {
    await repository.remove()
    await receiver.stop()
  })

  it('gets the events that meet its query, signed with the token it chose', async () => {
    const signatureToken = '13df38d8275b13f05704629e5f1cf3d45d6132d5'
    await repository.capture([shipped(1)])
    const { subscriptionID } = await subscribe({ signatureToken })
    await repository.capture([shipped(2), shipped(3, 'packing'), shipped(4)])
    await receiver.until(1)
    expect(ids()).toEqual(['urn:x:2', 'urn:x:4'])
    const { headers, body } = receiver.got[0] ?? { headers: {}, body: '' }
    expect(JSON.parse(body)).toMatchObject({
      type: 'EPCISQueryDocument',
      epcisBody: { queryResults: { queryName: 'shipped', subscriptionID } },
    })
    const [, t = '', v1 = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['gs1-signature'])) ?? []
    expect(createHmac('sha256', signatureToken).update(`${t}.${body}`).digest('hex')).toBe(v1)
    expect(Math.abs(Number(t) - Date.now() / 1000)).toBeLessThan(60)
    expect(JSON.stringify(await repository.epcis.subscription('shipped', subscriptionID))).toContain(
      'lastNotifiedAt',
    )
  })

  it('hears from an earlier time when it names one', async () => {
    await repository.capture([shipped(1)])
    await subscribe({ initialRecordTime: '2020-01-01T00:00:00Z' })
    await receiver.until(1)
    expect(ids()).toEqual(['urn:x:1'])
  })

  it('is tried again in order, and goes on from its cursor after a restart', async () => {
    receiver.answers.push(503, 500, 429)
    const { subscriptionID } = await subscribe()
    await repository.capture([shipped(1)])
    await repository.capture([shipped(2)])
    for (let waited = 0; ids().length < 2; waited += 1) {
      expect(waited).toBeLessThan(300)
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
    expect(ids()).toEqual(['urn:x:1', 'urn:x:2'])
    // What was taken and not yet noted would be sent once more.
    await expect
      .poll(async () => (await repository.epcis.subscription('shipped', subscriptionID)).cursor)
      .toBe(2)
    await repository.close()
    await repository.reopen()
    const before = receiver.got.length
    await repository.capture([shipped(3)])
    await receiver.until(before + 1)
    expect(ids()).toEqual(['urn:x:1', 'urn:x:2', 'urn:x:3'])
    expect((await repository.epcis.subscription('shipped', subscriptionID)).retry).toBeNull()
  })

  it('that refuses gets no more of that, and the reason is kept', async () => {
    receiver.answers.push(422)
    const { subscriptionID } = await subscribe()
    await repository.capture([shipped(1)])
    while (repository.alarms.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    await repository.capture([shipped(2)])
    await receiver.until(1)
    expect(ids()).toEqual(['urn:x:2'])
    const { dead } = await repository.epcis.subscription('shipped', subscriptionID)
    expect(dead).toMatchObject([{ attempts: 1, reason: expect.stringContaining('HTTP 422') as string }])
  })

  it('gets in parts what it finds too large together, and loses no event of it', async () => {
    const { subscriptionID } = await subscribe()
    receiver.answers.push(413)
    await repository.capture([shipped(1), shipped(2), shipped(3)])
    await receiver.until(3)
    expect(ids()).toEqual(['urn:x:1', 'urn:x:2', 'urn:x:3'])
    // One event that is too large alone is set aside.
    receiver.answers.push(413)
    await repository.capture([shipped(4)])
    while (repository.alarms.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    const { dead } = await repository.epcis.subscription('shipped', subscriptionID)
    expect(dead).toMatchObject([{ fromN: 3, toN: 4, reason: expect.stringContaining('HTTP 413') as string }])
  })

  it('gets what comes behind an event that cannot be written as it wants, and the reason is kept', async () => {
    const { subscriptionID } = await subscribe({ epcFormat: 'Always_EPC_URN' })
    // Nobody has shown the company prefix of this Digital Link.
    const link = { ...shipped(2), epcList: ['https://id.gs1.org/01/09506000134352/21/1'] }
    await repository.capture([shipped(1), link, shipped(3)])
    await receiver.until(2)
    expect(ids()).toEqual(['urn:x:1', 'urn:x:3'])
    const { dead } = await repository.epcis.subscription('shipped', subscriptionID)
    expect(dead).toMatchObject([
      { fromN: 1, toN: 2, reason: expect.stringContaining('/01/09506000134352') as string },
    ])
    expect(repository.alarms).toHaveLength(1)
  })

  it('is not led elsewhere by a redirect, and loses nothing by one', async () => {
    receiver.answers.push(302, 307, 308, 301, 302)
    const { subscriptionID } = await subscribe()
    await repository.capture([shipped(1)])
    await receiver.until(1)
    expect([ids(), receiver.answers]).toEqual([['urn:x:1'], []])
    // Said once: a receiver that moved for good needs a person.
    expect(repository.alarms).toEqual([
      expect.stringContaining(`${subscriptionID}: a delivery was not taken`),
    ])
    expect(repository.alarms[0]).toContain('HTTP 302')
    expect((await repository.epcis.subscription('shipped', subscriptionID)).dead).toEqual([])
  })

  it('reports by a schedule, also that there was nothing', async () => {
    await subscribe({ stream: undefined, schedule: { second: '[0-59]' }, reportIfEmpty: true })
    await receiver.until(1)
    expect(ids()).toEqual([])
    await repository.capture([shipped(1)])
    const before = receiver.got.length
    await receiver.until(before + 1)
    expect(ids()).toContain('urn:x:1')
  })

  it('ends with its query', async () => {
    const { subscriptionID } = await subscribe()
    await repository.epcis.removeQuery('shipped')
    await repository.capture([shipped(1)])
    expect((await refusal(repository.epcis.subscription('shipped', subscriptionID))).exception).toBe(
      'NoSuchNameException',
    )
    expect(receiver.got).toEqual([])
  })

  it('ends with its query also when it comes about while that is removed', async () => {
    const sent: string[] = []
    for (let turns = 0; turns < 12; turns++) {
      await repository.epcis.addQuery({ name: 'brief', query: { EQ_bizStep: ['shipping'] } })
      const ended: string[] = []
      const send = (text: string): Promise<boolean> => Promise.resolve(sent.push(text) > 0)
      const end = (reason: string): void => void ended.push(reason)
      const { epcis } = repository
      const both = Promise.allSettled([
        epcis.subscribe('brief', { dest: receiver.url, stream: true }, 'Never_Translates'),
        epcis.connect('brief', { stream: true }, 'Never_Translates', send, end),
      ])
      for (let n = 0; n < turns; n++) await new Promise((resolve) => setImmediate(resolve))
      await epcis.removeQuery('brief')
      const [hook, socket] = await both
      for (const result of [hook, socket])
        if (result.status === 'rejected')
          expect(result.reason).toMatchObject({ exception: 'NoSuchNameException' })
      expect([turns, socket.status === 'rejected' || ended.length > 0]).toEqual([turns, true])
      if (socket.status === 'fulfilled') socket.value()
    }
    await subscribe()
    await repository.capture([shipped(1)])
    await receiver.until(1)
    expect([sent, receiver.got.map(({ body }) => queryNameOf(body))]).toEqual([[], ['shipped']])
  })

  it('stays with a query that is stored anew while the subscribers of the old one end', async () => {
    await subscribe()
    let goOn: () => void = () => undefined
    const wait = new Promise<void>((resolve) => (goOn = resolve))
    const { close } = StandingQuery.prototype
    const spy = vi.spyOn(StandingQuery.prototype, 'close').mockImplementationOnce(async function (
      this: StandingQuery,
    ) {
      await wait
      await close.call(this)
    })
    const removed = repository.epcis.removeQuery('shipped')
    await repository.epcis.addQuery({ name: 'shipped', query: { EQ_bizStep: ['shipping'] } })
    const { subscriptionID } = await subscribe()
    const ended: string[] = []
    const { epcis } = repository
    const end = (reason: string): void => void ended.push(reason)
    const closed = await epcis.connect(
      'shipped',
      { stream: true },
      'Never_Translates',
      () => Promise.resolve(true),
      end,
    )
    goOn()
    await removed
    spy.mockRestore()
    await repository.capture([shipped(1)])
    await receiver.until(1)
    expect([ids(), ended]).toEqual([['urn:x:1'], []])
    expect(receiver.got[0]?.body).toContain(subscriptionID)
    closed()
  })

  it('is refused when it asks for what cannot be', async () => {
    const wrong: [Json, string][] = [
      [{ stream: false }, ''],
      [{ schedule: { hour: '1' } }, ''],
      [{ stream: undefined }, ''],
      [{ signatureToken: 'short' }, '/signatureToken'],
      [{ initialRecordTime: 'now' }, '/initialRecordTime'],
      [{ unknown: 1 }, '/unknown'],
      [{ dest: 'ftp://example.com' }, '/dest'],
      [{ dest: 'http://169.254.169.254/latest' }, '/dest'],
      [{ dest: 'http://user:secret@example.com/' }, '/dest'],
    ]
    for (const [more, pointer] of wrong)
      expect([more, await refusal(subscribe(more))]).toEqual([
        more,
        { exception: 'SubscriptionControlsException', pointers: [pointer] },
      ])
  })

  it('does not follow a query that is cut to a count', async () => {
    await repository.epcis.addQuery({ name: 'few', query: { orderBy: 'eventTime', eventCountLimit: 5 } })
    const asked = repository.epcis.subscribe('few', { dest: receiver.url, stream: true }, 'Never_Translates')
    expect((await refusal(asked)).exception).toBe('SubscriptionControlsException')
  })
})
