import { createHash, createPublicKey, verify } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inclusionSchema, proofStateSchema } from '../../dashboard/server/schemas/proof.schema.ts'
import { openSql, verifyBundle } from '../../traceability/index.ts'
import { openTraceQuery, QueryProcess } from '../../traceability/query/index.ts'
import { rawGet, serve, type Served } from './samples/dashboard-serve.ts'
import { capture, ORIGIN, rewrite, signNow, temporary } from './samples/signed-log.ts'

const place = temporary()
const STATE = {
  origin: ORIGIN,
  vkey: 'k',
  size: 12,
  signedAt: '2026-01-05T06:00:00.000Z',
  cosigned: [],
  fault: null,
  clock: null,
  setAside: null,
  forgot: null,
  unreachable: [],
}
const asked: QueryProcess[] = []

async function served(dataDir: string): Promise<Served> {
  const process = new QueryProcess({ dataDir })
  asked.push(process)
  const { questions } = process
  return serve(3, {
    proof: { ...questions, state: () => STATE, partBundle: (serial) => questions.partBundle(serial, null) },
  })
}

let at: Served
beforeAll(async () => {
  await capture(place.dir, 1, 12)
  await signNow(place.dir)
  at = await served(place.dir)
})
afterAll(async () => {
  await at.dashboard.close()
  for (const process of asked) await process.close()
  place.dispose()
})

const inclusion = async (url: string) => inclusionSchema.parse(await (await fetch(url)).json())
const code = async (path: string) => {
  const { status, text } = await rawGet(at.port, path)
  return [status, (JSON.parse(text) as { code: string }).code]
}

/** The steps of RFC 9162, 2.1.3.2, with nothing of the project. */
function rootOf(json: string, index: number, size: number, path: readonly string[]): string {
  const sha = (...parts: Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest()
  let [fn, sn] = [index, size - 1]
  let r = sha(Buffer.of(0), Buffer.from(json))
  for (const p of path.map((text) => Buffer.from(text, 'base64'))) {
    if (fn % 2 === 1 || fn === sn) {
      r = sha(Buffer.of(1), p, r)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1]
    } else r = sha(Buffer.of(1), r, p)
    ;[fn, sn] = [fn >> 1, sn >> 1]
  }
  expect(sn).toBe(0)
  return r.toString('base64')
}

describe('the proof of a part', () => {
  it('leads from each event to a root that the key of the log signed', async () => {
    const { checkpoint, events, cosigned } = await inclusion(`${at.url}/api/parts/S2/proof`)
    expect(events.length).toBeGreaterThan(0)
    expect(cosigned).toEqual([])
    for (const e of events) {
      expect(e.proven).toBe(true)
      expect(rootOf(e.json, e.position - 1, checkpoint?.size ?? 0, e.proof ?? [])).toBe(checkpoint?.root)
    }
    // c2sp.org/signed-note: `name+id+base64(1 ‖ key)`, and below a blank line `— name base64(id ‖ signature)`.
    const { note = '', key = '', size, root } = checkpoint ?? {}
    const text = note.slice(0, note.indexOf('\n\n') + 1)
    expect(text).toBe(`${ORIGIN}\n${size}\n${root}\n`)
    const raw = Buffer.from(/\+[0-9a-f]{8}\+(.+)$/.exec(key)?.[1] ?? '', 'base64')
    expect(raw[0]).toBe(1)
    const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw.subarray(1)])
    const signature = Buffer.from(/\n— \S+ (\S+)\n/.exec(note)?.[1] ?? '', 'base64').subarray(4)
    const own = createPublicKey({ key: der, format: 'der', type: 'spki' })
    expect(verify(null, Buffer.from(text), own, signature)).toBe(true)
  })

  it('is that of one event too, and of none where there is none', async () => {
    const { events } = await inclusion(`${at.url}/api/events/5/proof`)
    expect(events).toMatchObject([{ position: 5, proven: true }])
    expect(await code('/api/events/99999/proof')).toEqual([404, 'API_NOT_FOUND'])
    expect(await code('/api/events/0/proof')).toEqual([400, 'API_REQUEST'])
    expect(await code('/api/parts/nobody/proof')).toEqual([404, 'API_NOT_FOUND'])
    expect(await code('/api/parts/nobody/bundle')).toEqual([404, 'TRC_NOT_FOUND'])
  })

  it('tells of an event that was altered behind the back of the log', async () => {
    const altered = place.copy()
    rewrite(altered, (events) =>
      events.map((e) => ({ ...e, json: e.json.replace('"serial":"S2"', '"serial":"S2X"') })),
    )
    const query = openTraceQuery(altered)
    const position = query.eventsAfter(0, 100).find((l) => l.event.subject === 'unit/S2')?.position
    query.close()
    const other = await served(altered)
    try {
      const { events } = await inclusion(`${other.url}/api/events/${position}/proof`)
      expect(events).toMatchObject([{ position, proven: false }])
    } finally {
      await other.dashboard.close()
    }
  })
})

describe('evidence and state', () => {
  it('are downloaded as a bundle that verifies by itself', async () => {
    const res = await fetch(`${at.url}/api/parts/S2/bundle`)
    expect(res.headers.get('content-disposition')).toBe('attachment; filename=S2.bundle.json')
    expect(res.headers.get('content-type')).toContain('application/json')
    expect(res.headers.get('etag')).toBeNull()
    expect(verifyBundle(await res.text())).toMatchObject({
      state: 'intact',
      origin: ORIGIN,
      findings: [],
      images: { checked: 1 },
    })
  })

  it('are made beside the line when their images are many', async () => {
    const large = place.copy()
    const db = openSql(join(large, 'trace.db'), { synchronous: 'normal' })
    db.exec('update image set bytes = 64000001')
    db.close()
    const other = await served(large)
    try {
      const res = await fetch(`${other.url}/api/parts/S2/bundle`)
      const { code: found, message } = (await res.json()) as { code: string; message: string }
      expect([res.status, found]).toEqual([413, 'TRC_BUNDLE'])
      expect(message).toContain('sightline trace "S2" --bundle')
    } finally {
      await other.dashboard.close()
    }
  })

  it('say how far the line has signed', async () => {
    const state = proofStateSchema.parse(await (await fetch(`${at.url}/api/proof`)).json())
    expect(state).toEqual(STATE)
  })

  it('stand in the documentation', async () => {
    const page = await (await fetch(`${at.url}/docs?lang=en`)).text()
    for (const path of ['/api/proof', '/api/parts/{serial}/proof', '/api/parts/{serial}/bundle'])
      expect(page).toContain(path)
    expect(page).toContain('<h2>Genealogy</h2>')
  })
})
