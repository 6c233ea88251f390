import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { epcisDocument, type Json } from '../unit/samples/epcis-documents.ts'
import { eventsOf } from '../unit/samples/epcis-repository.ts'
import { Receiver } from '../unit/samples/webhook-receiver.ts'
import { type CliProcess, startCli, stopped } from './line-process.ts'
import { asked } from './line-state.ts'

const dir = mkdtempSync(join(tmpdir(), 'sightline-epcis-e2e-'))
const running: CliProcess[] = []
afterEach(() => {
  for (const p of running.splice(0)) p.child.kill('SIGKILL')
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

async function start(): Promise<CliProcess> {
  const line = await startCli([
    'demo',
    '--no-supervisor',
    '--data',
    join(dir, 'data'),
    '--port',
    '0',
    '--workers',
    '1',
  ])
  running.push(line)
  return line
}
async function sent(line: CliProcess, path: string, body: unknown): Promise<Json> {
  const answer = await fetch(`${String(line.ready['url'])}/epcis${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as Json
}
const events = async (line: CliProcess, query: string): Promise<Json[]> =>
  eventsOf(await asked<Json>(line, `/epcis/events?${query}`))

/** Asks again until there is something. */
async function some(line: CliProcess, query: string): Promise<Json[]> {
  for (let tries = 0; tries < 240; tries++) {
    const found = await events(line, query)
    if (found.length > 0) return found
    await sleep(250)
  }
  throw new Error(`no events for ${query}:\n${line.stderr()}`)
}

describe('EPCIS on a running line', () => {
  it('answers inspections, captures what others state, tells subscribers, and keeps all of it through a kill', async () => {
    const receiver = await Receiver.start()
    let line = await start()
    const [judged] = await some(line, 'EQ_bizStep=inspecting&EQ_disposition=conformant&perPage=1')
    const part = (judged?.['epcList'] as string[] | undefined)?.[0] ?? ''

    await sent(line, '/queries', { name: 'assembled', query: { EQ_bizStep: ['assembling'] } })
    await sent(line, '/queries', { name: 'judged', query: { EQ_bizStep: ['inspecting'] } })
    const hook = { dest: receiver.url, stream: true, signatureToken: '0123456789abcdef' }
    await sent(line, '/queries/assembled/subscriptions', hook)

    const ws = `${String(line.ready['url']).replace('http', 'ws')}/epcis/queries/judged/events?stream=true`
    const socket = new WebSocket(ws)
    const streamed = await new Promise<string>((resolve, reject) => {
      socket.on('message', (data) => resolve(String(data as Buffer)))
      socket.on('error', reject)
    })
    expect(eventsOf(JSON.parse(streamed) as Json)[0]?.['bizStep']).toBe('inspecting')
    socket.close()

    const assembly: Json = {
      type: 'AssociationEvent',
      eventID: 'urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8',
      eventTime: new Date().toISOString(),
      eventTimeZoneOffset: '+00:00',
      action: 'ADD',
      parentID: part,
      childEPCs: ['urn:epc:id:giai:4000001.777'],
      bizStep: 'assembling',
    }
    expect(await sent(line, '/capture', epcisDocument([assembly]))).toMatchObject({
      running: false,
      success: true,
    })
    await receiver.until(1)
    expect(eventsOf(JSON.parse(receiver.got[0]?.body ?? '{}') as Json)).toMatchObject([assembly])
    expect(receiver.got[0]?.headers['gs1-signature']).toMatch(/^t=\d+,v1=[0-9a-f]{64}$/)

    // Acknowledged is on disk, and the genealogy of the line has it.
    line.child.kill('SIGKILL')
    await line.exit
    line = await start()
    expect(await events(line, `EQ_eventID=${String(assembly['eventID'])}`)).toMatchObject([assembly])
    const life = await asked<Json>(line, `/api/parts/${encodeURIComponent(part)}/life`)
    expect(JSON.stringify(life)).toContain('https://id.gs1.org/8004/4000001777')
    const again = await sent(
      line,
      '/capture',
      epcisDocument([assembly, { ...assembly, eventID: 'urn:x:2', action: 'DELETE' }]),
    )
    expect(again['success']).toBe(true)
    // At least once: what was delivered just before the kill may come again.
    const since = (): unknown[] =>
      receiver.got
        .slice(1)
        .flatMap(({ body }) => eventsOf(JSON.parse(body) as Json).map((e) => e['eventID']))
        .filter((id) => id !== assembly['eventID'])
    await expect.poll(since).toEqual(['urn:x:2'])
    expect(await stopped(line)).toBe(0)
    await receiver.stop()
  }, 200_000)
})
