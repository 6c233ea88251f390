import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { LifeAnswer } from '../../dashboard/server/life-ports.ts'
import type { PartRow } from '../../traceability/query/index.ts'
import { closedBooks, goodPng, goodRecipe, type Workshop, workshop } from './bad-samples.ts'
import { freePort } from './free-port.ts'
import { type CliProcess, runCli, startCli, stopped } from './line-process.ts'
import { asked, lineState } from './line-state.ts'

let shop: Workshop
let line: CliProcess

beforeAll(() => {
  shop = workshop('first-article')
  for (const version of [1, 2])
    shop.recipe(goodRecipe({ recipe: 'first', version, firstArticle: {} }), `first@${version}`)
})
afterAll(() => {
  line.child.kill('SIGKILL')
  shop.remove()
})

async function sent(method: string, path: string, body: object): Promise<{ reviewId: string }> {
  const answer = await fetch(`${String(line.ready['url'])}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect([path, answer.status]).toEqual([path, 200])
  return answer.json() as Promise<{ reviewId: string }>
}
const review = (inspectionId: string, verdict: string) =>
  sent('POST', '/api/life/reviews', { inspectionId, verdict, by: 'li' })

it('a station lets no product go before somebody has called the first one of its recipe good', async () => {
  const cam = await freePort()
  const data = join(shop.dir, 'first')
  const camera = { adapter: 'http-push', port: cam }
  const file = shop.line('first', { stations: [{ id: 'a', camera, recipe: 'first@1', budgetMs: 4_000 }] })
  const serve = () => startCli(['serve', file, '--data', data, '--no-supervisor'])
  const picture = new Uint8Array(await goodPng())
  let trigger = 0
  const show = async (): Promise<PartRow> => {
    trigger += 1
    const headers = { 'content-type': 'image/png', 'x-trigger': String(trigger) }
    const pushed = await fetch(`http://127.0.0.1:${cam}/ingest/a`, { method: 'POST', body: picture, headers })
    expect(pushed.status).toBe(202)
    for (let tries = 0; tries < 400; tries++) {
      const { parts } = await asked<{ parts: PartRow[] }>(line, '/api/parts?limit=50')
      const found = parts.find((p) => p.trigger === trigger)
      if (found) return found
      await sleep(50)
    }
    throw new Error(`no part ${trigger}`)
  }
  const first = async () => (await asked<LifeAnswer>(line, '/api/life')).stations[0]?.firstArticle
  const modes = async () => (await lineState(line)).degraded.map((d) => d.id)

  line = await serve()
  const article = await show()
  expect(article).toMatchObject({ result: 'pass', disposition: 'hold' })
  expect(article.reasons.at(-1)).toEqual({
    en: 'first article of first@1 not approved: 0 of 1 passed parts reviewed as good since it came into force',
    zh: 'first@1 首件尚未确认:自启用以来已复核合格 0/1 件',
  })
  expect(await modes()).toContain('first-article-a')
  expect((await first())?.waiting.map((p) => p.inspectionId)).toEqual([article.inspectionId])
  await review(article.inspectionId, 'pass')
  expect(await show()).toMatchObject({ disposition: 'release' })
  expect(await modes()).not.toContain('first-article-a')

  // A restart knows that it was approved.
  line.child.kill('SIGKILL')
  await line.exit
  line = await serve()
  expect(await first()).toMatchObject({ wanted: null, articles: [{ reviewer: 'li', verdict: 'pass' }] })
  expect(await show()).toMatchObject({ disposition: 'release' })

  // Another recipe needs it anew, and one that passes what a person calls bad lets nothing go.
  await sent('POST', '/api/stations/a/recipe', {
    recipe: 'first@2',
    override: true,
    reason: 'new lens',
    by: 'li',
  })
  const bad = await show()
  expect(bad).toMatchObject({ result: 'pass', disposition: 'hold', recipe: 'first@2' })
  await review(bad.inspectionId, 'fail')
  const held = await show()
  expect(held.disposition).toBe('hold')
  expect(held.reasons.at(-1)?.en).toBe(
    `first article ${bad.serial} of first@2: the station passed it, li says that it is bad`,
  )
  await review(held.inspectionId, 'pass')
  expect(await show()).toMatchObject({ disposition: 'hold' })
  await sent('POST', '/api/life/reviews/undo', { inspectionId: bad.inspectionId, by: 'li' })
  expect(await show()).toMatchObject({ disposition: 'release' })

  expect(await stopped(line)).toBe(0)
  expect(await closedBooks(data)).toHaveLength(trigger)
  const verified = await runCli(['verify', data])
  expect([verified.code, verified.stderr]).toEqual([0, verified.stderr])
}, 120_000)
