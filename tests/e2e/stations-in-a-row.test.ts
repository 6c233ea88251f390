import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { PartRow } from '../../traceability/query/index.ts'
import { goodPng, goodRecipe, HEIGHT, ramp, type Workshop, WIDTH, workshop } from './bad-samples.ts'
import { freePort } from './free-port.ts'
import { type CliProcess, runCli, startCli, stopped } from './line-process.ts'
import { asked } from './line-state.ts'

let shop: Workshop
let good: Buffer
let bad: Buffer
const running: CliProcess[] = []

beforeAll(async () => {
  shop = workshop('in-a-row')
  good = await goodPng()
  const spot = ramp()
  for (let row = 10; row < 20; row++) spot.fill(255, row * WIDTH + 10, row * WIDTH + 20)
  bad = await sharp(spot, { raw: { width: WIDTH, height: HEIGHT, channels: 1 } })
    .png()
    .toBuffer()
  shop.recipe(goodRecipe({ recipe: 'named', identity: 'required', product: { id: 'cap' } }), 'named@1')
})
afterAll(() => shop.remove())
afterEach(() => {
  for (const p of running.splice(0)) p.child.kill('SIGKILL')
})

describe('two stations that judge the same parts', () => {
  it('let go on at the second what the first stopped only after it was judged there again, or by a person', async () => {
    const ports = { st10: await freePort(), st20: await freePort() }
    const guns = { st10: await freePort(), st20: await freePort() }
    const data = join(shop.dir, 'data')
    const station = (id: 'st10' | 'st20'): object => ({
      id,
      camera: { adapter: 'http-push', port: ports[id] },
      recipe: 'named@1',
      budgetMs: 4_000,
      duplicateWithin: 0,
      association: [{ reader: `gun-${id}`, by: 'manual', withinMs: 20_000 }],
    })
    const line = await startCli([
      'serve',
      shop.line('row', {
        readers: Object.entries(guns).map(([id, port]) => ({ id: `gun-${id}`, adapter: 'http-reads', port })),
        stations: [station('st10'), { ...station('st20'), judgedAt: ['st10'] }],
      }),
      '--data',
      data,
      '--no-supervisor',
    ])
    running.push(line)

    const judged = async (id: 'st10' | 'st20', serial: string, picture: Buffer): Promise<PartRow> => {
      await fetch(`http://127.0.0.1:${guns[id]}/reads`, { method: 'POST', body: serial })
      const answer = await fetch(`http://127.0.0.1:${ports[id]}/ingest/${id}`, {
        method: 'POST',
        body: new Uint8Array(picture),
        headers: { 'content-type': 'image/png' },
      })
      const { trigger } = (await answer.json()) as { trigger: number }
      for (let tries = 0; tries < 400; tries++) {
        const { parts } = await asked<{ parts: PartRow[] }>(line, '/api/parts?limit=50')
        const found = parts.find((p) => p.station === id && p.trigger === trigger)
        if (found) return found
        await sleep(50)
      }
      throw new Error(`no part ${id}/${trigger}:\n${line.stderr()}`)
    }
    const goesOn = { result: 'pass', disposition: 'release' }

    expect(await judged('st10', 'SN-1', bad)).toMatchObject({ serial: 'SN-1', disposition: 'scrap' })
    const held = await judged('st20', 'SN-1', good)
    expect(held).toMatchObject({ serial: 'SN-1', result: 'pass', disposition: 'hold' })
    expect(held.reasons.at(-1)).toEqual({
      en: 'Station st10 did not let the part go on: scrap',
      zh: '工位 st10 未放行该工件:报废',
    })

    // What is bad there, too, goes where its own verdict says.
    expect(await judged('st20', 'SN-1', bad)).toMatchObject({ disposition: 'scrap' })

    // Another part, and the same one after it was mended.
    expect(await judged('st10', 'SN-2', good)).toMatchObject(goesOn)
    expect(await judged('st20', 'SN-2', good)).toMatchObject(goesOn)
    expect(await judged('st10', 'SN-1', good)).toMatchObject(goesOn)
    expect(await judged('st20', 'SN-1', good)).toMatchObject(goesOn)

    // A person says that what the first one saw is no fault.
    expect(await judged('st10', 'SN-3', bad)).toMatchObject({ disposition: 'scrap' })
    const by = ['--reason', 'a reflection', '--by', 'wang', '--data', data]
    const decided = await runCli(['dispose', 'SN-3', 'use-as-is', ...by])
    expect(decided).toMatchObject({ code: 0 })
    expect(await judged('st20', 'SN-3', good)).toMatchObject(goesOn)

    // Put on the belt behind the first one: good, but not looked at there. A person may let it go on all the same.
    const unseen = await judged('st20', 'SN-4', good)
    expect(unseen).toMatchObject({ result: 'pass', disposition: 'hold' })
    expect(unseen.reasons.at(-1)).toEqual({
      en: 'Station st10 has never judged the part',
      zh: '工位 st10 从未判定该工件',
    })
    expect(await judged('st10', 'SN-4', good)).toMatchObject(goesOn)
    expect(await judged('st20', 'SN-4', good)).toMatchObject(goesOn)
    expect(await judged('st20', 'SN-5', good)).toMatchObject({ disposition: 'hold' })
    expect(await runCli(['dispose', 'SN-5', 'release', ...by])).toMatchObject({ code: 0 })
    expect(await judged('st20', 'SN-5', good)).toMatchObject(goesOn)
    expect(await stopped(line)).toBe(0)
  }, 120_000)
})
