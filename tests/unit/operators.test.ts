import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Operators } from '../../bin/line/operators.ts'
import { openReads } from '../../bin/line/reads.ts'
import { log } from '../../bin/setup/log.ts'
import { badgeSchema, type LineSpec, lineSchema, type PartStore } from '../../contracts/index.ts'
import { operatorsSchema } from '../../dashboard/server/schemas/operators.schema.ts'
import { openPartStore } from '../../traceability/index.ts'
import { openTraceQuery } from '../../traceability/query/index.ts'
import { rawGet, serve } from './samples/dashboard-serve.ts'

const spec = (operators: object, readers: object[] = []): LineSpec =>
  lineSchema.parse({
    line: 'caps-a',
    title: { zh: '瓶盖', en: 'Caps' },
    stations: ['st10', 'st20'].map((id) => ({
      id,
      camera: { adapter: 'sample-line', rate: 1 },
      recipe: 'cap@1',
      budgetMs: 100,
    })),
    operators,
    readers,
  })

let dir: string
let store: PartStore
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sightline-operators-'))
  store = await openPartStore({ dataDir: dir, spoolAfterMs: 20_000 })
})
afterEach(async () => {
  await store.close()
  rmSync(dir, { recursive: true, force: true })
})

const open = (operators: object = {}) => Operators.open(dir, spec(operators), store)
const file = (): string => readFileSync(join(dir, 'operators.json'), 'utf8')
const logged = (): { text: string; signed: unknown[] } => {
  const query = openTraceQuery(dir)
  try {
    const events = query.eventsAfter(0, 100).map((l) => l.event)
    return {
      text: JSON.stringify(events),
      signed: events.filter((e) => e.type === 'qe.operator.signed.v1').map((e) => e.data),
    }
  } finally {
    query.close()
  }
}

describe('an operator', () => {
  it('is a reference in the log, and a name beside it', async () => {
    const operators = await open()
    await operators.signOn('st10', 'Li Wei')
    const ref = operators.at('st10')
    expect(ref).toMatch(/^op-[0-9a-f]{16}$/)
    expect(operators.at('st20')).toBeUndefined()
    await operators.signOn('st10', null)
    await operators.signOn('st10', null)
    const { text, signed } = logged()
    expect(signed).toEqual([
      { station: 'st10', operatorRef: ref },
      { station: 'st10', operatorRef: null },
    ])
    expect(text).not.toContain('Li Wei')
    expect(file()).toContain('Li Wei')
    if (process.platform !== 'win32') expect(statSync(join(dir, 'operators.json')).mode & 0o077).toBe(0)
  })

  it('is known again after a restart, and stays signed on', async () => {
    const before = await open()
    await before.signOn('st10', 'B-17')
    const after = await open({ signedOn: 'B-18' })
    expect(after.at('st10')).toBe(before.at('st10'))
    // The default of the line file is for stations where nobody is.
    expect(after.at('st20')).not.toBe(after.at('st10'))
    await after.signOn('st20', ' b-17'.trim())
    expect(after.at('st20')).toBe(before.at('st10'))
  })

  it('leaves no name where the line file says to keep none', async () => {
    const operators = await open({ names: false })
    await operators.signOn('st10', 'Li Wei')
    expect(file()).not.toContain('Li')
    expect(operators.list().known).toEqual([{ ref: operators.at('st10'), name: null }])
  })

  it('is forgotten: the reference stays in the log and nothing leads from it to the person', async () => {
    const operators = await open()
    await operators.signOn('st10', 'Li Wei')
    const ref = operators.at('st10') ?? ''
    await operators.forget(ref)
    expect(operators.at('st10')).toBeUndefined()
    expect(file()).not.toContain(ref)
    expect(logged().text).toContain(ref)
    await operators.signOn('st10', 'Li Wei')
    expect(operators.at('st10')).not.toBe(ref)
    await expect(operators.forget(ref)).rejects.toMatchObject({ code: 'TRC_NOT_FOUND' })
  })
})

describe('what is kept of operators', () => {
  it('loses its names at the first start that is told to keep none', async () => {
    const before = await open()
    await before.signOn('st10', 'Li Wei')
    const after = await open({ names: false })
    expect(file()).not.toContain('Li')
    expect(after.list().known).toEqual([{ ref: before.at('st10'), name: null }])
    await after.signOn('st20', 'li wei')
    expect(after.at('st20')).toBe(before.at('st10'))
  })

  it('is no badge that could not be decoded, which nothing would read again', () => {
    for (const badge of ['Li\uFFFD', '\uD800'])
      expect(badgeSchema.safeParse(badge).error?.issues[0]?.message).toContain('U+FFFD')
    expect(badgeSchema.parse('李伟 🙂')).toBe('李伟 🙂')
  })

  it.each(['{ "stations": 3, "people": [] }', '{ "stations": {}, "people"', '\uFFFD'])(
    'is set aside when it cannot be read, and does not keep the line from starting: %j',
    async (text) => {
      writeFileSync(join(dir, 'operators.json'), text)
      const operators = await open()
      expect(operators.at('st10')).toBeUndefined()
      const [aside = ''] = readdirSync(dir).filter((name) => name.startsWith('operators.json.damaged-'))
      expect(readFileSync(join(dir, aside), 'utf8')).toBe(text)
      await operators.signOn('st10', 'Ana')
      expect((await open()).at('st10')).toBe(operators.at('st10'))
    },
  )

  it('is refused where it is there and no file, and so is another key', async () => {
    await (await open()).signOn('st10', 'Ana')
    const key = join(dir, 'keys', 'operators.key')
    truncateSync(key, 31)
    await expect(open()).rejects.toMatchObject({
      code: 'CFG_DATA_DIR',
      detail: { file: key, actual: '31 bytes' },
    })
    expect(statSync(key).size).toBe(31)
    rmSync(key)
    rmSync(join(dir, 'operators.json'))
    mkdirSync(join(dir, 'operators.json'))
    await expect(open()).rejects.toMatchObject({ code: 'CFG_DATA_DIR' })
  })

  it('says that people who were signed on are known no longer where the key is gone', async () => {
    const warn = vi.spyOn(log, 'warn').mockImplementation(() => undefined)
    const key = join(dir, 'keys', 'operators.key')
    try {
      const before = await open()
      await before.signOn('st10', 'Ana')
      expect(warn).not.toHaveBeenCalled()
      rmSync(key)
      const after = await open()
      expect(warn).toHaveBeenCalledExactlyOnceWith(
        { file: key, known: 1 },
        expect.stringContaining('gets a new reference'),
      )
      await after.signOn('st20', 'Ana')
      expect(after.at('st20')).not.toBe(before.at('st10'))
    } finally {
      warn.mockRestore()
    }
  })

  it('leaves no names behind a crash in mid-write', async () => {
    writeFileSync(join(dir, 'operators.json.77-1.tmp'), '{"people":[{"name":"Ana"')
    await open()
    expect(readdirSync(dir).filter((name) => name.startsWith('operators.json.'))).toEqual([])
  })

  it('says so when it cannot be written', async () => {
    const operators = await open()
    rmSync(join(dir, 'operators.json'), { force: true })
    mkdirSync(join(dir, 'operators.json', 'in-the-way'), { recursive: true })
    await expect(operators.signOn('st10', 'Ana')).rejects.toMatchObject({ code: 'TRC_WRITE' })
    expect(operators.at('st10')).toBeUndefined()
    expect(readdirSync(dir).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })
})

it('signs on at all stations by a reader that is there for badges alone', { timeout: 30_000 }, async () => {
  const patient = { timeout: 10_000 }
  const sockets: Socket[] = []
  const server = createServer((s) => void sockets.push(s))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const line = spec({ badgePrefix: 'OP:' }, [{ id: 'gate', adapter: 'scanner-tcp', host: '127.0.0.1', port }])
  const operators = await Operators.open(dir, line, store)
  const reads = await openReads(line, store, operators)
  try {
    await expect.poll(() => reads.health(), patient).toMatchObject([{ state: 'running' }])
    sockets[0]?.write('OP:Ana\r\nSN-1\r\n')
    await expect.poll(() => operators.at('st20'), patient).toMatch(/^op-/)
    expect(operators.at('st10')).toBe(operators.at('st20'))
    // A code that is no badge is nobody's here.
    await expect.poll(() => reads.health(), patient).toMatchObject([{ reader: 'gate', reads: 2, stray: 1 }])
  } finally {
    await reads.close()
    server.close()
  }
})

it('signs on and off over HTTP, from the line PC only', { timeout: 60_000 }, async () => {
  const operators = await open()
  const at = await serve(3, { operators })
  const ask = async (method: string, path: string, body?: object) => {
    const res = await fetch(at.url + path, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    return { status: res.status, body: (await res.json()) as { code?: string; message?: string } }
  }
  try {
    const on = await ask('POST', '/api/line/operator', { station: 'st10', operator: ' Ana ' })
    const { stations } = operatorsSchema.parse(on.body)
    expect(stations[0]?.operator?.name).toBe('Ana')
    const wrong = await ask('POST', '/api/line/operator', { station: 'st10', operator: '' })
    expect([wrong.status, wrong.body.code]).toEqual([400, 'API_REQUEST'])
    expect(wrong.body.message).toContain('a badge or name')
    const nowhere = await ask('POST', '/api/line/operator', { station: 'st99', operator: 'Ana' })
    expect([nowhere.status, nowhere.body.code]).toEqual([404, 'TRC_NOT_FOUND'])
    const proxied = await rawGet(at.port, '/api/line/operators', { 'x-forwarded-for': '10.0.0.9' })
    expect(proxied.status).toBe(403)
    const forgotten = await ask('DELETE', `/api/line/operators/${stations[0]?.operator?.ref}`)
    expect(operatorsSchema.parse(forgotten.body).known).toEqual([])
  } finally {
    await at.dashboard.close()
  }
})
