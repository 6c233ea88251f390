import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { goodPng, type Workshop, workshop } from './bad-samples.ts'
import { runCli, startCli, stopped } from './line-process.ts'

let shop: Workshop
let file = ''
beforeAll(async () => {
  shop = workshop('damaged')
  mkdirSync(join(shop.dir, 'images'))
  writeFileSync(join(shop.dir, 'images', 'good.png'), await goodPng())
  const camera = { adapter: 'replay', path: 'images', rate: 20, loop: true }
  file = shop.line('damaged', {
    stations: [{ id: 'cam', camera, recipe: 'ramp@1', budgetMs: 2_000 }],
    scenarios: [{ use: 'lean' }],
    // Nobody listens there: nothing is registered, and everything waits.
    resolver: { register: { url: 'http://127.0.0.1:9/r', token: 't', baseUrl: 'http://127.0.0.1:1' } },
  })
})
afterAll(() => shop.remove())

/** What follows from the log, in the folder it lies in. */
const DERIVED = ['life-counts.sqlite', 'registrations.db', 'modules/lean.sqlite', 'epcis/projection.db']

/** Also its write-ahead log, which may hold all pages of a young file. */
function damage(name: string): void {
  writeFileSync(join(shop.data, name), 'no database at all '.repeat(500))
  for (const suffix of ['-wal', '-shm']) rmSync(join(shop.data, name + suffix), { force: true })
}

interface Line {
  state: { degraded: { id: string; text: { en: string; zh: string } }[] }
}

describe('files that follow from the log', () => {
  it('are set aside when they are damaged, said, and made again', async () => {
    const first = await startCli(['serve', file, '--data', shop.data])
    const parts = async (url: unknown): Promise<number> =>
      ((await (await fetch(`${String(url)}/epcis/events?perPage=5`)).json()) as { epcisBody: Body }).epcisBody
        .queryResults.resultsBody.eventList.length
    await expect.poll(() => parts(first.ready['url']), { timeout: 20_000 }).toBe(5)
    expect(await stopped(first)).toBe(0)
    // Whoever copies a file of a stopped line has all of it.
    const beside = (readdirSync(shop.data, { recursive: true }) as string[]).filter((f) => f.endsWith('-wal'))
    expect(beside.filter((f) => statSync(join(shop.data, f)).size > 0)).toEqual([])
    for (const name of DERIVED) {
      expect(existsSync(join(shop.data, name)), name).toBe(true)
      damage(name)
    }
    const again = await startCli(['serve', file, '--data', shop.data])
    const said = async (): Promise<string[]> => {
      const { state } = (await (await fetch(`${String(again.ready['url'])}/api/line`)).json()) as Line
      return state.degraded.filter((d) => /TRC_REBUILT/.test(d.text.zh)).map((d) => d.id)
    }
    await expect
      .poll(async () => (await said()).sort(), { timeout: 10_000 })
      .toEqual(DERIVED.map((n) => `rebuilt-${n.split('/').at(-1)}`).sort())
    // Also what was there before: it comes from the log.
    expect(await parts(again.ready['url'])).toBe(5)
    expect(again.stderr()).toMatch(/TRC_REBUILT.*life-counts\.sqlite\.damaged-/)
    expect(readdirSync(shop.data).some((f) => f.startsWith('life-counts.sqlite.damaged-'))).toBe(true)
    expect(await stopped(again)).toBe(0)
  }, 60_000)

  it('stop EPCIS alone when its subscriptions cannot be read, and the line says so', async () => {
    const state = join(shop.data, 'epcis', 'state.db')
    const kept = readFileSync(state)
    damage('epcis/state.db')
    const line = await startCli(['serve', file, '--data', shop.data])
    const said = async (): Promise<unknown> =>
      ((await (await fetch(`${String(line.ready['url'])}/api/line`)).json()) as Line).state.degraded
    const text = {
      en: expect.stringMatching(/EPCIS.*TRC_OPEN.*state\.db/),
      zh: expect.stringMatching(/EPCIS.*TRC_OPEN/),
    }
    await expect.poll(said, { timeout: 20_000 }).toEqual([{ id: 'epcis', text }])
    expect((await fetch(`${String(line.ready['url'])}/epcis/events`)).status).toBe(503)
    expect(await stopped(line)).toBe(0)
    writeFileSync(state, kept)
  }, 60_000)

  it('are no longer said to be damaged afterwards; what is stated nowhere else is refused', async () => {
    damage('life.sqlite')
    const { code, stderr } = await runCli(['serve', file, '--data', shop.data])
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/TRC_OPEN.*life\.sqlite.*restore it from a backup/),
    ])
    expect(stderr).not.toMatch(/TRC_REBUILT/)
  }, 60_000)
})

interface Body {
  queryResults: { resultsBody: { eventList: unknown[] } }
}

describe('files that a command is to write', () => {
  it.each([
    ['sample-boards', ['--out', '/proc/sightline/boards', '--count', '1']],
    ['recall', ['station/cam', '--out', '/proc/sightline/x.csv', '--format', 'csv']],
  ])(
    '%s refuses a folder that cannot be made',
    async (command, args) => {
      const data = command === 'recall' ? ['--data', shop.data] : []
      const { code, stderr } = await runCli([command, ...args, ...data])
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^CFG_USAGE: .*\/proc\/sightline/m)])
    },
    30_000,
  )

  it.each([
    ['out.xyz', [], 2, /CFG_USAGE.*csv or parquet.*found .*out\.xyz/],
    ['out.parquet', ['--format', 'csv'], 2, /CFG_USAGE.*a file \.csv with --format csv/],
    ['out.txt', ['--format', 'tsv'], 2, /CFG_USAGE.*csv or parquet.*found tsv/],
    ['out.txt', ['--format', 'csv'], 0, /^$/],
  ])(
    'export %s %j',
    async (out, args, wanted, says) => {
      const { code, stderr } = await runCli(['export', join(shop.dir, out), ...args, '--data', shop.data])
      expect([code, stderr]).toEqual([wanted, expect.stringMatching(says)])
      expect(existsSync(join(shop.dir, out))).toBe(wanted === 0)
    },
    30_000,
  )

  it('export writes what the file is named', async () => {
    const out = join(shop.dir, 'named.parquet')
    const { code } = await runCli(['export', out, '--data', shop.data])
    expect([code, readFileSync(out).subarray(0, 4).toString()]).toEqual([0, 'PAR1'])
  }, 30_000)
})

it('trace says what is wrong with a key that nobody knows', async () => {
  const { code, stderr } = await runCli(['trace', '(01)09506000134351(21)7', '--data', shop.data])
  expect(code).toBe(1)
  expect(stderr).toMatch(
    /TRC_NOT_FOUND.*character 17: expected check digit 2 in AI \(01\).*plain serial, too/,
  )
}, 30_000)
