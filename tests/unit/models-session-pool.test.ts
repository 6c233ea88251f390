import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSession } from '../../models/runtime/ort-session.ts'
import { openSessionPool } from '../../models/runtime/session-pool.ts'
import type { PooledSession, SessionPool } from '../../models/runtime/session-pool.ts'
import { toyModel } from '../suites/toy-graphs.ts'

const model = toyModel({ toy: { kind: 'anomaly' } })
const image = (seed: number) => ({
  data: Uint8Array.from({ length: 64 }, (_, i) => (i * seed) % 251),
  shape: [1, 8, 8, 1],
})

describe.each([1, 2])('a pool of %i threads', (threads) => {
  let pool: SessionPool
  let session: PooledSession
  beforeAll(async () => {
    pool = openSessionPool(threads)
    session = await pool.open(model)
  })
  afterAll(() => pool.close())

  it('gives each of many calls at once what a session alone gives', async () => {
    const alone = await openSession(model, { providers: ['cpu'], intraOpThreads: 1 })
    const seeds = Array.from({ length: 20 }, (_, i) => i + 1)
    const outputs = await Promise.all(seeds.map((s) => session.run({ image: image(s) }, ['map', 'score'])))
    for (const [i, output] of outputs.entries())
      expect(output).toEqual(await alone.run({ image: image(seeds[i] ?? 0) }, ['map', 'score']))
    expect(new Set(outputs.map((o) => o['score']?.data[0])).size).toBeGreaterThan(1)
    await alone.close()
  })

  it('takes a part of an array', async () => {
    const whole = new Uint8Array(640).fill(9)
    whole.set(image(3).data, 64)
    const part = { data: whole.subarray(64, 128), shape: [1, 8, 8, 1] }
    expect(await session.run({ image: part }, ['map'])).toEqual(
      await session.run({ image: image(3) }, ['map']),
    )
  })

  it('holds inputs for every run, unless a run brings its own', async () => {
    const holding = await pool.open(model, { image: image(3) })
    const [held, given] = [image(3), image(5)].map((i) => session.run({ image: i }, ['map']))
    for (let n = 0; n < 4; n++) expect(await holding.run({}, ['map'])).toEqual(await held)
    expect(await holding.run({ image: image(5) }, ['map'])).toEqual(await given)
    expect(await holding.run({}, ['map'])).toEqual(await held)
    await holding.close()
  })

  it('passes on what a graph or a model is refused for, and goes on', async () => {
    await expect(session.run({ other: image(1) }, ['score'])).rejects.toThrow(/^MDL_RUN/)
    await expect(session.run({ image: image(1) }, ['none'])).rejects.toThrow(/^MDL_/)
    await expect(pool.open(Uint8Array.of(1, 2, 3))).rejects.toThrow(/^MDL_LOAD/)
    expect((await session.run({ image: image(1) }, ['score']))['score']?.data).toHaveLength(1)
    const shut = await pool.open(model)
    await shut.close()
    await expect(shut.run({ image: image(1) }, ['score'])).rejects.toThrow(/^MDL_RUN/)
  })
})

it('refuses what is asked of a pool that was closed', async () => {
  const pool = openSessionPool(2)
  const session = await pool.open(model)
  const asked = [1, 2, 3, 4, 5, 6].map((s) => session.run({ image: image(s) }, ['score']))
  const ends = Promise.allSettled(asked)
  await pool.close()
  for (const end of await ends)
    if (end.status === 'rejected') expect(String(end.reason)).toMatch(/the pool was closed/)
  await expect(session.run({ image: image(1) }, ['score'])).rejects.toThrow(/MDL_RUN.*the pool was closed/)
})
