import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Operators } from '../../bin/operators.ts'
import { type LineSpec, lineSchema, type PartStore } from '../../contracts/index.ts'
import { operatorsSchema } from '../../dashboard/server/schemas/operators.schema.ts'
import { openPartStore } from '../../traceability/index.ts'
import { openTraceQuery } from '../../traceability/query/index.ts'
import { rawGet, serve } from './samples/dashboard-serve.ts'

const spec = (operators: object): LineSpec =>
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
