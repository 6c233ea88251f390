import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readEnvironment } from '../../bin/setup/environment.ts'
import { modelPackages } from '../../bin/life/packages.ts'
import { type TeachAsk, teachAskSchema } from '../../bin/teach/ask.ts'
import { spread } from '../../bin/teach/images.ts'
import { teachRoutes } from '../../bin/teach/routes.ts'
import { type TeachRun, TeachRuns } from '../../bin/teach/runs.ts'
import { uuidv7, type VerdictResult } from '../../contracts/index.ts'
import { openApiDocument } from '../../dashboard/server/openapi.ts'
import { openPartStore, openTraceQuery, type TraceQuery, type TraceStore } from '../../traceability/index.ts'
import { endOf, openRuns } from './samples/teach-line.ts'
import { platePng } from './samples/teach-parts.ts'
import { canMountTmpfs, mountTmpfs, unmount } from '../services/mounts.ts'
import {
  at,
  context,
  failVerdict,
  gs1Code,
  passVerdict,
  request,
  reviewed,
} from './samples/traceability-requests.ts'

const dir = mkdtempSync(join(tmpdir(), 'sightline-teach-runs-'))
const data = join(dir, 'data')
const environment = readEnvironment({ SIGHTLINE_DATA_DIR: join(dir, 'home') })
const good = join(dir, 'allowed', 'good')
let store: TraceStore
let query: TraceQuery
let runs: TeachRuns
const recorded: { id: string; n: number }[] = []

/** Part n of lot L1 (odd) or L2, with the picture of plate n. */
async function judged(n: number, verdict = passVerdict()): Promise<string> {
  const base = request(n, { ...verdict, codes: [gs1Code(`P${n}`, n % 2 === 1 ? 'L1' : 'L2')] })
  const meta = base.meta && {
    ...base.meta,
    format: { kind: 'encoded' as const, mime: 'image/png' },
  }
  const ack = await store.capture({ ...base, meta, image: await platePng(n) })
  recorded.push({ id: ack.inspectionId, n })
  return ack.inspectionId
}
const review = (inspectionId: string, after: VerdictResult): Promise<void> =>
  store.emit(reviewed(inspectionId, { before: 'pass', after }))

const open = (): Promise<TeachRuns> =>
  openRuns({ dataDir: data, recipesDir: dir, environment, folders: [join(dir, 'allowed')] }, query)
const ask = (over: object): TeachAsk =>
  teachAskSchema.parse({ id: 'plates', areaPx: 4_096, turn: false, by: 'li', ...over })
const folder = { from: 'folder', dir: good }
const ended = (id: string): Promise<TeachRun> => endOf(runs, id)
const taught = (): string[] =>
  existsSync(join(dir, 'home/models')) ? readdirSync(join(dir, 'home/models')).toSorted() : []

beforeAll(async () => {
  mkdirSync(good, { recursive: true })
  for (let n = 0; n < 12; n++) writeFileSync(join(good, `${n}.png`), await platePng(n))
  store = await openPartStore({ dataDir: data, spoolAfterMs: 20_000 })
  query = openTraceQuery(data)
  for (let n = 1; n <= 14; n++) await judged(n)
  runs = await open()
}, 60_000)
afterAll(async () => {
  await runs.close()
  query.close()
  await store.close()
  rmSync(dir, { recursive: true, force: true })
})

describe('parts that count as good', () => {
  it('passed and were not found bad, or failed and were found good', async () => {
    const over = await judged(101, failVerdict())
    const bad = await judged(103)
    const wrong = await judged(105, failVerdict())
    await review(over, 'pass')
    await review(bad, 'fail')
    const of = (q: object) =>
      query.goodParts({ station: 'st10', from: at(100), limit: 50, ...q }).map((p) => p.inspectionId)
    expect(of({})).toEqual([over])
    await review(bad, 'pass')
    expect(of({ confirmed: true })).toEqual([bad, over])
    expect(of({ lot: 'L2' })).toEqual([])
    expect(of({ from: at(1), to: at(3), confirmed: false })).toHaveLength(2)
    expect(query.goodParts({ inspections: [wrong, over], limit: 9 }).map((p) => p.serial)).toEqual(['P101'])
    expect(context.station).toBe('st10')
  })

  it('are chosen evenly', () => {
    expect(spread([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 4)).toEqual([0, 2, 5, 7])
    expect(spread([1, 2], 4)).toEqual([1, 2])
  })
})

describe('a teaching beside a line', () => {
  it('is estimated first and makes nothing then', async () => {
    const answer = await runs.estimate(ask({ source: folder }))
    expect(answer).toMatchObject({ version: '1.0.0', images: null, withoutImage: 0 })
    expect(answer.estimate.seconds).toBeGreaterThan(0)
    expect(answer.estimate.memoryBytes).toBeGreaterThan(1e6)
    expect(taught()).toEqual([])
    expect(runs.state()).toMatchObject({ running: null, runs: [] })
  }, 120_000)

  it('makes a package that the registry lists, one at a time, and the next is a version higher', async () => {
    const first = await runs.start(ask({ source: folder }))
    expect(first).toMatchObject({ state: 'running', version: '1.0.0' })
    await expect(runs.start(ask({ source: folder }))).rejects.toMatchObject({ code: 'TCH_BUSY' })
    await expect(runs.estimate(ask({ source: folder }))).rejects.toMatchObject({ code: 'TCH_BUSY' })
    const done = await ended(first.id)
    expect(done).toMatchObject({ state: 'done', error: null, made: { report: { goodImages: 12 } } })
    expect(done.estimate?.seconds).toBeGreaterThan(0)
    expect(done.made?.report.threshold.promise.parts).toBe(12)
    expect(taught()).toEqual(['plates-1.0.0', 'plates-1.0.0.teach'])
    const row = (await modelPackages(environment, new Map())).find((p) => p.id === 'plates')
    expect(row).toMatchObject({ version: '1.0.0', error: null, sha256: done.made?.sha256 })
    await expect(runs.start(ask({ source: folder, version: '1.0.0' }))).rejects.toMatchObject({
      code: 'API_REQUEST',
      message: expect.stringContaining('1.1.0') as string,
      detail: { zh: { expected: 'plates 尚未使用的版本号', hint: '可不填:下一个版本是 1.1.0' } },
    })

    const since = { from: 'records', station: 'st10', since: at(0), until: at(50), images: 12 }
    const second = await runs.start(ask({ source: since }))
    expect(second.version).toBe('1.1.0')
    expect(await ended(second.id)).toMatchObject({ state: 'done', images: 12, withoutImage: 0 })
    // Its images were borrowed.
    expect(readdirSync(join(data, 'teach')).toSorted()).toEqual(
      [`${first.id}.json`, `${second.id}.json`].toSorted(),
    )
    // Another start of the program still knows both.
    expect((await open()).state().runs.map((r) => [r.version, r.state])).toEqual([
      ['1.1.0', 'done'],
      ['1.0.0', 'done'],
    ])
  }, 240_000)

  it('leaves nothing behind when it is cancelled', async () => {
    const before = taught()
    const run = await runs.start(ask({ id: 'cut-short', source: folder }))
    await expect
      .poll(() => runs.state().running?.progress.stage, { timeout: 60_000, interval: 20 })
      .not.toBe('gather')
    expect(() => runs.cancel(uuidv7())).toThrow(/API_NOT_FOUND/)
    runs.cancel(run.id)
    expect(await ended(run.id)).toMatchObject({
      state: 'cancelled',
      error: { code: 'TCH_CANCELLED' },
      made: null,
    })
    expect(taught()).toEqual(before)
    expect(() => runs.cancel(run.id)).toThrow(/API_NOT_FOUND/)
  }, 120_000)

  it('says why it failed, and leaves nothing behind', async () => {
    const before = taught()
    const empty = join(dir, 'allowed', 'empty')
    mkdirSync(empty)
    const failed = async (over: object) => (await ended((await runs.start(ask(over))).id)).error?.code
    const worded = (
      await ended((await runs.start(ask({ id: 'none', source: { from: 'folder', dir: empty } }))).id)
    ).error
    expect(worded?.detail?.zh).toMatchObject({ expected: '文件夹中有图像' })
    expect(await failed({ id: 'none', source: { from: 'folder', dir: empty } })).toBe('TCH_IMAGES')
    const outside = join(dir, 'allowed', 'link')
    mkdirSync(join(dir, 'secret'))
    symlinkSync(join(dir, 'secret'), outside)
    for (const place of [dir, '/etc', join(good, '../..'), outside, join(dir, 'nowhere')])
      expect(await failed({ source: { from: 'folder', dir: place } }), place).toBe('API_REQUEST')
    expect(await failed({ source: { from: 'parts', inspections: [uuidv7(), uuidv7()] } })).toBe('TCH_IMAGES')
    expect(await failed({ source: { from: 'records', station: 'st10', lot: 'L9' } })).toBe('TCH_IMAGES')
    expect(await failed({ source: folder, backbone: 'none' })).toBe('MDL_UNKNOWN')
    expect(await failed({ source: folder, memoryMB: 50, areaPx: 4_194_304 })).toBe('TCH_LIMIT')
    expect(taught()).toEqual(before)
  }, 240_000)

  it('that a stop of the program ended is said to have failed', async () => {
    const last = runs.state().runs.find((r) => r.state === 'done')
    if (!last) return expect.fail('no run')
    const cut = {
      ...last,
      id: uuidv7(),
      state: 'running',
      endedAt: null,
      startedAt: '2030-01-01T00:00:00.000Z',
    }
    writeFileSync(join(data, 'teach', `${cut.id}.json`), JSON.stringify(cut))
    writeFileSync(join(data, 'teach', `${uuidv7()}.json`), 'no JSON')
    mkdirSync(join(data, 'teach', cut.id))
    const again = await open()
    expect(again.state().runs[0]).toMatchObject({
      id: cut.id,
      state: 'failed',
      error: { code: 'TCH_CANCELLED' },
    })
    expect(existsSync(join(data, 'teach', cut.id))).toBe(false)
    expect(again.state().runs[0]?.error?.message).toMatch(
      /the program was stopped; plates \d\.\d\.0 was written just before/,
    )
    // Nothing of that version is there.
    const none = { ...cut, id: uuidv7(), version: '77.0.0' }
    writeFileSync(join(data, 'teach', `${none.id}.json`), JSON.stringify(none))
    // What the program that was killed had begun of it, and what one that runs has.
    const begun = [4_194_304, process.ppid].map((pid) =>
      join(dir, 'home/models', `plates-77.0.0.${pid}-0a1b2c3d.teaching`),
    )
    for (const place of begun) mkdirSync(place)
    const third = await open()
    expect(begun.map(existsSync)).toEqual([false, true])
    for (const place of begun) rmSync(place, { recursive: true, force: true })
    const said = third.state().runs.find((r) => r.id === none.id)?.error?.message
    expect(said).toMatch(/nothing was written/)
  })

  it.runIf(canMountTmpfs())('is opened on a full disk, and refused there with its code', async () => {
    const disk = mkdtempSync(join(dir, 'disk-'))
    mountTmpfs(disk, 'size=1m')
    try {
      const [last] = runs.state().runs
      const cut = { ...last, id: uuidv7(), state: 'running', endedAt: null }
      mkdirSync(join(disk, 'teach'))
      writeFileSync(join(disk, 'teach', `${cut.id}.json`), JSON.stringify(cut))
      expect(() => writeFileSync(join(disk, 'fill'), Buffer.alloc(2 ** 20))).toThrow(/ENOSPC/)
      const opened = await openRuns(
        { dataDir: disk, recipesDir: dir, environment, folders: [join(dir, 'allowed')] },
        query,
      )
      expect(opened.state().runs.map((r) => r.state)).toEqual(['failed'])
      await expect(opened.start(ask({ source: folder }))).rejects.toMatchObject({ code: 'TRC_DISK_FULL' })
      expect(readdirSync(join(disk, 'teach'))).toEqual([`${cut.id}.json`])
    } finally {
      unmount(disk)
    }
  })
})

describe('what is asked of the API', () => {
  const post = (path: string, body: unknown, role = 'admin') =>
    teachRoutes(runs)
      .find((r) => r.method === 'POST' && r.path === path)
      ?.handle({ params: {}, query: {}, body, role, user: 'local' })
  const plain = { id: 'plates', source: folder, by: 'li' }

  it.each<[string, object]>([
    ['an id with a path', { id: '../x' }],
    ['a version of two numbers', { version: '1.0' }],
    ['records without lot or time', { source: { from: 'records', station: 'st10' } }],
    ['one inspection', { source: { from: 'parts', inspections: [uuidv7()] } }],
    ['a rate above one half', { falseCalls: 0.9 }],
    ['no name', { by: ' ' }],
    ['an unknown key', { colour: 'red' }],
    ['a recipe without a version', { recipe: 'cap' }],
    ['a pattern that is none', { groupBy: '(' }],
    [
      'names of recorded parts',
      { source: { from: 'parts', inspections: [uuidv7(), uuidv7()] }, groupBy: 'x' },
    ],
  ])('is refused with %s', async (_name, over) => {
    const before = runs.state().runs.length
    for (const path of ['/api/life/teach', '/api/life/teach/estimate'])
      expect(await post(path, { ...plain, ...over })).toMatchObject({
        status: 400,
        body: { error: { code: 'API_REQUEST' } },
      })
    expect(runs.state()).toMatchObject({ running: null })
    expect(runs.state().runs).toHaveLength(before)
  })

  it('takes what the command line takes about workpieces and turned parts, and documents it', async () => {
    const run = await runs.start(ask({ id: 'named', source: folder, groupBy: '^(\\d)', turn: true }))
    const { made } = await ended(run.id)
    expect(made?.report.workpieces).toMatchObject({
      count: 10,
      by: 'name',
      photographs: [['1.png', '10.png', '11.png']],
    })
    expect(made?.report.turnedCopies).toBeGreaterThan(0)
    const document = JSON.stringify(openApiDocument([], teachRoutes(runs), '1'))
    for (const [key, says] of [
      ['turn', 'turned and mirrored copies'],
      ['group', 'photographs of one workpiece'],
      ['groupBy', 'part of the file name'],
    ])
      expect(document).toMatch(new RegExp(`"${key}":\\{[^}]*"description":"[^"]*${says}`))
  }, 120_000)

  it('is refused to viewers', async () => {
    expect(await post('/api/life/teach', plain, 'viewer')).toMatchObject({ status: 403 })
    expect(await post('/api/life/teach/cancel', { id: uuidv7() })).toMatchObject({ status: 404 })
  })
})
