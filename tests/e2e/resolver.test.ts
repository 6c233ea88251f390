import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { goodPng, goodRecipe, type Workshop, workshop } from './bad-samples.ts'
import { freePort } from './free-port.ts'
import { type CliProcess, runCli, startCli, stopped } from './line-process.ts'
import { asked } from './line-state.ts'

const GTIN = '09506000134352'
let shop: Workshop
let picture: Buffer
const running: CliProcess[] = []
let receiver: Server | null = null
let [cam, belt] = [0, 0]

beforeAll(async () => {
  shop = workshop('resolver')
  picture = await goodPng()
  ;[cam, belt] = [await freePort(), await freePort()]
  shop.recipe(
    goodRecipe({ recipe: 'named', identity: 'optional', product: { id: 'cap', gtin: GTIN } }),
    'named@1',
  )
})
afterAll(() => shop.remove())
afterEach(() => {
  for (const p of running.splice(0)) p.child.kill('SIGKILL')
  receiver?.closeAllConnections()
  receiver?.close()
})

interface Taken {
  type: string | undefined
  token: string | undefined
  record: { linkset?: { anchor: string }[]; handle?: string }
}

/** A resolver outside that answers with the statuses it is given, and after these with 201. */
async function outside(statuses: number[]): Promise<{ url: string; taken: Taken[] }> {
  const taken: Taken[] = []
  receiver = createServer((req, res) => {
    let body = ''
    req.on('data', (d: Buffer) => (body += d.toString()))
    req.on('end', () => {
      const status = statuses.shift() ?? 201
      if (status < 300)
        taken.push({
          type: req.headers['content-type'],
          token: req.headers.authorization,
          record: JSON.parse(body) as Taken['record'],
        })
      res.writeHead(status).end()
    })
  })
  await new Promise<void>((resolve) => receiver?.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/register`, taken }
}

interface Row {
  inspectionId: string
  serial: string
  unit: string
  trigger: number
}

async function serve(name: string, resolver: object): Promise<CliProcess> {
  const file = shop.line(name, {
    readers: [{ id: 'belt', adapter: 'http-reads', port: belt }],
    stations: [
      {
        id: 'a',
        camera: { adapter: 'http-push', port: cam },
        recipe: 'named@1',
        budgetMs: 1_000,
        association: [{ reader: 'belt', by: 'trigger', required: false, waitMs: 50 }],
      },
    ],
    resolver,
  })
  const line = await startCli(['serve', file, '--data', join(shop.dir, name), '--no-supervisor'])
  running.push(line)
  return line
}

async function judged(line: CliProcess, trigger: number, text: string | null): Promise<Row> {
  if (text !== null)
    expect(
      (
        await fetch(`http://127.0.0.1:${belt}/reads`, {
          method: 'POST',
          body: JSON.stringify({ text, trigger }),
        })
      ).status,
    ).toBe(202)
  const headers = { 'content-type': 'image/png', 'x-trigger': String(trigger) }
  await fetch(`http://127.0.0.1:${cam}/ingest/a`, { method: 'POST', body: new Uint8Array(picture), headers })
  const found = async (): Promise<Row | undefined> =>
    (await asked<{ parts: Row[] }>(line, '/api/parts?limit=100')).parts.find((p) => p.trigger === trigger)
  await expect.poll(found, { timeout: 10_000 }).toBeDefined()
  return (await found()) as Row
}

describe('identities of a running line', () => {
  it('are resolved, registered outside with retry, merged and split', async () => {
    const { url, taken } = await outside([503, 503])
    const line = await serve('names', {
      handlePrefix: '88.118.1',
      register: { url, token: 'sesame', baseUrl: 'https://line.example/' },
    })
    const base = String(line.ready['url'])
    const get = (path: string, headers: Record<string, string> = {}) =>
      fetch(`${base}${path}`, { redirect: 'manual', headers })
    const named = await judged(line, 1, `(01)${GTIN}(21)A1`)
    expect(named).toMatchObject({ serial: 'A1', unit: `https://id.gs1.org/01/${GTIN}/21/A1` })
    const nameless = await judged(line, 2, null)

    const page = await get(`/id/01/${GTIN}/21/A1`)
    expect([page.status, page.headers.get('location')]).toEqual([307, `${base}/part/${named.inspectionId}`])
    // What else a label says, and what its owner adds, is no part of the name.
    const dated = await get(`/id/01/${GTIN}/21/A1?17=291231&3103=000195&utm_source=box`)
    expect([dated.status, dated.headers.get('location')]).toEqual([307, page.headers.get('location')])
    const life = await get(`/id/01/${GTIN}/21/A1?17=291231&linkType=traceability`)
    expect((await fetch(life.headers.get('location') ?? '')).status).toBe(200)
    const linkset = await get(`/id/01/${GTIN}/21/A1`, { accept: 'application/linkset+json' })
    expect(linkset.headers.get('content-type')).toContain('application/linkset+json')
    expect(await linkset.json()).toMatchObject({ linkset: [{ anchor: named.unit }] })
    expect((await get(`/id/01/${GTIN}/21/NOBODY`)).status).toBe(404)
    expect((await get(`/id/01/${GTIN}/21/A1?linkType=recipe`)).status).toBe(404)
    const wrong = await get('/id/01/09506000134353/21/A1')
    expect([wrong.status, ((await wrong.json()) as { code: string }).code]).toEqual([400, 'TRC_IDENTITY'])
    const handle = await get('/api/handles/88.118.1/A1')
    expect(await handle.json()).toMatchObject({
      responseCode: 1,
      handle: '88.118.1/A1',
      values: [{ type: 'CANONICAL_URI', data: { value: named.unit } }, { type: 'URL' }, { type: 'URL' }],
    })
    expect((await get('/api/handles/88.118.2/A1')).status).toBe(404)

    await expect.poll(() => taken.length, { timeout: 30_000 }).toBe(1)
    expect(taken[0]).toMatchObject({
      type: 'application/linkset+json',
      token: 'Bearer sesame',
      record: { linkset: [{ anchor: named.unit }] },
    })
    expect(JSON.stringify(taken[0])).toContain(`https://line.example/id/01/${GTIN}/21/A1`)

    // A person finds out which part the nameless one was: by the running line, and back.
    const data = join(shop.dir, 'names')
    const cli = (kind: string, ...rest: string[]) =>
      runCli(['identity', kind, 'unit/A1', nameless.unit, '--data', data, ...rest])
    expect((await cli('merge', '--by', 'li')).code).toBe(2)
    expect(await cli('merge', '--by', 'li', '--reason', 'label found')).toMatchObject({ code: 0 })
    const again = await cli('merge', '--by', 'li', '--reason', 'twice')
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('TRC_IDENTITY')])
    const lives = async (name: string) =>
      (
        await asked<{ units: { uri: string; aliases: { scheme: string; value: string }[] }[] }>(
          line,
          `/api/parts/${name}/life`,
        )
      ).units
    const both = await lives('A1')
    expect(both.map((u) => u.uri)).toEqual([named.unit])
    expect((await lives(encodeURIComponent(nameless.unit))).map((u) => u.uri)).toEqual([named.unit])
    expect(both[0]?.aliases).toContainEqual({ scheme: 'uri', value: nameless.unit })
    expect(both[0]?.aliases).toContainEqual({ scheme: 'trigger', value: `(01)${GTIN}(21)A1` })
    // A hold of one is a hold of both.
    await runCli(['hold', nameless.unit, '--data', data, '--by', 'li', '--reason', 'crack'])
    expect(
      (await asked<{ units: { hold: object | null }[] }>(line, `/api/parts/A1/life`)).units[0]?.hold,
    ).not.toBeNull()
    expect(await stopped(line)).toBe(0)

    const text = await runCli(['trace', 'A1', '--data', data, '--lang', 'zh'])
    expect(text.stdout).toContain('别名')
    expect(text.stdout).toContain(nameless.unit)
    // Directly, with no line.
    expect(await cli('split', '--by', 'wang', '--reason', 'was another')).toMatchObject({ code: 0 })
    const apart = await runCli(['trace', 'A1', '--data', data, '--json'])
    expect((JSON.parse(apart.stdout) as { units: object[] }).units).toHaveLength(1)
    expect((await runCli(['verify', data])).code).toBe(0)
    // Registered once, also after a restart.
    const restarted = await serve('names', {
      handlePrefix: '88.118.1',
      register: { url, token: 'sesame', baseUrl: 'https://line.example/', form: 'linkset' },
    })
    await judged(restarted, 3, `(01)${GTIN}(21)B2`)
    await expect.poll(() => taken.length, { timeout: 30_000 }).toBe(2)
    expect(JSON.stringify(taken[1])).toContain('/21/B2')
    expect(await stopped(restarted)).toBe(0)
  }, 180_000)
})
