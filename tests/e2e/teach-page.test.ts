import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { readEnvironment } from '../../bin/setup/environment.ts'
import { teachRoutes } from '../../bin/teach/routes.ts'
import { TeachRuns } from '../../bin/teach/runs.ts'
import { MAX_AREA_PX } from '../../models/index.ts'
import { en } from '../../dashboard/web/i18n/en.ts'
import { zh } from '../../dashboard/web/i18n/zh.ts'
import { empty, endpoint } from '../../scenarios/index.ts'
import { serve, type Served } from '../unit/samples/dashboard-serve.ts'
import { plate } from '../unit/samples/teach-parts.ts'
import { PAGES, launch, noBrowser, openPage, screenshot } from './dashboard-browser.ts'
import { looked } from './dashboard-look.ts'

const WORDS = { en, zh } as const
const life = endpoint({
  method: 'GET',
  path: '/api/life',
  title: { zh: '模型', en: 'Models' },
  role: 'viewer',
  query: empty,
  body: z.unknown(),
  work: () => ({ stations: [], gates: [], recipes: ['cap-top@4'] }),
})

describe.skipIf(noBrowser !== null)(`teaching in Chromium${noBrowser ? `: ${noBrowser}` : ''}`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'sightline-teach-page-'))
  const good = join(dir, 'good')
  let browser: Browser
  let at: Served
  let runs: TeachRuns

  beforeAll(async () => {
    mkdirSync(good)
    for (let n = 0; n < 12; n++) {
      const { data, widthPx, heightPx } = await plate(n).load()
      const raw = { width: widthPx, height: heightPx, channels: 3 as const }
      writeFileSync(join(good, `${n}.png`), await sharp(data, { raw }).png().toBuffer())
    }
    runs = await TeachRuns.open({
      dataDir: join(dir, 'data'),
      recipesDir: dir,
      environment: readEnvironment({ SIGHTLINE_DATA_DIR: join(dir, 'home') }),
      questions: { goodParts: () => Promise.resolve([]), defectiveParts: () => Promise.resolve([]) },
      imagePath: () => null,
      folders: [good],
    })
    const webDir = PAGES
    at = await serve(3, { webDir, modules: { handlers: [life, ...teachRoutes(runs)] } })
    browser = await launch()
  }, 180_000)
  afterAll(async () => {
    await browser?.close()
    await runs?.close()
    await at?.dashboard.close()
    rmSync(dir, { recursive: true, force: true })
  })

  it.each(['en', 'zh'] as const)(
    'estimates, cancels, teaches and reports (%s)',
    async (language) => {
      const w = WORDS[language]
      const { page, complaints } = await openPage(browser, language)
      await page.addInitScript(`localStorage.setItem('sightline.name', 'li')`)
      const own = (state: string) =>
        page.locator(`[data-teach-run="${state}"]`, { hasText: `plates-${language}` }).first()
      await page.goto(`${at.url}/models/teach`)
      await looked(page, `teach-records-${language}`)
      const source = page.locator('[data-teach-source="good"]')
      await source.getByText(w.teach.from.folder, { exact: true }).click()
      await page.getByText(w.teach.need.id, { exact: false }).waitFor()
      await looked(page, `teach-empty-${language}`)
      await page.locator('[data-teach-id]').fill(`plates-${language}`)
      await page.locator('[data-teach-settings]').click()
      await page.locator(`.teach-settings input[aria-valuemax="${MAX_AREA_PX}"]`).waitFor()
      await looked(page, `teach-settings-${language}`)
      const estimated = page.locator('[data-teach-estimated]')
      await page.locator('[data-teach-estimate]').click()
      await estimated.waitFor({ timeout: 180_000 })
      await looked(page, `teach-form-${language}`)
      // An estimate is of what was asked, and of nothing else.
      await page.locator('[data-teach-switch="turn"]').click()
      expect(await estimated.count()).toBe(0)
      await page.locator('[data-teach-group-by]').fill('^(')
      await page.getByText(w.teach.need.groupBy, { exact: false }).waitFor()
      expect(await page.locator('[data-teach-start]').isDisabled()).toBe(true)
      await page.locator('[data-teach-group-by]').fill('^(\\d)')
      await looked(page, `teach-named-${language}`)
      await page.locator('[data-teach-start]').click()
      await page.locator('[data-teach-cancel]').waitFor({ timeout: 30_000 })
      await screenshot(page, `teach-running-${language}`)
      await page.locator('[data-teach-cancel]').click()
      await own('cancelled').waitFor({ timeout: 120_000 })
      // What was typed is still there when the run is over.
      await page.locator('[data-teach-start]').click()
      await page.locator('[data-teach-need]').waitFor({ timeout: 60_000 })
      await screenshot(page, `teach-fitting-${language}`)
      await own('done').waitFor({ timeout: 240_000 })
      await page.getByText(w.teach.curve, { exact: false }).first().waitFor()
      await looked(page, `teach-done-${language}`)
      const made = runs
        .state()
        .runs.find((r) => r.ask.id === `plates-${language}` && r.state === 'done')?.made
      expect(made?.report).toMatchObject({ turnedCopies: 0, workpieces: { by: 'name', count: 10 } })
      await page.getByText(w.teach.notTurned, { exact: false }).first().waitFor()
      expect(await own('done').innerText()).toMatch(/256 x 256 .*128 x 128/)
      expect(complaints).toEqual([])
      await page.context().close()
    },
    600_000,
  )
})
