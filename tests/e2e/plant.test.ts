import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { ReplicationState } from '../../contracts/index.ts'
import { openPlantQuery } from '../../traceability/index.ts'
import { DATABASE_URL, dropSchema, freshSchema, openSchema, postgresPresent } from '../services/postgres.ts'
import { describeWith } from '../services/require-service.ts'
import { goodPng, type Workshop, workshop } from './bad-samples.ts'
import { type CliProcess, runCli, startCli, stopped } from './line-process.ts'
import { asked } from './line-state.ts'

interface State {
  plantStore?: ReplicationState
  degraded: { id: string; text: { en: string; zh: string } }[]
}
const state = async (line: CliProcess): Promise<State> =>
  (await asked<{ state: State }>(line, '/api/line')).state

describeWith('PostgreSQL', await postgresPresent(), 'a line with a plant store', () => {
  let shop: Workshop
  const schema = freshSchema()
  const running: CliProcess[] = []
  beforeAll(async () => {
    shop = workshop('plant')
    mkdirSync(join(shop.dir, 'images'))
    writeFileSync(join(shop.dir, 'images', 'good.png'), await goodPng())
  })
  afterEach(() => {
    for (const p of running.splice(0)) p.child.kill('SIGKILL')
  })
  afterAll(async () => {
    shop.remove()
    await dropSchema(schema)
  })
  const station = {
    id: 'cam',
    camera: { adapter: 'replay', path: 'images', rate: 5, loop: true },
    recipe: 'ramp@1',
    budgetMs: 2_000,
  }
  const line = (name: string, plantStore: object): string =>
    shop.line(name, { stations: [station], plantStore })
  const serve = async (file: string, name: string, url: string): Promise<CliProcess> => {
    const args = [
      'serve',
      file,
      '--data',
      join(shop.dir, name),
      '--port',
      '0',
      '--workers',
      '1',
      '--no-supervisor',
    ]
    const p = await startCli(args, { SIGHTLINE_DATABASE_URL: url })
    running.push(p)
    return p
  }

  it('runs on while the plant is away, says so without the password, and catches up', async () => {
    const file = line('one', { schema, images: 'all' })
    const away = await serve(file, 'one', 'postgres://line:sesame@127.0.0.1:1/plant')
    await expect
      .poll(async () => (await state(away)).degraded.map((d) => d.id), { timeout: 30_000 })
      .toContain('plant-store')
    const { degraded, plantStore } = await state(away)
    expect(degraded.find((d) => d.id === 'plant-store')?.text).toEqual({
      en: expect.stringContaining('The plant store is away') as string,
      zh: expect.stringContaining('工厂数据库不可用') as string,
    })
    expect(plantStore).toMatchObject({ state: 'away', received: 0 })
    expect(await stopped(away)).toBe(0)
    expect(away.stderr()).not.toContain('sesame')
    expect(away.stderr()).toContain('TRC_PLANT')

    const back = await serve(file, 'one', DATABASE_URL)
    await expect
      .poll(async () => (await state(back)).plantStore, { timeout: 60_000 })
      .toMatchObject({ state: 'current', fault: null, received: expect.any(Number) as number })
    expect((await state(back)).degraded.map((d) => d.id)).not.toContain('plant-store')
    await expect
      .poll(async () => (await state(back)).plantStore?.received ?? 0, { timeout: 30_000 })
      .toBeGreaterThan(5)
    const env = { SIGHTLINE_DATABASE_URL: DATABASE_URL }
    const hold = ['plant', 'hold', 'R7', '--schema', schema, '--by', 'qa', '--reason', 'crack']
    expect((await runCli(hold, env)).code).toBe(0)
    await expect
      .poll(() => asked<object[]>(back, '/api/holds'), { timeout: 30_000 })
      .toMatchObject([{ target: 'lot/R7', by: 'qa', originLog: 'plant', releasedAt: null }])
    expect(await stopped(back)).toBe(0)

    const whole = await runCli(
      ['plant', 'replicate', '--data', join(shop.dir, 'one'), '--schema', schema],
      env,
    )
    expect(whole.code).toBe(0)
    const { log, received, events } = JSON.parse(whole.stdout) as {
      log: string
      received: number
      events: number
    }
    expect(received).toBe(events)
    // Signed by the line while it ran.
    const verified = await runCli(['plant', 'verify', log, '--schema', schema], env)
    expect([verified.code, verified.stderr]).toEqual([0, expect.not.stringContaining('Error') as string])
    // What the plant itself stated nobody signs, but it must be what was stated.
    expect((await runCli(['plant', 'verify', '--schema', schema], env)).code).toBe(0)
    const admin = await openSchema(schema)
    admin.exec(`update line_log set size = size + 1 where log = 'plant'`)
    expect((await runCli(['plant', 'verify', '--schema', schema], env)).code).toBe(3)
    admin.exec(`update line_log set size = size - 1 where log = 'plant'`)
    admin.close()

    const query = await openPlantQuery(DATABASE_URL, schema)
    const [part] = await query.recentParts({ limit: 1, result: 'pass' })
    expect(query.recall({ target: `unit/${part?.serial ?? ''}` }).units).toHaveLength(1)
    const kept = (await query.part(part?.inspectionId ?? ''))?.images[0]?.sha256 ?? ''
    query.close()
    const out = join(shop.dir, 'kept')
    expect((await runCli(['plant', 'image', kept, out, '--schema', schema], env)).code).toBe(0)
    expect(createHash('sha256').update(readFileSync(out)).digest('hex')).toBe(kept)
    const traced = await runCli(['trace', part?.serial ?? '', '--plant', schema, '--json'], env)
    expect(JSON.parse(traced.stdout)).toMatchObject({
      serial: part?.serial,
      inspections: [{ result: part?.result }],
    })
  }, 400_000)

  it.each([
    [
      'without an address',
      { schema },
      '',
      /plantStore\); expected the address of the plant store in .*SIGHTLINE_DATABASE_URL/,
    ],
    [
      'with an address that is none',
      { schema },
      'mysql://me:sesame@db/x',
      /SIGHTLINE_DATABASE_URL\); expected postgres:/,
    ],
    ['with an unknown key', { scheme: 'x' }, DATABASE_URL, /plantStore\.scheme\)/],
    [
      'with a name that is none',
      { schema: 'x; drop' },
      DATABASE_URL,
      /plantStore\.schema\); expected lower-case letters/,
    ],
  ])('is refused %s', async (what, plantStore, url, says) => {
    const file = line(what.replaceAll(' ', '-'), plantStore)
    const { code, stderr } = await runCli(['config', 'validate', file], { SIGHTLINE_DATABASE_URL: url })
    expect(stderr).toMatch(says)
    expect(stderr).not.toContain('sesame')
    expect(code).toBe(2)
  })
})
