import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Aedes } from 'aedes'
import { connectAsync, type MqttClient } from 'mqtt'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { llrpSimulator } from '../../camera/index.ts'
import type { AssociatedRead } from '../../contracts/index.ts'
import { openTraceQuery, type PartRow } from '../../traceability/query/index.ts'
import { goodPng, goodRecipe, type Workshop, workshop } from './bad-samples.ts'
import { freePort } from './free-port.ts'
import { type CliProcess, startCli, stopped } from './line-process.ts'
import { asked } from './line-state.ts'

let shop: Workshop
let picture: Buffer
const running: CliProcess[] = []
const closers: (() => Promise<unknown> | void)[] = []

beforeAll(async () => {
  shop = workshop('readers')
  picture = await goodPng()
  shop.recipe(goodRecipe({ recipe: 'named', identity: 'required', product: { id: 'cap' } }), 'named@1')
})
afterAll(() => shop.remove())
afterEach(async () => {
  for (const p of running.splice(0)) p.child.kill('SIGKILL')
  for (const close of closers.splice(0).reverse()) await close()
})

/** A scanner that other programs connect to. */
async function scanner(port = 0): Promise<{ port: number; say(line: string): void; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((s) => {
    sockets.add(s)
    s.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = server.address()
  const close = async (): Promise<void> => {
    for (const s of sockets) s.destroy()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
  closers.push(() => (server.listening ? close() : undefined))
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    say: (line) => sockets.forEach((s) => s.write(`${line}\r\n`)),
    close,
  }
}

async function broker(): Promise<{ url: string; client: MqttClient }> {
  const aedes = await Aedes.createBroker()
  const server = createServer(aedes.handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const url = `mqtt://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`
  closers.push(async () => {
    await new Promise<void>((resolve) => aedes.close(() => resolve()))
    server.close()
  })
  const client = await connectAsync(url)
  closers.push(() => client.endAsync(true))
  return { url, client }
}

const station = (id: string, port: number, over: object): object => ({
  id,
  camera: { adapter: 'http-push', port },
  recipe: 'named@1',
  budgetMs: 2_000,
  ...over,
})

async function serve(name: string, line: object): Promise<CliProcess> {
  const process = await startCli([
    'serve',
    shop.line(name, line),
    '--data',
    join(shop.dir, name),
    '--no-supervisor',
  ])
  running.push(process)
  return process
}

async function push(port: number, id: string, headers: Record<string, string> = {}): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/ingest/${id}`, {
    method: 'POST',
    body: new Uint8Array(picture),
    headers: { 'content-type': 'image/png', ...headers },
  })
  expect(answer.status).toBe(202)
  return ((await answer.json()) as { trigger: number }).trigger
}

async function part(line: CliProcess, id: string, trigger: number): Promise<PartRow> {
  for (let tries = 0; tries < 400; tries++) {
    const { parts } = await asked<{ parts: PartRow[] }>(line, `/api/parts?limit=200`)
    const found = parts.find((p) => p.station === id && p.trigger === trigger)
    if (found) return found
    await sleep(50)
  }
  throw new Error(`no part ${id}/${trigger}:\n${line.stderr()}`)
}
const readsOf = async (line: CliProcess, row: PartRow): Promise<AssociatedRead[]> =>
  (await asked<{ part: { reads: AssociatedRead[] } }>(line, `/api/parts/${row.inspectionId}`)).part.reads

interface ReaderState {
  degraded: { id: string; text: { en: string } }[]
  readers: { reader: string; state: string; reads: number; stray: number; refused: number }[]
}
const state = async (line: CliProcess): Promise<ReaderState> =>
  (await asked<{ state: ReaderState }>(line, '/api/line')).state
const connected = (line: CliProcess): Promise<void> =>
  expect
    .poll(async () => (await state(line)).readers.map((r) => r.state), { timeout: 10_000 })
    .toSatisfy((states: string[]) => states.every((s) => s === 'running'))

describe('readers of a running line', () => {
  it('name parts by time, trigger and encoder, and nothing is given to another part', async () => {
    const [cam, http] = [await freePort(), await freePort()]
    const gun = await scanner()
    const mqtt = await broker()
    const tags = await llrpSimulator()
    closers.push(() => tags.close())
    const line = await serve('three', {
      readers: [
        { id: 'gun', adapter: 'scanner-tcp', host: '127.0.0.1', port: gun.port, noRead: 'NOREAD' },
        { id: 'plc', adapter: 'mqtt-reads', url: mqtt.url, topic: 'line/reads' },
        { id: 'tag', adapter: 'llrp', host: '127.0.0.1', port: tags.port },
        { id: 'belt', adapter: 'http-reads', port: http },
      ],
      stations: [
        station('a', cam, {
          association: [{ reader: 'gun', by: 'time', offsetMs: 0, toleranceMs: 400, spacingMs: 900 }],
        }),
        station('b', cam + 1, { association: [{ reader: 'plc', by: 'trigger' }] }),
        station('c', cam + 2, {
          association: [{ reader: 'tag', by: 'time', offsetMs: 0, toleranceMs: 400, spacingMs: 900 }],
        }),
        station('d', cam + 3, {
          association: [{ reader: 'belt', by: 'encoder', offset: -100, tolerance: 20, spacing: 50 }],
        }),
      ],
    })
    await connected(line)

    // A scanner shows the code just before the picture.
    gun.say(']C1010950600013435221A1')
    await push(cam, 'a')
    const first = await part(line, 'a', 1)
    expect(first).toMatchObject({ serial: 'A1', identifiedBy: 'code', disposition: 'release' })
    expect(await readsOf(line, first)).toMatchObject([{ tool: 'reader:gun', associatedBy: 'time', ok: true }])
    await sleep(600)
    gun.say('NOREAD')
    await push(cam, 'a')
    const failed = await part(line, 'a', 2)
    expect(failed).toMatchObject({ identifiedBy: 'trigger', noVerdict: 'identity', disposition: 'hold' })
    expect(failed.reasons.at(-1)).toMatchObject({ zh: '工件没有对应的读码结果' })
    await sleep(900)
    gun.say('X1')
    gun.say('X2')
    await push(cam, 'a')
    const two = await part(line, 'a', 3)
    expect(two.reasons.at(-1)?.en).toBe('Two different reads belong to one part')
    expect((await readsOf(line, two)).map((r) => r.text)).toEqual(['X1', 'X2'])
    await sleep(900)
    // The same label on another part.
    gun.say(']C1010950600013435221A1')
    await push(cam, 'a')
    expect((await part(line, 'a', 4)).reasons.at(-1)?.en).toBe('Two parts carry the same serial')

    // The PLC says by MQTT which trigger a code belongs to, also after the picture.
    const publish = (text: string, trigger?: number) =>
      mqtt.client.publishAsync('line/reads', JSON.stringify({ text, trigger }), { qos: 1 })
    await push(cam + 1, 'b', { 'x-trigger': '100' })
    await publish('M-100', 100)
    expect(await part(line, 'b', 100)).toMatchObject({ serial: 'M-100', disposition: 'release' })
    await push(cam + 1, 'b', { 'x-trigger': '101' })
    const missing = await part(line, 'b', 101)
    expect(missing).toMatchObject({ serial: 'bad.b.101', disposition: 'hold' })
    await publish('M-101', 101)
    await publish('M-101', 101)
    await push(cam + 1, 'b', { 'x-trigger': '102' })
    await publish('M-102', 102)
    expect(await part(line, 'b', 102)).toMatchObject({ serial: 'M-102' })
    await publish('nowhere')

    // A tag goes by.
    tags.report([{ epc: '3074257BF7194E4000001A85', antenna: 1, rssiDbm: -40, count: 3 }], 7)
    await push(cam + 2, 'c')
    expect(await part(line, 'c', 1)).toMatchObject({ serial: '6789', disposition: 'release' })

    // The belt stopped between reader and camera.
    const post = (position: number, text: string) =>
      fetch(`http://127.0.0.1:${http}/reads`, { method: 'POST', body: JSON.stringify({ text, position }) })
    await post(1_000, 'E-1')
    await post(1_060, 'E-2')
    await push(cam + 3, 'd', { 'x-encoder': '1105' })
    await push(cam + 3, 'd', { 'x-encoder': '1158' })
    expect(await part(line, 'd', 1)).toMatchObject({ serial: 'E-1', disposition: 'release' })
    expect(await part(line, 'd', 2)).toMatchObject({ serial: 'E-2', disposition: 'release' })
    await push(cam + 3, 'd')
    expect((await part(line, 'd', 3)).disposition).toBe('hold')

    const metrics = await (await fetch(`${String(line.ready['url'])}/metrics`)).text()
    expect(metrics).toMatch(/^sightline_reader_connected\{reader="gun"\} 1$/m)
    expect(metrics).toMatch(/^sightline_reader_stray_total\{reader="plc"\} 3$/m)
    const late = (
      await asked<{ part: { events: { type: string }[] } }>(line, `/api/parts/${missing.inspectionId}`)
    ).part.events
    expect(late.map((e) => e.type)).toContain('qe.read.stray.v1')
    expect(await stopped(line)).toBe(0)
    const query = openTraceQuery(join(shop.dir, 'three'))
    const strays = query
      .eventsAfter(0, 10_000)
      .filter(({ event }) => event.type === 'qe.read.stray.v1')
      .map(({ event }) => event.data as { reason: string; text: string; trigger?: number })
    query.close()
    expect(strays.map((s) => [s.reason, s.text, s.trigger ?? null])).toEqual([
      ['late', 'M-101', 101],
      ['late', 'M-101', 101],
      ['unplaced', 'nowhere', null],
    ])
  }, 120_000)

  it('that are away are a declared mode: parts are held, and go on when they are back; a restart knows the serials', async () => {
    const cam = await freePort()
    const gone = await freePort()
    const spec = {
      readers: [{ id: 'gun', adapter: 'scanner-tcp', host: '127.0.0.1', port: gone }],
      stations: [station('a', cam, { association: [{ reader: 'gun', by: 'manual', withinMs: 5_000 }] })],
    }
    const line = await serve('away', spec)
    const mode = (await state(line)).degraded.find((d) => d.id === 'reader-gun')
    expect(mode?.text.en).toContain('Reader gun is away, parts that need its reads are held')
    await push(cam, 'a')
    expect((await part(line, 'a', 1)).disposition).toBe('hold')
    const gun = await scanner(gone)
    await connected(line)
    expect((await state(line)).degraded).toEqual([])
    gun.say('SN-1')
    await expect.poll(async () => (await state(line)).readers[0]?.reads).toBe(1)
    await push(cam, 'a')
    const by = await part(line, 'a', 2)
    expect(by).toMatchObject({ serial: 'SN-1', disposition: 'release' })
    expect(await readsOf(line, by)).toMatchObject([{ associatedBy: 'manual' }])
    expect(await stopped(line)).toBe(0)

    const again = await serve('away', spec)
    await connected(again)
    gun.say('SN-1')
    await expect.poll(async () => (await state(again)).readers[0]?.reads).toBe(1)
    await push(cam, 'a')
    expect((await part(again, 'a', 3)).reasons.at(-1)?.en).toBe('Two parts carry the same serial')
    expect(await stopped(again)).toBe(0)
  }, 90_000)

  it('name parts for the station behind, in their order', async () => {
    const cam = await freePort()
    const gun = await scanner()
    const line = await serve('order', {
      readers: [{ id: 'gun', adapter: 'scanner-tcp', host: '127.0.0.1', port: gun.port }],
      stations: [
        station('st10', cam, { association: [{ reader: 'gun', by: 'manual', withinMs: 5_000 }] }),
        station('st20', cam + 1, { association: [{ by: 'fifo', from: 'st10', minMs: 200, maxMs: 15_000 }] }),
      ],
    })
    await connected(line)
    gun.say('SN-1')
    await expect.poll(async () => (await state(line)).readers[0]?.reads).toBe(1)
    await push(cam, 'st10')
    await sleep(500)
    await push(cam + 1, 'st20')
    const behind = await part(line, 'st20', 1)
    expect(behind).toMatchObject({ serial: 'SN-1', disposition: 'release' })
    expect(await readsOf(line, behind)).toMatchObject([{ tool: 'station:st10', associatedBy: 'fifo' }])
    await push(cam + 1, 'st20')
    expect((await part(line, 'st20', 2)).disposition).toBe('hold')
    const life = await asked<{ inspections: PartRow[] }>(line, '/api/parts/by-serial/SN-1').catch(() => null)
    expect(life?.inspections.map((i) => i.station) ?? ['st10', 'st20']).toEqual(['st10', 'st20'])
    expect(await stopped(line)).toBe(0)
  }, 60_000)
})
