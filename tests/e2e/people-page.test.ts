import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Operators } from '../../bin/line/operators.ts'
import { lineSchema, type PartStore } from '../../contracts/index.ts'
import { en } from '../../dashboard/web/i18n/en.ts'
import { zh } from '../../dashboard/web/i18n/zh.ts'
import { openPartStore } from '../../traceability/index.ts'
import { serve, type Served } from '../unit/samples/dashboard-serve.ts'
import { PAGES, launch, noBrowser, openPage, screenshot } from './dashboard-browser.ts'
import { runsOff } from './dashboard-look.ts'

const spec = lineSchema.parse({
  line: 'caps-a',
  title: { zh: '瓶盖', en: 'Caps' },
  stations: [{ id: 'st10', camera: { adapter: 'sample-line', rate: 1 }, recipe: 'cap@1', budgetMs: 100 }],
})

describe.skipIf(noBrowser !== null)(
  `people at the stations in Chromium${noBrowser ? `: ${noBrowser}` : ''}`,
  () => {
    let dir: string
    let store: PartStore
    let operators: Operators
    let at: Served
    let browser: Browser

    beforeAll(async () => {
      dir = mkdtempSync(join(tmpdir(), 'sightline-people-'))
      store = await openPartStore({ dataDir: dir, spoolAfterMs: 20_000 })
      operators = await Operators.open(dir, spec, store)
      at = await serve(3, { operators, webDir: PAGES })
      browser = await launch()
    }, 180_000)
    afterAll(async () => {
      await browser?.close()
      await at?.dashboard.close()
      await store?.close()
      rmSync(dir, { recursive: true, force: true })
    })

    it.each([
      ['en', en],
      ['zh', zh],
    ] as const)('are named and forgotten (%s)', { timeout: 60_000 }, async (language, w) => {
      await operators.signOn('st10', 'Ana')
      const { ref = '' } = operators.list().known[0] ?? {}
      const { page, complaints } = await openPage(browser, language)
      await page.goto(`${at.url}/system`)
      const row = page.locator(`[data-person="${ref}"]`)
      await row.getByText('Ana').waitFor()
      await row.getByText('st10').waitFor()
      expect(await runsOff(page)).toEqual([])
      await screenshot(page, `people-${language}`)
      await row.getByRole('button', { name: w.people.forget }).click()
      await page.getByText(w.people.means.replace('{{ref}}', ref)).waitFor()
      await page.locator('.ant-modal-footer').getByRole('button', { name: w.people.forget }).click()
      await row.waitFor({ state: 'detached' })
      expect(operators.at('st10')).toBeUndefined()
      expect(readFileSync(join(dir, 'operators.json'), 'utf8')).not.toContain('Ana')
      expect(complaints).toEqual([])
      await page.context().close()
    })
  },
)
