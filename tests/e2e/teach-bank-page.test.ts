import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { z } from 'zod'
import { readEnvironment } from '../../bin/setup/environment.ts'
import { type RunningWatch, startModelWatch } from '../../bin/life/model-watch.ts'
import { teachRoutes } from '../../bin/teach/routes.ts'
import { TeachRuns } from '../../bin/teach/runs.ts'
import { lineSchema } from '../../contracts/index.ts'
import { en } from '../../dashboard/web/i18n/en.ts'
import { zh } from '../../dashboard/web/i18n/zh.ts'
import { prepareLife } from '../../models/index.ts'
import { empty, endpoint } from '../../scenarios/index.ts'
import {
  openPartStore,
  openSql,
  openTraceQuery,
  type TraceQuery,
  type TraceStore,
} from '../../traceability/index.ts'
import { serve, type Served } from '../unit/samples/dashboard-serve.ts'
import { plate } from '../unit/samples/teach-parts.ts'
import { failVerdict, gs1Code, RECIPE, request } from '../unit/samples/traceability-requests.ts'
import { goodRecipe } from './bad-samples.ts'
import { PAGES, launch, noBrowser, openPage, screenshot } from './dashboard-browser.ts'
import { looked, runsOff } from './dashboard-look.ts'

const WORDS = { en, zh } as const
const LANGUAGES = ['en', 'zh'] as const
const life = endpoint({
  method: 'GET',
  path: '/api/life',
  title: { zh: '模型', en: 'Models' },
  role: 'viewer',
  query: empty,
  body: z.unknown(),
  work: () => ({ stations: [], gates: [], recipes: [RECIPE.id] }),
})

describe.skipIf(noBrowser !== null)(`the bank in Chromium${noBrowser ? `: ${noBrowser}` : ''}`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'sightline-teach-bank-'))
  const [good, bad] = [join(dir, 'good'), join(dir, 'bad')]
  /** A part that the line failed, for each language. */
  const failed = new Map<string, string>()
  let browser: Browser
  let at: Served
  let runs: TeachRuns
  let store: TraceStore
  let query: TraceQuery
  let watch: RunningWatch

  const png = async (n: number, spot = false): Promise<Buffer> => {
    const { data, widthPx, heightPx } = await plate(n, { spot }).load()
    return sharp(data, { raw: { width: widthPx, height: heightPx, channels: 3 } })
      .png()
      .toBuffer()
  }

  beforeAll(async () => {
    for (const place of [good, bad]) mkdirSync(place)
    for (let n = 0; n < 14; n++) writeFileSync(join(good, `${n}.png`), await png(n))
    writeFileSync(join(good, 'spotted.png'), await png(14, true))
    for (let n = 20; n < 23; n++) writeFileSync(join(bad, `${n}.png`), await png(n, true))
    const view = { widthPx: 128, heightPx: 128 }
    const rois = { all: { shape: 'rect', box: [0, 0, 128, 128] } }
    const recipe = goodRecipe({ recipe: 'cap-top', version: 4, view, rois })
    writeFileSync(join(dir, `${RECIPE.id}.recipe.yaml`), stringify(recipe))

    const dataDir = join(dir, 'data')
    store = await openPartStore({ dataDir, spoolAfterMs: 20_000 })
    query = openTraceQuery(dataDir)
    for (const [i, language] of LANGUAGES.entries()) {
      const models = [
        { id: `plates-${language}`, version: '1.0.0', sha256: 'cd'.repeat(32), provider: 'cpu' },
      ]
      const base = request(50 + i, failVerdict({ codes: [gs1Code(`P${language}`, 'L1')], models }))
      const meta = base.meta && { ...base.meta, format: { kind: 'encoded' as const, mime: 'image/png' } }
      const outcome = { ...base.outcome, ...view }
      const ack = await store.capture({ ...base, meta, outcome, image: await png(50 + i) })
      failed.set(language, ack.inspectionId)
    }
    const environment = readEnvironment({ SIGHTLINE_DATA_DIR: join(dir, 'home') })
    const imagePath = (sha256: string) => query.path(sha256)
    runs = await TeachRuns.open({
      dataDir,
      recipesDir: dir,
      environment,
      questions: {
        goodParts: async (q) => query.goodParts(q),
        defectiveParts: async (q) => query.defectiveParts(q),
      },
      imagePath,
      folders: [good, bad],
    })
    watch = startModelWatch({
      spec: lineSchema.parse({
        line: 'caps-a',
        plant: 'p1',
        title: { zh: '瓶盖', en: 'Caps' },
        stations: [
          { id: 'st10', recipe: RECIPE.id, budgetMs: 120, camera: { adapter: 'replay', path: 'x', rate: 1 } },
        ],
      }),
      dataDir,
      recipesDir: dir,
      environment,
      counts: prepareLife(openSql(join(dir, 'counts.sqlite'), { synchronous: 'normal' }), 'counts'),
      active: new Map(),
      known: new Map(),
      store,
      questions: {
        scoredAfter: async (...q) => query.scoredAfter(...q),
        part: async (id) => query.part(id),
        reviewSaid: async (id) => query.reviewSaid(id),
      },
      log: { read: () => [], end: () => query.lastPosition(), onAppend: () => () => undefined },
      imagePath,
      diskAnswers: () => Promise.resolve(true),
      firstArticles: { doubted: () => Promise.resolve(), approved: () => Promise.resolve() },
    })
    const handlers = [life, ...watch.routes, ...teachRoutes(runs)]
    const images = { path: imagePath }
    at = await serve(0, {
      queries: query as never,
      images,
      webDir: PAGES,
      modules: { handlers },
    })
    browser = await launch()
  }, 180_000)
  afterAll(async () => {
    await browser?.close()
    await runs?.close()
    await watch?.close()
    await at?.dashboard.close()
    query?.close()
    await store?.close()
    rmSync(dir, { recursive: true, force: true })
  })

  /** Names of the good images of a version. */
  const taughtOn = (language: string, version: string): string[] => {
    const file = join(dir, 'home/models', `plates-${language}-${version}.teach`, 'teach.json')
    return (JSON.parse(readFileSync(file, 'utf8')) as { good: { name: string }[] }).good.map((g) => g.name)
  }

  it.each(LANGUAGES)(
    'a spotted image goes out of it, a false call into it (%s)',
    async (language) => {
      const w = WORDS[language]
      const { page, complaints } = await openPage(browser, language)
      await page.addInitScript(`localStorage.setItem('sightline.name', 'li')`)
      const done = (version: string) =>
        page.locator('[data-teach-run="done"]', { hasText: `plates-${language} ${version}` })

      await page.goto(`${at.url}/models/teach`)
      await page.locator('[data-teach-id]').fill(`plates-${language}`)
      const source = (are: string) => page.locator(`[data-teach-source="${are}"]`)
      await source('good').getByText(w.teach.from.folder, { exact: true }).click()
      await source('defective').getByText(w.teach.from.records, { exact: true }).click()
      await page.getByText(w.teach.needBad.records, { exact: false }).waitFor()
      await looked(page, `bank-defects-${language}`)
      await source('defective').getByText(w.teach.from.folder, { exact: true }).click()
      await page.locator('[data-teach-dir="defective"]').fill(bad)
      await page.locator('[data-teach-goal] .ant-select').click()
      await page.getByTitle(w.teach.goals.cost, { exact: true }).click()
      await page.locator('[data-teach-settings]').click()
      await page.getByPlaceholder(w.teach.areaUsual).fill('4096')
      await page.locator('[data-teach-switch="turn"]').click()
      await looked(page, `bank-form-${language}`)
      await page.locator('[data-teach-start]').click()
      await done('1.0.0').waitFor({ timeout: 240_000 })
      const { ask, made } = runs.state().runs[0] ?? {}
      expect(ask).toMatchObject({
        cost: { escape: 100, falseCall: 1, defectShare: 0.02 },
        confidence: 0.95,
        method: 'auto',
        seed: 1,
        mask: null,
      })
      expect(made?.report.defectImages).toBe(3)

      const spotted = page.locator('[data-suspicious="spotted.png"]').first()
      await spotted.locator('img').waitFor()
      expect(await page.locator('[data-take-out]').first().isDisabled()).toBe(true)
      await spotted.locator('input').click()
      await spotted.scrollIntoViewIfNeeded()
      await looked(page, `bank-suspicious-${language}`)
      await page.locator('[data-take-out]').first().click()
      await page.getByText(w.teach.takeOutMeans.slice(-12), { exact: false }).waitFor()
      await screenshot(page, `bank-take-out-${language}`)
      await page.locator('.ant-modal .ant-btn-primary').click()
      await done('1.1.0').waitFor({ timeout: 120_000 })
      expect(taughtOn(language, '1.1.0')).toEqual(
        taughtOn(language, '1.0.0').filter((n) => n !== 'spotted.png'),
      )
      await looked(page, `bank-without-${language}`)

      const id = failed.get(language) ?? ''
      await page.goto(`${at.url}/part/${id}`)
      await page.locator('[data-review="pass"]').waitFor()
      // Nobody said yet that it is good.
      expect(await page.locator('[data-bank]').count()).toBe(0)
      await page.locator('[data-review="pass"]').click()
      await page.locator('.ant-modal .ant-btn-primary').click()
      await page.locator('[data-bank]').waitFor()
      await screenshot(page, `bank-part-${language}`)
      expect(await runsOff(page)).toEqual([])
      await page.goto(`${at.url}/review`)
      await page.locator(`[data-done="${id}"] [data-bank]`).click()
      await page.getByText(`plates-${language} 1.1.0`).waitFor()
      await looked(page, `bank-review-${language}`)
      await page.locator('.ant-modal .ant-btn-primary').click()
      await page.locator('[data-bank="begun"] a').click()
      await done('1.2.0').waitFor({ timeout: 120_000 })
      expect(taughtOn(language, '1.2.0')).toEqual([...taughtOn(language, '1.1.0'), `${id}.top.png`])
      expect(runs.state().runs[0]?.ask).toMatchObject({ by: 'li', recipe: RECIPE.id })
      expect(complaints).toEqual([])
      await page.context().close()
    },
    600_000,
  )
})
