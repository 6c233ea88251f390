import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { en } from '../../dashboard/web/i18n/en.ts'
import { serve, type Served } from '../unit/samples/dashboard-serve.ts'
import { PAGES, launch, noBrowser, openPage } from './dashboard-browser.ts'

describe.skipIf(noBrowser !== null)(`a dialog in Chromium${noBrowser ? `: ${noBrowser}` : ''}`, () => {
  let browser: Browser
  let at: Served

  beforeAll(async () => {
    at = await serve(3, { webDir: PAGES })
    browser = await launch()
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await at?.dashboard.close()
  })

  it('takes what is typed into its first empty field, keeps the focus, and gives it back to what opened it', async () => {
    const { page } = await openPage(browser, 'en')
    await page.goto(`${at.url}/part/${at.line.parts.at(-1)?.row.inspectionId}`)
    const review = page.locator('[data-review="pass"]')
    await review.focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog')
    const [by, reason] = [dialog.getByLabel(en.deed.by), dialog.locator('textarea')]
    await by.and(page.locator(':focus')).waitFor()
    await page.keyboard.type('qa.lin')
    await page.keyboard.press('Tab')
    await page.keyboard.type('scratch')
    expect([await by.inputValue(), await reason.inputValue()]).toEqual(['qa.lin', 'scratch'])
    // Round the dialog, by the frame of the browser, and never to what lies behind it.
    for (let nth = 0; nth < 12; nth++) {
      await page.keyboard.press('Tab')
      expect(await page.locator('#root :focus').count(), `Tab ${nth}`).toBe(0)
    }
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await review.and(page.locator(':focus')).waitFor()
    await page.context().close()
  })
})
