import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GateResult, RecipeRef } from '../../contracts/index.ts'
import { openEventLog } from '../../traceability/index.ts'
import { closedBooks } from './bad-samples.ts'
import { type CliProcess, runCli, startCli, stopped } from './line-process.ts'
import { asked } from './line-state.ts'
import { type ModelShop, modelSha, modelShop } from './model-shop.ts'

interface Activation {
  recipe: RecipeRef
  cause: string
  by: string
  reason: string
  gate: string | null
  override: boolean
}
interface ShadowState {
  running: { judged: number } | null
  report: {
    recipe: string
    by: string
    matrix: Record<string, Record<string, number>>
    disagreements: { inspectionId: string; candidateResult: string }[]
  } | null
}
interface Life {
  stations: { station: string; current: Activation; history: Activation[]; shadow: ShadowState }[]
}

describe('a line that changes its model while it runs', () => {
  let shop: ModelShop
  let file: string
  let line: CliProcess
  const serve = (): Promise<CliProcess> =>
    startCli(['serve', file, '--data', shop.data, '--no-supervisor'], shop.env)
  const post = async (
    path: string,
    body: object,
  ): Promise<{ status: number; body: Record<string, unknown> }> => {
    const answer = await fetch(`${String(line.ready['url'])}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
  const current = async (): Promise<Activation> => {
    const life = await asked<Life>(line, '/api/life')
    const station = life.stations[0]
    if (!station) throw new Error('no station')
    return station.current
  }
  const triggers = async (): Promise<number> =>
    (await asked<{ triggers: number }[]>(line, '/api/balance')).reduce((n, b) => n + b.triggers, 0)

  beforeAll(async () => {
    shop = await modelShop('life')
    file = shop.line('life', {
      workers: 2,
      frames: { slots: 64, slotBytes: 65_536 },
      stations: [
        {
          id: 's1',
          recipe: 'ramp@1',
          budgetMs: 2_000,
          camera: { adapter: 'replay', path: 'images', rate: 40, loop: true },
        },
      ],
    })
    line = await serve()
  })
  afterAll(async () => {
    if (line?.child.exitCode === null) await stopped(line)
    shop.remove()
  })

  it('refuses a recipe without an accepted gate result, and an override without a reason', async () => {
    const none = await post('/api/stations/s1/recipe', { recipe: 'ramp@2' })
    expect([none.status, none.body['code']]).toEqual([409, 'MDL_GATE'])
    const recipe = (id: string): string => join(shop.dir, 'recipes', `${id}.recipe.yaml`)
    expect(String(none.body['message'])).toContain(
      `run: sightline models gate --recipe ${recipe('ramp@2')} --against ${recipe('ramp@1')} --data ${shop.data} --acceptance DIR`,
    )
    const silent = await post('/api/stations/s1/recipe', { recipe: 'ramp@2', override: true })
    expect([silent.status, silent.body['code']]).toEqual([400, 'API_REQUEST'])
    const unknown = await post('/api/stations/s1/recipe', { recipe: 'ramp@9', override: true, reason: 'x' })
    expect([unknown.status, unknown.body['code']]).toEqual([404, 'CFG_MISSING_FILE'])
    const nothing = await post('/api/stations/s1/rollback', {})
    expect([nothing.status, nothing.body['code']]).toEqual([409, 'MDL_LIFE'])
    expect((await current()).recipe.id).toBe('ramp@1')
  })

  it('takes a recipe that the gate accepted on a frozen set, and no other', { timeout: 60_000 }, async () => {
    const gate = (recipe: string, against: string, taktMs: string) =>
      runCli(
        [
          'models',
          'gate',
          '--recipe',
          join(shop.dir, 'recipes', `${recipe}.recipe.yaml`),
          '--against',
          join(shop.dir, 'recipes', `${against}.recipe.yaml`),
          '--acceptance',
          shop.acceptance,
          '--takt-ms',
          taktMs,
          '--data',
          shop.data,
          '--json',
        ],
        shop.env,
      )
    const escapes = await gate('ramp@3', 'ramp@1', '1000')
    expect([escapes.code, (JSON.parse(escapes.stdout) as GateResult).refusals]).toEqual([3, ['escape']])
    expect((JSON.parse(escapes.stdout) as GateResult).escapeTest).toMatchObject({
      onlyCandidate: 8,
      onlyReference: 0,
    })
    const slow = await gate('ramp@4', 'ramp@1', '8')
    expect([slow.code, (JSON.parse(slow.stdout) as GateResult).refusals]).toEqual([3, ['speed']])
    const good = await gate('ramp@2', 'ramp@1', '1000')
    expect(good.code, good.stderr).toBe(0)
    const refused = await post('/api/stations/s1/recipe', { recipe: 'ramp@3' })
    expect(refused.status).toBe(409)
    expect(String(refused.body['message'])).toContain('refused for escape')
    const taken = await post('/api/stations/s1/recipe', { recipe: 'ramp@2', reason: 'accepted' })
    expect(taken.body).toMatchObject({ gate: (JSON.parse(good.stdout) as GateResult).id, override: false })
    expect((await post('/api/stations/s1/rollback', {})).status).toBe(200)
  })

  it('changes five times under load; every trigger has its verdict, by the recipe its record names', async () => {
    for (const recipe of ['ramp@2', 'ramp@3', 'ramp@1', 'ramp@2']) {
      const before = await triggers()
      const answer = await post('/api/stations/s1/recipe', {
        recipe,
        override: true,
        reason: `try ${recipe}`,
      })
      expect(answer.status, JSON.stringify(answer.body)).toBe(200)
      expect((await current()).recipe.id).toBe(recipe)
      await expect.poll(triggers, { timeout: 20_000 }).toBeGreaterThan(before + 45)
    }
    const back = await post('/api/stations/s1/rollback', { reason: 'enough' })
    expect(back.status).toBe(200)
    expect(await current()).toMatchObject({
      recipe: { id: 'ramp@1' },
      cause: 'rollback',
      by: 'local',
      reason: 'enough',
    })
    const before = await triggers()
    await expect.poll(triggers, { timeout: 20_000 }).toBeGreaterThan(before + 45)
  })

  it('lets a candidate look at live parts and says where it disagrees', async () => {
    const put = await fetch(`${String(line.ready['url'])}/api/stations/s1/shadow`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ recipe: 'ramp@3' }),
    })
    expect(put.status).toBe(200)
    const report = async () => (await asked<Life>(line, '/api/life')).stations[0]?.shadow.report ?? null
    await expect
      .poll(async () => (await report())?.disagreements.length ?? 0, { timeout: 20_000 })
      .toBeGreaterThan(2)
    const seen = await report()
    expect(seen).toMatchObject({ recipe: 'ramp@3', by: 'local' })
    // ramp@3 passes what ramp@1 fails, and nothing else differs.
    expect(seen?.matrix.pass).toMatchObject({ fail: 0, inconclusive: 0 })
    expect(seen?.matrix.fail).toMatchObject({ fail: 0, inconclusive: 0 })
    for (const d of seen?.disagreements ?? []) {
      const { part } = await asked<{ part: { verdict: { result: string; recipe: string } } }>(
        line,
        `/api/parts/${d.inspectionId}`,
      )
      expect([part.verdict.result, part.verdict.recipe, d.candidateResult]).toEqual([
        'fail',
        'ramp@1',
        'pass',
      ])
    }
  })

  it('goes on with the recipe in force after a restart', async () => {
    await post('/api/stations/s1/recipe', { recipe: 'ramp@2', override: true, reason: 'stay' })
    await stopped(line)
    line = await serve()
    expect((await current()).recipe.id).toBe('ramp@2')
    expect(
      (await asked<{ info: { stations: { recipe: string }[] } }>(line, '/api/line')).info.stations[0]?.recipe,
    ).toBe('ramp@2')
    await sleep(300)
  })

  // Four programs start, one after the other.
  it(
    'does not start with the recipe of the line file where what is in force was lost',
    { timeout: 60_000 },
    async () => {
      await stopped(line)
      const life = join(shop.data, 'life.sqlite')
      const kept = readFileSync(life)
      const lost = /TRC_OPEN.*life\.sqlite.*activation of ramp@2 at s1.*put the newest copy back/
      for (const damage of [() => truncateSync(life), () => rmSync(life)]) {
        damage()
        const { code, stderr } = await runCli(
          ['serve', file, '--data', shop.data, '--no-supervisor'],
          shop.env,
        )
        expect([code, stderr]).toEqual([1, expect.stringMatching(lost)])
      }
      writeFileSync(life, kept)
      line = await serve()
      expect((await current()).recipe.id).toBe('ramp@2')
    },
  )

  it('closes its books: no no-verdict, and records, recipes, models and events agree', async () => {
    await stopped(line)
    const rows = await closedBooks(shop.data)
    expect(rows.length).toBeGreaterThan(250)
    expect(rows.filter((r) => r.code !== null)).toEqual([])
    const log = openEventLog(shop.data, () => () => undefined)
    const events = log.read(0, 1_000_000).map((e) => e.event)
    log.close()
    const modelOf = new Map([1, 2, 3].map((n) => [`ramp@${n}`, modelSha(shop, n)]))
    // In the log's order: the recipe of each record is the last one deployed, or the one before for parts in work.
    let before = 'ramp@1'
    let active = 'ramp@1'
    const order: string[] = ['ramp@1']
    const judged = new Map<string, number>()
    for (const { type, data } of events) {
      const d = data as Record<string, never> & {
        before: RecipeRef
        after: RecipeRef
        process: { recipe: string; recipeVersion: string }
        models: { sha256: string }[]
      }
      if (type === 'qe.model.deployed.v1') {
        expect(d.before.id).toBe(active)
        expect(d.after.models.map((m) => m.sha256)).toEqual([modelOf.get(d.after.id)])
        before = active
        active = d.after.id
        order.push(active)
      }
      if (type !== 'qe.inspection.completed.v1') continue
      const recipe = `${d.process.recipe}@${d.process.recipeVersion}`
      expect([active, before]).toContain(recipe)
      expect(d.models.map((m) => m.sha256)).toEqual([modelOf.get(recipe)])
      judged.set(recipe, (judged.get(recipe) ?? 0) + 1)
    }
    expect(order).toEqual('ramp@1 ramp@2 ramp@1 ramp@2 ramp@3 ramp@1 ramp@2 ramp@1 ramp@2'.split(' '))
    expect([...judged.keys()].sort()).toEqual(['ramp@1', 'ramp@2', 'ramp@3'])
  })
})
