import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { PartRow } from '../../traceability/query/index.ts'
import {
  closedBooks,
  goodPng,
  goodRecipe,
  HEIGHT,
  ramp,
  WIDTH,
  type Workshop,
  workshop,
} from './bad-samples.ts'
import { freePort } from './free-port.ts'
import { type CliProcess, runCli, startCli, stopped } from './line-process.ts'
import { asked, lineState } from './line-state.ts'

let shop: Workshop
let good: Buffer
let bad: Buffer
let line: CliProcess | null = null

beforeAll(async () => {
  shop = workshop('challenge')
  good = await goodPng()
  const spotted = ramp()
  for (let y = 10; y < 16; y++) spotted.fill(255, y * WIDTH + 10, y * WIDTH + 18)
  bad = await sharp(spotted, { raw: { width: WIDTH, height: HEIGHT, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer()
  const challenge = { parts: [{ code: 'NG-1', expect: 'fail', classes: ['blob'] }] }
  shop.recipe(goodRecipe({ recipe: 'known', identity: 'required', challenge }), 'known@1')
})
afterAll(() => {
  line?.child.kill('SIGKILL')
  shop.remove()
})

it('a station lets no product go before it has told a known bad part, and from when it takes one for good', async () => {
  const [cam, http] = [await freePort(), await freePort()]
  const data = join(shop.dir, 'known')
  const file = shop.line('known', {
    readers: [{ id: 'scan', adapter: 'http-reads', port: http }],
    stations: [
      {
        id: 'a',
        camera: { adapter: 'http-push', port: cam },
        recipe: 'known@1',
        budgetMs: 4_000,
        association: [{ reader: 'scan', by: 'trigger' }],
        interlock: { consecutive: 2 },
      },
    ],
  })
  const serve = () => startCli(['serve', file, '--data', data, '--no-supervisor'])
  let trigger = 0
  const show = async (code: string, picture: Buffer): Promise<PartRow> => {
    trigger += 1
    const read = await fetch(`http://127.0.0.1:${http}/reads`, {
      method: 'POST',
      body: JSON.stringify({ text: code, trigger }),
    })
    expect(read.ok).toBe(true)
    const pushed = await fetch(`http://127.0.0.1:${cam}/ingest/a`, {
      method: 'POST',
      body: new Uint8Array(picture),
      headers: { 'content-type': 'image/png', 'x-trigger': String(trigger) },
    })
    expect(pushed.status).toBe(202)
    for (let tries = 0; tries < 400; tries++) {
      const { parts } = await asked<{ parts: PartRow[] }>(line as CliProcess, '/api/parts?limit=50')
      const found = parts.find((p) => p.trigger === trigger)
      if (found) return found
      await sleep(50)
    }
    throw new Error(`no part ${trigger}`)
  }
  const wanted = async (): Promise<string[]> =>
    (await lineState(line as CliProcess)).degraded.map((d) => d.id).filter((id) => id.startsWith('challenge'))

  line = await serve()
  const first = await show('SN-1', good)
  expect(first).toMatchObject({ result: 'pass', disposition: 'hold' })
  expect(first.reasons.at(-1)).toEqual({
    en: 'challenge part NG-1 was not shown since known@1 came into force',
    zh: 'known@1 启用后尚未送检验证件 NG-1',
  })
  expect(await wanted()).toEqual(['challenge-a'])

  const shown = await show('NG-1', bad)
  expect(shown).toMatchObject({
    serial: 'NG-1',
    result: 'inconclusive',
    noVerdict: 'challenge',
    disposition: 'hold',
  })
  expect(shown.reasons.at(-1)?.en).toBe('NG-1: judged fail (blob), as expected')
  expect(await show('SN-2', good)).toMatchObject({ result: 'pass', disposition: 'release' })
  expect(await wanted()).toEqual([])

  // The same picture of a good part: a camera that looks elsewhere.
  expect((await show('NG-1', good)).reasons.at(-1)?.en).toBe('NG-1: judged pass, expected fail (blob)')
  expect(await show('SN-3', good)).toMatchObject({ result: 'pass', disposition: 'hold' })
  await expect
    .poll(async () => (await lineState(line as CliProcess)).alarms)
    .toMatchObject([{ station: 'a', alarm: 'challenge-failed', code: 'INS_CHALLENGE' }])

  // A restart neither forgets that it failed nor, later, that it was mended.
  line.child.kill('SIGKILL')
  await line.exit
  line = await serve()
  expect(await show('SN-4', good)).toMatchObject({ disposition: 'hold' })
  await show('NG-1', bad)
  expect(await show('SN-5', good)).toMatchObject({ disposition: 'release' })
  line.child.kill('SIGKILL')
  await line.exit
  line = await serve()
  expect(await show('SN-6', good)).toMatchObject({ disposition: 'release' })

  const { stations } = await asked<{ stations: { challenge: object }[] }>(line, '/api/life')
  expect(stations).toMatchObject([
    { challenge: { wanted: null, parts: [{ code: 'NG-1', last: { right: true } }] } },
  ])
  const reviewed = await fetch(`${String(line.ready['url'])}/api/life/reviews`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ inspectionId: shown.inspectionId, verdict: 'fail', by: 'li' }),
  })
  expect(reviewed.status).toBe(200)
  expect(await asked(line, '/api/analysis')).toMatchObject({ n: 6 })
  // Nobody is asked to look at one; a sample of the others may be there.
  const { waiting } = await asked<{ waiting: { serial: string }[] }>(line, '/api/life/reviews')
  expect(waiting.map((w) => w.serial)).not.toContain('NG-1')
  expect(await stopped(line)).toBe(0)
  const rows = await closedBooks(data)
  expect(rows.filter((r) => r.noVerdict === 'challenge').map((r) => r.code)).toEqual(
    Array.from({ length: 3 }, () => 'INS_CHALLENGE'),
  )
  const verified = await runCli(['verify', data])
  expect([verified.code, verified.stderr]).toEqual([0, verified.stderr])
}, 120_000)
