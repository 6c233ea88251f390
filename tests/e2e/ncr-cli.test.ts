import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { uuidv7 } from '../../contracts/index.ts'
import { openPartStore } from '../../traceability/index.ts'
import { failVerdict, gs1Code, request } from '../unit/samples/traceability-requests.ts'
import { runCli } from './line-process.ts'

const dir = mkdtempSync(join(tmpdir(), 'sightline-ncr-cli-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

let ncr = ''
beforeAll(async () => {
  const store = await openPartStore({ dataDir: dir, spoolAfterMs: 20_000 })
  await store.capture(request(1, failVerdict({ codes: [gs1Code('A1', 'L7')] })))
  const opened = await store.recordNcrStep(
    {
      id: uuidv7(),
      by: 'li',
      kind: 'open',
      title: 'scratches',
      severity: 'critical',
      targets: ['lot/L7'],
      evidence: { inspections: [], classes: ['scratch'] },
    },
    { plant: 'p1', line: 'caps-a' },
  )
  ncr = opened.ncr
  await store.close()
})

describe('sightline ncr', () => {
  const run = (args: string[]) => runCli([...args, '--data', dir])

  it('lists what is open, shows one, and is on the life of the part', async () => {
    const list = await run(['ncr'])
    expect(list.stdout).toMatch(new RegExp(`${ncr} +to contain +critical +scratches +lot/L7`))
    const one = await run(['ncr', ncr, '--lang', 'zh'])
    expect(one.stdout).toContain('待围堵')
    const asked = JSON.parse((await run(['ncr', ncr, '--json'])).stdout) as { id: string }
    expect(asked.id).toBe(ncr)
    expect((await run(['ncr', '--target', 'lot/L8', '--json'])).stdout).toContain('"total": 0')
    expect((await run(['trace', 'A1'])).stdout).toContain(`Nonconformance: ${ncr}`)
  }, 180_000)

  it('says what was expected', async () => {
    const unknown = await run(['ncr', 'none'])
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('TRC_NOT_FOUND')])
    const language = await run(['ncr', '--lang', 'fr'])
    expect([language.code, language.stderr]).toEqual([2, expect.stringContaining('zh or en')])
  }, 180_000)
})
