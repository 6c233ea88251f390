import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { closedBooks, goodPng, type Workshop, workshop } from './bad-samples.ts'
import { freePort } from './free-port.ts'
import { type CliProcess, startCli, stopped } from './line-process.ts'

const KILLS = 4
let shop: Workshop
let picture: Buffer
beforeAll(async () => {
  shop = workshop('push-crash')
  picture = await goodPng()
})
afterAll(() => shop.remove())

it(`${KILLS} × kill -9 behind an accepted push: every number that was given has its record`, async () => {
  const port = await freePort()
  const file = shop.line('push', {
    stations: [{ id: 'cam', camera: { adapter: 'http-push', port }, recipe: 'ramp@1', budgetMs: 2_000 }],
    frames: { slots: 16, slotBytes: 1_048_576 },
  })
  const data = join(shop.dir, 'data')
  const start = (): Promise<CliProcess> => startCli(['serve', file, '--data', data, '--no-supervisor'])
  const push = async (): Promise<number> => {
    const answer = await fetch(`http://127.0.0.1:${port}/ingest/cam`, {
      method: 'POST',
      body: new Uint8Array(picture),
      headers: { 'content-type': 'image/png' },
    })
    expect(answer.status).toBe(202)
    return ((await answer.json()) as { trigger: number }).trigger
  }
  const given: number[] = []
  let line = await start()
  for (let kill = 0; kill < KILLS; kill++) {
    given.push(...(await Promise.all([push(), push(), push(), push()])))
    line.child.kill('SIGKILL')
    await line.exit
    line = await start()
  }
  given.push(await push())
  expect(await stopped(line)).toBe(0)
  // Each number once: none was given again because nobody knew of it.
  expect(given.sort((a, b) => a - b)).toEqual(Array.from({ length: 4 * KILLS + 1 }, (_, i) => i + 1))
  const rows = await closedBooks(data)
  expect(rows.map((r) => r.trigger).sort((a, b) => a - b)).toEqual(given)
  for (const r of rows) expect([null, 'interrupted']).toContain(r.noVerdict)
}, 120_000)
