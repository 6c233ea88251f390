import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { uuidv7 } from '../../contracts/index.ts'
import { plantImages } from '../../bin/plant/images.ts'
import { type PlantServer, startPlantServer } from '../../bin/plant/server.ts'
import { migratePostgres, type PostgresDatabase } from '../../traceability/index.ts'
import { openTraceQuery } from '../../traceability/query/index.ts'
import { DATABASE_URL, dropSchema, freshSchema, openSchema, postgresPresent } from '../services/postgres.ts'
import { describeWith } from '../services/require-service.ts'
import { signNow } from './samples/signed-log.ts'
import { hear } from './samples/plant-holds.ts'
import { carryAll, PlantLine } from './samples/plant-line.ts'

// A schema of its own with all tables and months, and three processes.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 })

describeWith('PostgreSQL', await postgresPresent(), 'the server of a plant', () => {
  const schema = freshSchema()
  const a = new PlantLine('line-a')
  const b = new PlantLine('line-b')
  let plant: PostgresDatabase
  let server: PlantServer

  beforeAll(async () => {
    plant = await openSchema(schema)
    migratePostgres(plant, schema, 'plant')
    await a.judge(6)
    await b.judge(9)
    await signNow(a.dir)
    carryAll(a.replicator(plant, { images: 'all' }))
    carryAll(b.replicator(plant))
    server = await startPlantServer({
      url: DATABASE_URL,
      schema,
      host: '127.0.0.1',
      port: 0,
      allowedHosts: [],
      dataDir: a.dir,
      plainSignIn: false,
      localAdmin: true,
      checkEveryMs: 1_000,
    })
  })
  afterAll(async () => {
    await server.stop()
    plant.close()
    await dropSchema(schema)
    await a.dispose()
    await b.dispose()
  })

  const get = async <T>(path: string, status = 200): Promise<T> => {
    const res = await fetch(`${server.url}${path}`)
    const text = await res.text()
    expect([path, res.status, res.status === status ? '' : text]).toEqual([path, status, ''])
    return (text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text) as T
  }
  const post = async (body: object): Promise<{ status: number; answer: Record<string, unknown> }> => {
    const res = await fetch(`${server.url}/api/trace/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id: uuidv7(), at: new Date().toISOString(), by: 'qa', ...body }),
    })
    return { status: res.status, answer: (await res.json()) as Record<string, unknown> }
  }
  interface Parts {
    parts: { inspectionId: string; station: string; serial: string; position: number }[]
    nextBefore: number | null
  }

  it('lists the parts of all lines, of one, of a station, page by page', async () => {
    expect(await get('/api/site')).toEqual({ kind: 'plant', operators: false, proof: false, timeZone: null })
    const all = await get<Parts>('/api/parts?limit=10')
    expect(all.parts).toHaveLength(10)
    const rest = await get<Parts>(`/api/parts?limit=10&before=${all.nextBefore}`)
    expect(rest.parts).toHaveLength(5)
    expect(rest.nextBefore).toBeNull()
    const ofA = await get<Parts>('/api/parts?line=line-a')
    expect(new Set(ofA.parts.map((p) => p.station))).toEqual(new Set(['line-a.st10']))
    expect(ofA.parts).toHaveLength(6)
    expect((await get<Parts>('/api/parts?station=line-b.st10&result=fail')).parts).toHaveLength(3)
    expect(await get('/api/parts?station=st10', 400)).toMatchObject({
      code: 'API_REQUEST',
      message: expect.stringContaining('a station behind its line, as caps-a.st10') as string,
    })
    // Neighbours in the plant, and on the line alone.
    const middle = ofA.parts[4]
    const one = await get<{ neighbours: { newer: string; older: string } }>(
      `/api/parts/${middle?.inspectionId}?line=line-a`,
    )
    expect(one.neighbours).toEqual({
      newer: ofA.parts[3]?.inspectionId,
      older: ofA.parts[5]?.inspectionId,
    })
  })

  it('answers for lives, recalls, holds, causes, counters and exports over the lines', async () => {
    const { units } = await get<{ units: { uri: string }[] }>(`/api/parts/${b.serial(2)}/life`)
    expect(units).toHaveLength(1)
    const recall = await get<{ units: { serial: string }[] }>('/api/recall?target=supplier/acme')
    expect(recall.units).toHaveLength(15)
    const analysis = await get<{ n: number; bad: number }>('/api/analysis')
    expect([analysis.n, analysis.bad]).toEqual([15, 5])
    const counters = await get<{ station: string; pass: number }[]>('/api/counters')
    expect(counters.map((c) => c.station).sort()).toEqual(['line-a.st10', 'line-b.st10'])
    expect((await get<string>('/api/export?what=inspections')).split('\n').filter(Boolean)).toHaveLength(16)
    expect(await get('/api/ncrs')).toMatchObject({ total: 0 })
  })

  it('serves images that came along, and others from their line, whose answer must be the image', async () => {
    const image = async (line: string, skip = 0): Promise<string> => {
      const page = await get<{ parts: { image: { sha256: string } | null }[] }>(`/api/parts?line=${line}`)
      return page.parts[skip]?.image?.sha256 ?? expect.fail('no image')
    }
    const status = async (sha256: string): Promise<number> =>
      (await fetch(`${server.url}/api/images/${sha256}?original=1`)).status
    expect(await status(await image('line-a'))).toBe(200)
    const [good, bad] = [await image('line-b'), await image('line-b', 1)]
    expect(await status(good)).toBe(404)
    // The line as the server of the plant meets it; one of its images is another one by now.
    const asked: string[] = []
    const query = openTraceQuery(b.dir)
    const line = createServer((req, res) => {
      asked.push(req.url ?? '')
      const sha256 = req.url?.slice('/api/images/'.length, -'?original=1'.length) ?? ''
      if (sha256 === bad) return void res.end('other bytes')
      void query.imageBytes(sha256).then(({ bytes }) => res.end(bytes))
    }).listen(0, '127.0.0.1')
    await once(line, 'listening')
    const { port } = line.address() as AddressInfo
    carryAll(b.replicator(plant, { address: `http://127.0.0.1:${port}` }))
    expect([await status(good), await status(good), await status(bad)]).toEqual([200, 200, 404])
    expect(asked).toEqual([`/api/images/${good}?original=1`, `/api/images/${bad}?original=1`])
    line.close()
    query.close()
    expect(await status('0'.repeat(64))).toBe(404)
  })

  it('has no live feed, reviews, models, sinks or steps of reports, and documents what it has', async () => {
    for (const path of [
      '/api/line',
      '/api/events',
      '/api/life',
      '/api/modules',
      '/api/sinks',
      '/api/balance',
    ])
      expect((await get<{ code: string }>(path, 404)).code).toBe('API_NOT_FOUND')
    const { paths } = await get<{ paths: Record<string, unknown> }>('/openapi.json')
    expect(Object.keys(paths)).toContain('/api/plant')
    expect(Object.keys(paths)).not.toContain('/api/ncrs/steps')
    expect(await get('/docs?lang=zh')).toContain('各产线')
    expect((await get<{ ready: boolean }>('/readyz')).ready).toBe(true)
  })

  it('places a hold that the lines take over, shows who did, and refuses other facts', async () => {
    const placed = await post({ kind: 'hold', target: 'lot/M1', reason: 'crack' })
    expect(placed).toMatchObject({ status: 200, answer: { recorded: 1 } })
    for (const line of [a, b]) await hear(line, plant)
    carryAll(a.replicator(plant))
    expect(await get<string>('/metrics')).toContain('sightline_plant_holds_active 1')
    const [hold] =
      await get<{ originLog: string; takenBy: string[]; releasedAt: string | null }[]>('/api/holds')
    expect(hold).toMatchObject({ originLog: 'plant', takenBy: ['p1/line-a'], releasedAt: null })
    const nowhere = await post({ kind: 'hold', target: 'station/st10', reason: 'crack' })
    expect(nowhere).toMatchObject({ status: 404, answer: { code: 'TRC_NOT_FOUND' } })
    expect(nowhere.answer['message']).toContain('known lines: line-a, line-b')
    const wrong = await post({ kind: 'use', target: `unit/${a.serial(1)}` })
    expect(wrong).toMatchObject({ status: 409, answer: { code: 'TRC_GENEALOGY' } })
    expect(wrong.answer['message']).toContain('other facts are stated on the line where they happened')
    expect(await post({ kind: 'release', target: 'lot/M1', reason: 'seen' })).toMatchObject({ status: 200 })
    expect(await get<object[]>('/api/holds')).toMatchObject([{ releaseLog: 'plant' }])
  })

  it('takes all facts that one request may have', async () => {
    const use = { by: 'qa', kind: 'use', target: `unit/${a.serial(1)}` }
    const res = await fetch(`${server.url}/api/trace/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(
        Array.from({ length: 1_000 }, () => ({ id: uuidv7(), at: new Date().toISOString(), ...use })),
      ),
    })
    const { results } = (await res.json()) as { results: { code: string }[] }
    // Of each it is said what the plant does not state; none is turned away unread.
    expect(results.filter((r) => r.code === 'TRC_GENEALOGY')).toHaveLength(1_000)
  })

  it('stops reading an image that is larger than one can be, also when its length is not said', async () => {
    const line = createServer((_, res) => {
      res.write(Buffer.alloc(600))
      setTimeout(() => res.end(Buffer.alloc(600)), 10)
    }).listen(0, '127.0.0.1')
    await once(line, 'listening')
    const { port } = line.address() as AddressInfo
    const sha256 = createHash('sha256').update(Buffer.alloc(1_200)).digest('hex')
    const questions = {
      storedImage: () => Promise.resolve(null),
      imageAddresses: () => Promise.resolve([`http://127.0.0.1:${port}`]),
    }
    expect(await plantImages(questions, b.dir, 1_199).path(sha256)).toBeNull()
    expect(await plantImages(questions, b.dir, 1_200).path(sha256)).toBe(join(b.dir, sha256))
    line.close()
  })

  it('says per line how far it came and when it was heard, and finds what was altered', async () => {
    interface Answer {
      lines: { log: string; check: { state: string } | null }[]
      alarms: { log: string; alarm: string; message: { en: string; zh: string } }[]
    }
    const checked = async (): Promise<string[]> =>
      (await get<Answer>('/api/plant')).lines.map((l) => `${l.log} ${l.check?.state ?? 'not yet'}`)
    await expect.poll(checked, { timeout: 60_000 }).toEqual(['p1/line-a intact', 'p1/line-b unproven'])
    const { lines, alarms } = await get<Answer>('/api/plant')
    expect(alarms.filter((x) => x.alarm !== 'silent')).toEqual([])
    expect(lines[0]).toMatchObject({ line: 'line-a', received: expect.any(Number) as number, signed: 6 })

    plant.exec(`update inspection set result = 'pass' where station = 'line-b.st10'`)
    await expect.poll(checked, { timeout: 60_000 }).toEqual(['p1/line-a intact', 'p1/line-b altered'])
    const [alarm] = (await get<Answer>('/api/plant')).alarms.filter((x) => x.alarm === 'altered')
    expect(alarm?.message.en).toMatch(/What came from line-b was altered: \d+ findings/)
    expect(alarm?.message.zh).toContain('line-b 的数据被改动')
    const metrics = await get<string>('/metrics')
    expect(metrics).toContain('sightline_plant_log_altered{log="p1/line-b"} 1')
    expect(metrics).toContain('sightline_plant_log_altered{log="p1/line-a"} 0')
    expect(metrics).toMatch(/sightline_plant_log_events\{log="p1\/line-b"\} 9/)
    await expect.poll(() => get<string>('/metrics')).toContain('sightline_plant_log_altered{log="plant"} 0')

    // What is stated at the plant has no line, and is checked all the same.
    plant.exec(`update line_log set size = size + 1 where log = 'plant'`)
    const own = async (): Promise<Answer['alarms']> =>
      (await get<Answer>('/api/plant')).alarms.filter((x) => x.log === 'plant')
    await expect.poll(own, { timeout: 60_000 }).toMatchObject([
      {
        alarm: 'altered',
        message: {
          en: expect.stringContaining('What came from the plant itself was altered') as string,
          zh: expect.stringContaining('工厂自身 的数据被改动') as string,
        },
      },
    ])
  })
})
