import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readEnvironment } from '../../bin/setup/environment.ts'
import { modelPackages } from '../../bin/life/packages.ts'
import { teachRoutes } from '../../bin/teach/routes.ts'
import type { TeachRun, TeachRuns } from '../../bin/teach/runs.ts'
import { uuidv7, type VerdictReviewed } from '../../contracts/index.ts'
import type { TeachPicture } from '../../dashboard/index.ts'
import { openApiDocument } from '../../dashboard/server/openapi.ts'
import { openPartStore, openTraceQuery, type TraceQuery, type TraceStore } from '../../traceability/index.ts'
import { serve, type Served } from './samples/dashboard-serve.ts'
import { platePng } from './samples/teach-parts.ts'
import { endOf, openRuns } from './samples/teach-line.ts'
import { at, failVerdict, gs1Code, passVerdict, request, reviewed } from './samples/traceability-requests.ts'

const dir = mkdtempSync(join(tmpdir(), 'sightline-teach-again-'))
const home = join(dir, 'home')
const environment = readEnvironment({ SIGHTLINE_DATA_DIR: home })
const [good, bad] = [join(dir, 'allowed/good'), join(dir, 'allowed/bad')]
let store: TraceStore
let query: TraceQuery
let runs: TeachRuns
let served: Served
/** Inspections of plates 21 to 24 with a blot, which the line failed. */
let blots: string[]

async function judged(n: number, verdict = passVerdict(), spot = false): Promise<string> {
  const base = request(n, { ...verdict, codes: [gs1Code(`P${n}`, 'L1')] })
  const meta = base.meta && { ...base.meta, format: { kind: 'encoded' as const, mime: 'image/png' } }
  return (await store.capture({ ...base, meta, image: await platePng(n, { spot }) })).inspectionId
}
/** Gives the id of its event. */
async function said(inspectionId: string, data: Partial<VerdictReviewed>): Promise<string> {
  const event = reviewed(inspectionId, data)
  await store.emit(event)
  return event.id
}
const ask = async (path: string, body?: object): Promise<{ status: number; body: unknown }> => {
  const answer = await fetch(`${served.url}${path}`, {
    ...(body && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
  return { status: answer.status, body: await answer.json() }
}
const plain = {
  id: 'plates',
  source: { from: 'folder', dir: good },
  areaPx: 4_096,
  turn: false,
  by: 'li',
}
/** Starts it over HTTP and waits for its end, as long as the test may take. */
async function taught(path: string, body: object): Promise<TeachRun> {
  const begun = await ask(path, body)
  expect(begun, JSON.stringify(begun.body)).toMatchObject({ status: 200 })
  return endOf(runs, (begun.body as TeachRun).id)
}

beforeAll(async () => {
  for (const place of [good, bad]) mkdirSync(place, { recursive: true })
  for (let n = 0; n < 12; n++) writeFileSync(join(good, `${n}.png`), await platePng(n))
  for (let n = 21; n < 25; n++) writeFileSync(join(bad, `${n}.png`), await platePng(n, { spot: true }))
  const data = join(dir, 'data')
  store = await openPartStore({ dataDir: data, spoolAfterMs: 20_000 })
  query = openTraceQuery(data)
  blots = []
  for (let n = 21; n < 25; n++) blots.push(await judged(n, failVerdict(), true))
  runs = await openRuns(
    { dataDir: data, recipesDir: dir, environment, folders: [join(dir, 'allowed')] },
    query,
  )
  served = await serve(1, { modules: { handlers: teachRoutes(runs) } })
}, 60_000)
afterAll(async () => {
  await served.dashboard.close()
  await runs.close()
  query.close()
  await store.close()
  rmSync(dir, { recursive: true, force: true })
})

describe('parts that a person found bad', () => {
  it('are those whose last review says so and was not taken back', async () => {
    const [a = '', b = '', c = ''] = blots
    const found = (): string[] =>
      query.defectiveParts({ station: 'st10', from: at(0), limit: 50 }).map((p) => p.inspectionId)
    // The line alone is no witness against a part.
    expect(found()).toEqual([])
    await said(a, {})
    const taken = await said(b, {})
    await said(c, { after: 'inconclusive' })
    expect(found()).toEqual([b, a])
    await said(b, { retracts: taken })
    expect(found()).toEqual([a])
    // Nor is a decision for a good part that was taken back.
    const wrong = await said(c, { after: 'pass' })
    await said(c, { after: 'pass', retracts: wrong })
    expect(query.goodParts({ inspections: [c], confirmed: true, limit: 9 })).toEqual([])
    for (const id of blots) await said(id, {})
    expect(found()).toHaveLength(4)
  })
})

describe('a teaching with defective parts', () => {
  const flags = ['--method', 'bank', '--seed', '7', '--confidence', '0.9', '--cost', '100,1,0.02']
  const settings = {
    method: 'bank',
    seed: 7,
    confidence: 0.9,
    cost: { escape: 100, falseCall: 1, defectShare: 0.02 },
    defects: { from: 'folder', dir: bad },
  }

  it('is, byte for byte, that of the command line with the same settings', async () => {
    const run = await taught('/api/life/teach', { ...plain, ...settings })
    expect(run).toMatchObject({ state: 'done', error: null, made: { report: { defectImages: 4 } } })
    expect(run.made?.report.threshold.promise.confidence).toBe(0.9)
    expect(run.made?.report.choice.chosen.method).toBe('bank')
    const out = join(dir, 'by-hand')
    const places = ['--good', good, '--defect', bad, '--out', out, '--id', 'plates', '--area', '4096']
    const cli = ['dist/bin/cli.js', 'teach', '--no-turn', ...places, ...flags]
    // not on this thread: a server that stands still drops the connections that are kept
    await promisify(execFile)(process.execPath, cli, { env: { ...process.env, SIGHTLINE_DATA_DIR: home } })
    const model = readFileSync(join(out, 'model.onnx'))
    expect(run.made?.sha256).toBe(createHash('sha256').update(model).digest('hex'))
    const card = JSON.parse(readFileSync(join(run.made?.dir ?? '', 'card.json'), 'utf8')) as {
      threshold: { provenance: string }
    }
    expect(card.threshold.provenance).not.toContain('[object')
  }, 300_000)

  it('takes those that reviewers confirmed, by their ids or by station and time', async () => {
    const station = { from: 'records', station: 'st10', since: at(0) }
    for (const defects of [station, { from: 'parts', inspections: blots }]) {
      const run = await taught('/api/life/teach', { ...plain, id: 'found', defects, recall: 1 })
      expect(run).toMatchObject({ state: 'done', images: null, withoutImage: 0 })
      expect(run.made?.report).toMatchObject({ defectImages: 4, threshold: { detection: 1 } })
    }
    const own = { from: 'parts', inspections: [...blots, uuidv7()] }
    const none = await taught('/api/life/teach', { ...plain, id: 'none', defects: own })
    expect(none).toMatchObject({ state: 'failed', error: { code: 'TCH_IMAGES' } })
    expect(none.error?.message).toContain('parts that a person found bad')
  }, 300_000)

  it('counts nothing where a mask is dark', async () => {
    // Bright but for the corner of the blot.
    const raw = Buffer.alloc(128 * 128, 255)
    for (let y = 0; y < 64; y++) raw.fill(0, y * 128 + 64, y * 128 + 128)
    const mask = join(dir, 'allowed/mask.png')
    writeFileSync(
      mask,
      await sharp(raw, { raw: { width: 128, height: 128, channels: 1 } })
        .png()
        .toBuffer(),
    )
    const exclude = [[0, 120, 8, 128]]
    const run = await taught('/api/life/teach', { ...plain, id: 'masked', mask, exclude })
    const text = readFileSync(join(`${run.made?.dir}.teach`, 'teach.json'), 'utf8')
    expect(JSON.parse(text)).toMatchObject({ options: { exclude: [...exclude, [64, 0, 128, 64]] } })
    expect(await ask('/api/life/teach', { ...plain, mask: '/etc/hostname' })).toMatchObject({
      status: 400,
      body: { code: 'API_REQUEST', message: expect.stringContaining('mask') as string },
    })
  }, 300_000)

  it.each<[string, object]>([
    ['a recall without defects', { recall: 1 }],
    ['a cost without defects', { cost: settings.cost }],
    ['two goals', { defects: settings.defects, recall: 1, cost: settings.cost }],
    ['a rate and a recall', { defects: settings.defects, recall: 1, falseCalls: 0.05 }],
    ['a confidence of one', { confidence: 1 }],
    ['a method that there is not', { method: 'magic' }],
    ['a share above one half', { defects: settings.defects, cost: { ...settings.cost, defectShare: 0.6 } }],
    ['good parts among the defects', { defects: { from: 'records', station: 'st10', confirmed: true } }],
    ['a box of three numbers', { include: [[1, 2, 3]] }],
  ])('is refused with %s', async (_name, over) => {
    const answer = await ask('/api/life/teach', { ...plain, ...over })
    expect(answer).toMatchObject({ status: 400, body: { code: 'API_REQUEST' } })
    expect(runs.state().running).toBeNull()
  })
})

describe('a taught model with other images', () => {
  it('becomes a new version with a false call in its bank, or without an image', async () => {
    const first = await taught('/api/life/teach', { ...plain, id: 'overkill' })
    const sha256 = first.made?.sha256 ?? ''
    const from = { id: 'overkill', sha256 }
    const over = await judged(31, failVerdict())
    const add = { from: 'parts', inspections: [over] }
    const early = await taught('/api/life/teach/again', { from, add, by: 'li' })
    expect(early).toMatchObject({ state: 'failed', error: { code: 'TCH_IMAGES' } })
    await said(over, { after: 'pass' })
    const added = await taught('/api/life/teach/again', { from, add, by: 'li' })
    expect(added).toMatchObject({
      state: 'done',
      version: '1.1.0',
      images: 1,
      ask: { id: 'overkill', by: 'li' },
    })
    expect(added.of).toEqual({ version: '1.0.0', sha256 })
    expect(added.made?.report.goodImages).toBe(13)
    const lists = (run: TeachRun): string[] => {
      const text = readFileSync(join(`${run.made?.dir}.teach`, 'teach.json'), 'utf8')
      return (JSON.parse(text) as { good: { name: string }[] }).good.map((g) => g.name)
    }
    expect(lists(added)).toContain(`${over}.top.png`)

    const without = await taught('/api/life/teach/again', {
      from: { id: 'overkill', sha256: added.made?.sha256 },
      remove: ['3.png', `${over}.top.png`],
      by: 'li',
    })
    expect(without).toMatchObject({ state: 'done', version: '1.2.0', images: null })
    expect(lists(without)).toEqual(lists(first).filter((name) => name !== '3.png'))
    // Nothing was replaced, and the registry says whose images can be changed.
    const rows = await modelPackages(environment, new Map())
    const own = rows.filter((r) => r.id === 'overkill').map((r) => [r.version, r.taught, r.error])
    expect(own).toEqual(['1.0.0', '1.1.0', '1.2.0'].map((v) => [v, true, null]))
    expect(rows.find((r) => r.id === 'backbone-s')?.taught).toBe(false)

    // The pictures are found along the runs that led there.
    const picture = async (name: string) =>
      ask(`/api/life/teach/picture?run=${without.id}&name=${encodeURIComponent(name)}`)
    const size = async (name: string) => {
      const { image } = (await picture(name)).body as TeachPicture
      return sharp(Buffer.from(image.split(',')[1] ?? '', 'base64')).metadata()
    }
    for (const name of ['3.png', `${over}.top.png`])
      expect(await size(name), name).toMatchObject({ format: 'webp', width: 128, height: 128 })
    for (const name of ['13.png', '../bad/21.png', `${blots[0]}.top.png.png`])
      expect(await picture(name), name).toMatchObject({ status: 404, body: { code: 'API_NOT_FOUND' } })
  }, 300_000)

  it('tells images of one file name apart, with their pictures, and takes out the one that is named', async () => {
    const more = join(dir, 'allowed/more')
    mkdirSync(more)
    for (const n of [3, 99]) writeFileSync(join(more, `${n}.png`), await platePng(40 + n))
    const first = await taught('/api/life/teach', { ...plain, id: 'alike', method: 'bank', bankSize: 50 })
    const next = (body: object) => taught('/api/life/teach/again', { by: 'li', ...body })
    const from = { id: 'alike', sha256: first.made?.sha256 }
    const both = await next({ from, add: { from: 'folder', dir: more } })
    const lists = (run: TeachRun): string[] => {
      const text = readFileSync(join(`${run.made?.dir}.teach`, 'teach.json'), 'utf8')
      return (JSON.parse(text) as { good: { name: string }[] }).good.map((g) => g.name)
    }
    expect(lists(both)).toEqual([...lists(first), 'more/3.png', '99.png'])
    expect(lists(first)).toContain('3.png')
    const picture = async (run: TeachRun, name: string): Promise<string> => {
      const answer = await ask(`/api/life/teach/picture?run=${run.id}&name=${encodeURIComponent(name)}`)
      return (answer.body as TeachPicture).image
    }
    const shown = await picture(first, '3.png')
    expect(await picture(both, '3.png')).toBe(shown)
    const other = await picture(both, 'more/3.png')
    expect(other).toMatch(/^data:image\/webp/)
    expect(other).not.toBe(shown)

    const one = await next({ from: { id: 'alike', sha256: both.made?.sha256 }, remove: ['3.png'] })
    expect(lists(one)).toEqual(lists(both).filter((name) => name !== '3.png'))
    // What was taken out is still shown.
    expect(await picture(one, '3.png')).toBe(shown)
  }, 300_000)

  it('is refused where there is nothing to begin from, or nothing to do', async () => {
    const again = (body: object) => ask('/api/life/teach/again', { by: 'li', ...body })
    const from = { id: 'overkill', sha256: 'ab'.repeat(32) }
    expect(await again({ from, remove: ['1.png'] })).toMatchObject({
      status: 404,
      body: { code: 'MDL_UNKNOWN' },
    })
    const rows = await modelPackages(environment, new Map())
    const sha256 = rows.find((r) => r.id === 'pcb-pair')?.sha256
    expect(await again({ from: { id: 'pcb-pair', sha256 }, remove: ['1.png'] })).toMatchObject({
      status: 422,
      body: { code: 'TCH_DATA' },
    })
    for (const body of [
      { from },
      { from: { ...from, sha256: 'latest' }, remove: ['a'] },
      { from, remove: ['a'], seed: 2 },
    ])
      expect(await again(body)).toMatchObject({ status: 400, body: { code: 'API_REQUEST' } })
    expect(runs.state().running).toBeNull()
  })

  it('stays as it is when a name is not in it', async () => {
    const { made } = runs.state().runs.find((r) => r.ask.id === 'overkill' && r.state === 'done') ?? {}
    const run = await taught('/api/life/teach/again', {
      from: { id: 'overkill', sha256: made?.sha256 },
      remove: ['99.png'],
      by: 'li',
    })
    expect(run).toMatchObject({ state: 'failed', error: { code: 'TCH_DATA' } })
    expect(run.error?.message).toContain('99.png')
  }, 120_000)

  it('is the same model where what is added was taught before, and its pictures are looked for once', async () => {
    const { made } = runs.state().runs.find((r) => r.ask.id === 'overkill' && r.version === '1.0.0') ?? {}
    const from = { id: 'overkill', sha256: made?.sha256 }
    const run = await taught('/api/life/teach/again', { from, add: plain.source, by: 'li' })
    expect(run).toMatchObject({ state: 'done', made: { sha256: made?.sha256 } })
    expect(await ask(`/api/life/teach/picture?run=${run.id}&name=none.png`)).toMatchObject({ status: 404 })
  }, 120_000)

  it('is documented', () => {
    const document = JSON.stringify(openApiDocument([], teachRoutes(runs), '1'))
    for (const key of ['defects', 'recall', 'cost', 'confidence', 'mask', 'from', 'add', 'remove'])
      expect(document).toMatch(new RegExp(`"${key}":\\{[^]*?"description":"[A-Z]`))
    expect(document).toContain('/api/life/teach/again')
  })
})
