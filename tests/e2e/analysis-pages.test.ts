import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { en } from '../../dashboard/web/i18n/en.ts'
import { zh } from '../../dashboard/web/i18n/zh.ts'
import { serveAnalysis } from '../unit/samples/analysis-store.ts'
import type { StoreServed } from '../unit/samples/dashboard-store.ts'
import { PAGES, launch, noBrowser, openPage, screenshot } from './dashboard-browser.ts'
import { runsOff } from './dashboard-look.ts'

const WORDS = { en, zh } as const

describe.skipIf(noBrowser !== null)(
  `the page Analysis in Chromium${noBrowser ? `: ${noBrowser}` : ''}`,
  () => {
    let browser: Browser
    let at: StoreServed

    beforeAll(async () => {
      at = await serveAnalysis(PAGES)
      browser = await launch()
    }, 180_000)
    afterAll(async () => {
      await browser?.close()
      await at?.close()
    })

    it.each(['en', 'zh'] as const)(
      'shows causes, what cannot be told apart, the fishbone and the places (%s)',
      async (language) => {
        const w = WORDS[language].analysis
        const { page, complaints } = await openPage(browser, language)
        await page.goto(`${at.url}/analysis`)
        const row = page.locator('tr', { hasText: 'P2' }).first()
        await row.waitFor()
        expect(await row.locator('b.tone-fail').textContent()).toBe('P2')
        // 20 of 80 with the new paste, 7 of 159 before.
        expect(await row.textContent()).toContain('25.00 % (20 / 80)')
        expect(await row.textContent()).toContain(`${w.factors.carrier} C4`)
        const apart = page.locator('.panel', { hasText: w.togetherTitle })
        expect(await apart.textContent()).toContain(`${w.factors.component} P2 – ${w.factors.carrier} C4`)
        const bones = page.locator('.fishbone')
        expect(await bones.locator('.hot .branch').allTextContents()).toEqual(
          (['machine', 'material'] as const).map((c) => `${WORDS[language].ncr.category[c]} (1)`),
        )
        expect(await bones.textContent()).toContain(`${w.factors.component} P2 × 5.7`)
        const places = page.locator('.places')
        await places.locator('.cluster').waitFor()
        expect([await places.locator('.cluster').count(), await places.locator('.heat').count()]).toEqual([
          1, 8,
        ])
        expect(await places.textContent()).toContain('8.81, 5.25 mm')
        expect(await places.locator('a').first().getAttribute('href')).toContain('/part/')
        await page.waitForTimeout(500)
        await screenshot(page, `analysis-${language}`)
        expect(await runsOff(page)).toEqual([])

        const csv = page.locator('a', { hasText: w.csv })
        const download = page.waitForEvent('download')
        await csv.click()
        expect((await download).suggestedFilename()).toBe('causes.csv')
        await page.locator('.ant-checkbox-input').click()
        await page.getByRole('columnheader', { name: w.class }).waitFor()
        expect(complaints).toEqual([])
        await page.context().close()
      },
      120_000,
    )
  },
)
