import { createHash, randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DriftAnswer, EscapeEstimates, ReviewsAnswer } from '../../dashboard/server/life-ports.ts'
import { openEventLog } from '../../traceability/index.ts'
import { type CliProcess, stopped } from './line-process.ts'
import { asked, lineState } from './line-state.ts'
import { sent, type WatchedLine, watchedLine } from './watched-line.ts'

interface Said {
  inspectionId: string
  reviewer: string
  before: string
  after: string
  retracts?: string
}

describe('the watch over the models of a running line', () => {
  let at: WatchedLine
  let line: CliProcess
  /** Reviewed by one person, and by two at once. */
  let [audited, contested]: (string | undefined)[] = []
  const drift = async () => (await asked<DriftAnswer>(line, '/api/life/drift')).stations[0]?.series ?? []
  const reviews = () => asked<ReviewsAnswer>(line, '/api/life/reviews?limit=500')
  const alarms = async () => (await lineState(line)).alarms.map((a) => [a.station, a.alarm, a.code])
  const metrics = async (): Promise<string> => (await fetch(`${String(line.ready['url'])}/metrics`)).text()
  const patient = { timeout: 40_000, interval: 250 }

  beforeAll(async () => {
    at = await watchedLine('watch', 20)
    line = await at.start()
  }, 60_000)
  afterAll(async () => {
    if (line?.child.exitCode === null) await stopped(line)
    at?.shop.remove()
  })

  it('compares each window of parts with the first ones, and is silent while nothing changes', async () => {
    await expect.poll(async () => (await drift())[0]?.windows.length ?? 0, patient).toBeGreaterThan(1)
    for (const s of await drift()) {
      expect(s.model).toBe('bright-1')
      expect(s.reference.n).toBe(50)
      expect(s.windows.every((w) => !w.drift && w.n === 20)).toBe(true)
    }
    expect(await alarms()).toEqual([])
    expect(await metrics()).toMatch(/sightline_score_psi\{station="s1",recipe="ramp@1",series="[^"]+"\} /)
  }, 60_000)

  it('records a review as an event, alarms for an escape and takes it back', async () => {
    const item = (await reviews()).waiting.find((i) => i.result === 'pass')
    if (!item) throw new Error('no passed part was drawn')
    const { inspectionId } = item
    audited = inspectionId
    const nameless = await sent(line, '/api/life/reviews', { inspectionId, verdict: 'fail', by: ' ' })
    expect([nameless.status, nameless.body['code']]).toEqual([400, 'API_REQUEST'])
    const nobody = await sent(line, '/api/life/reviews', {
      inspectionId: '00000000-0000-7000-8000-000000000000',
      verdict: 'fail',
      by: 'li',
    })
    expect([nobody.status, nobody.body['code']]).toEqual([404, 'API_NOT_FOUND'])
    expect((await sent(line, '/api/life/reviews/undo', { inspectionId, by: 'li' })).status).toBe(404)

    const said = await sent(line, '/api/life/reviews', {
      inspectionId,
      verdict: 'fail',
      by: 'li',
      reason: 'pit',
      label: 'pit',
    })
    expect(said.body).toMatchObject({ inspectionId, result: 'pass', verdict: 'fail', reviewer: 'li' })
    expect(await alarms()).toEqual([['s1', 'escape-found', 'MDL_ESCAPE']])
    const audit = await asked<EscapeEstimates>(line, '/api/life/audit')
    expect(audit.all).toMatchObject({ reviewed: 1, escapes: 1, estimate: 1 })
    expect(await metrics()).toContain('sightline_escape_rate{station="s1",recipe="ramp@1"} 1')
    const seen = await asked<{ part: { reviews: { reviewer: string; after: string }[] } }>(
      line,
      `/api/parts/${inspectionId}`,
    )
    expect(seen.part.reviews).toMatchObject([{ reviewer: 'li', after: 'fail' }])

    const back = await sent(line, '/api/life/reviews/undo', { inspectionId, by: 'wang' })
    expect(back.body).toMatchObject({ inspectionId, verdict: null })
    expect(await alarms()).toEqual([])
    expect((await reviews()).waiting.some((i) => i.inspectionId === inspectionId)).toBe(true)
  }, 60_000)

  it('refuses the second of two people who review one part at once, and to take back a review that was replaced', async () => {
    const waits = async () =>
      (await reviews()).waiting.find((i) => i.result === 'pass' && i.inspectionId !== audited)?.inspectionId
    await expect.poll(waits, patient).toBeDefined()
    const inspectionId = (contested = await waits())
    const say = (by: string, more: object) =>
      sent(line, '/api/life/reviews', { inspectionId, verdict: 'pass', by, ...more })
    const both = await Promise.all([say('li', { over: null }), say('wang', { over: null })])
    expect(both.map((r) => r.status).sort()).toEqual([200, 409])
    expect(both.find((r) => r.status === 409)?.body['code']).toBe('TRC_REVIEWED')
    const first = both.find((r) => r.status === 200)?.body
    const next = await say('zhao', { over: first?.['reviewId'] })
    expect(next.body).toMatchObject({ reviewer: 'zhao', verdict: 'pass' })
    const undo = (review: unknown) => sent(line, '/api/life/reviews/undo', { inspectionId, by: 'li', review })
    expect((await undo(first?.['reviewId'])).body['code']).toBe('TRC_REVIEWED')
    expect((await undo(next.body['reviewId'])).body).toMatchObject({ verdict: null })
  }, 60_000)

  it('records a review, and one taken back, once however often it is sent', async () => {
    const known = [audited, contested]
    const waits = async () =>
      (await reviews()).waiting.find((i) => i.result === 'pass' && !known.includes(i.inspectionId))
        ?.inspectionId
    await expect.poll(waits, patient).toBeDefined()
    const inspectionId = await waits()
    const [id, back] = [randomUUID(), randomUUID()]
    const ask = { id, inspectionId, verdict: 'pass', by: 'li', reason: 'looked', over: null }
    const say = (more: object = {}) => sent(line, '/api/life/reviews', { ...ask, ...more })
    for (const answer of [await say(), ...(await Promise.all([say(), say()]))])
      expect(answer).toMatchObject({ status: 200, body: { reviewId: id, reviewer: 'li', verdict: 'pass' } })
    expect((await say({ verdict: 'fail' })).body).toMatchObject({
      code: 'TRC_DUPLICATE',
      zh: expect.stringContaining('新的复核请使用新的编号') as string,
    })
    const undo = (more: object = {}) =>
      sent(line, '/api/life/reviews/undo', { id: back, inspectionId, by: 'li', review: id, ...more })
    for (const answer of [await undo(), await undo()])
      expect(answer).toMatchObject({ status: 200, body: { inspectionId, verdict: null } })
    expect((await undo({ by: 'wang' })).body['code']).toBe('TRC_DUPLICATE')
    expect((await undo({ id })).body['code']).toBe('TRC_DUPLICATE')
    const seen = await asked<{ part: { reviews: unknown[] } }>(line, `/api/parts/${inspectionId}`)
    expect(seen.part.reviews).toMatchObject([{ after: 'pass', reason: 'looked' }, { before: 'pass' }])
  }, 60_000)

  it('copies confirmed false calls with where they come from', async () => {
    expect((await sent(line, '/api/life/overkill/export', { by: 'li' })).status).toBe(404)
    const bad = (
      await asked<{ parts: { inspectionId: string; serial: string; image: { sha256: string } }[] }>(
        line,
        '/api/parts?result=fail&limit=1',
      )
    ).parts[0]
    await sent(line, '/api/life/reviews', { inspectionId: bad?.inspectionId, verdict: 'pass', by: 'li' })
    const { body } = await sent(line, '/api/life/overkill/export', { by: 'li' })
    expect(body).toMatchObject({ images: 1, missing: 0 })
    const dir = String(body['dir'])
    const file = `${bad?.inspectionId}.png`
    expect(readdirSync(dir).sort()).toEqual([file, 'provenance.json'].sort())
    expect(JSON.parse(readFileSync(join(dir, 'provenance.json'), 'utf8'))).toMatchObject({
      by: 'li',
      images: [
        {
          file,
          sha256: bad?.image.sha256,
          serial: bad?.serial,
          station: 's1',
          recipe: 'ramp@1',
          reviewer: 'li',
        },
      ],
    })
    const pixels = async (image: string): Promise<string> =>
      createHash('sha256')
        .update(await sharp(image).raw().toBuffer())
        .digest('hex')
    expect(await pixels(join(dir, file))).toBe(await pixels(join(at.shop.images, '5.png')))
  }, 60_000)

  it('goes on after a restart, alarms when the scores are others, and stops when that is the new normal', async () => {
    const before = await reviews()
    await stopped(line)
    await at.paintGood(100)
    line = await at.start()
    expect((await reviews()).counts.reviewed).toBe(before.counts.reviewed)
    await expect.poll(alarms, patient).toContainEqual(['s1', 'score-drift', 'MDL_DRIFT'])
    const silent = await sent(line, '/api/life/drift/reference', { station: 's1', by: 'li', reason: '' })
    expect(silent.status).toBe(400)
    const elsewhere = await sent(line, '/api/life/drift/reference', { station: 's9', by: 'li', reason: 'x' })
    expect(elsewhere.status).toBe(404)
    const anew = await sent(line, '/api/life/drift/reference', {
      station: 's1',
      by: 'li',
      reason: 'new lamp',
    })
    expect(anew.status).toBe(200)
    expect(await alarms()).toEqual([])
    await expect.poll(async () => (await drift())[0]?.windows.at(-1)?.drift ?? true, patient).toBe(false)
  }, 120_000)

  it('leaves each alarm in the log once when it came and once when it went', async () => {
    await stopped(line)
    const log = openEventLog(at.shop.data, () => () => undefined)
    const events = log.read(0, 1_000_000).map((e) => e.event)
    log.close()
    const told = events
      .filter((e) => e.type === 'qe.station.health.v1')
      .map((e) => e.data as { alarm: string; active: boolean; code: string })
    const of = (alarm: string) => told.filter((d) => d.alarm === alarm).map((d) => d.active)
    expect(of('escape-found')).toEqual([true, false])
    expect(of('score-drift').filter(Boolean).length).toBe(of('score-drift').filter((a) => !a).length)
    expect(of('score-drift')[0]).toBe(true)
    const words = events
      .filter((e) => e.type === 'qe.verdict.reviewed.v1')
      .map((e) => e.data as Said)
      .filter((w) => w.inspectionId !== contested)
    expect(words.map((w) => [w.reviewer, w.before, w.after, w.retracts !== undefined])).toEqual([
      ['li', 'pass', 'fail', false],
      ['wang', 'fail', 'pass', true],
      ['li', 'pass', 'pass', false],
      ['li', 'pass', 'pass', true],
      ['li', 'fail', 'pass', false],
    ])
  }, 60_000)
})
