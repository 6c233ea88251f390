import type { Browser, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { en } from '../../dashboard/web/i18n/en.ts'
import type { Served } from '../unit/samples/dashboard-serve.ts'
import { noBrowser, openPage } from './dashboard-browser.ts'
import { servePages } from './serve-pages.ts'

describe.skipIf(noBrowser !== null)(
  `the golden template in the picture of a part in Chromium${noBrowser ? `: ${noBrowser}` : ''}`,
  () => {
    let browser: Browser
    let at: Served

    servePages(20, (served) => ({ browser, at } = served))

    const painted = (page: Page): Promise<string> =>
      page.evaluate(`document.querySelector('.viewer canvas').toDataURL()`)
    const choose = (page: Page, name: string): Promise<void> =>
      page.locator('.viewer-tools').getByText(name, { exact: true }).click()
    const ids = (): string[] => at.line.parts.map(({ row }) => row.inspectionId)

    /** A part with defects, as it is painted at first. */
    async function looking(): Promise<{ page: Page; id: string; first: string }> {
      const { page } = await openPage(browser, 'en')
      const id = ids()[9] ?? ''
      await page.goto(`${at.url}/part/${id}`)
      await page.waitForSelector(`[data-inspection="${id}"] canvas[data-image]`)
      // The template, with which it is compared, comes for itself.
      await page.evaluate(`(async () => {
        const image = new Image()
        image.src = '/api/images/${at.line.golden}'
        await image.decode()
      })()`)
      await choose(page, en.viewer.golden)
      await expect.poll(() => page.locator('.viewer-tag').allTextContents()).toEqual([en.viewer.golden])
      await choose(page, en.viewer.part)
      await expect.poll(() => page.locator('.viewer-tag').count()).toBe(0)
      return { page, id, first: await painted(page) }
    }

    it('says so where it is shown, and is not shown for the next part, nor after a reload', async () => {
      const { page, id, first } = await looking()
      await choose(page, en.viewer.golden)
      await expect.poll(() => painted(page)).not.toBe(first)
      expect(await page.locator('.viewer-tag').allTextContents()).toEqual([en.viewer.golden])
      await page.keyboard.press('j')
      await page.waitForSelector(`[data-inspection="${ids()[8]}"] canvas[data-image]`)
      expect(await page.locator('.viewer-tag').count()).toBe(0)
      await page.goto(`${at.url}/part/${id}`)
      await page.waitForSelector(`[data-inspection="${id}"] canvas[data-image]`)
      await expect.poll(() => painted(page)).toBe(first)
      await choose(page, en.viewer.side)
      await expect
        .poll(() => page.locator('.viewer-tag').allTextContents())
        .toEqual([en.viewer.part, en.viewer.golden])
      await page.context().close()
    }, 60_000)

    it('is not on paper in place of the part, which is there as a whole', async () => {
      const { page, first } = await looking()
      await page.keyboard.press('+')
      await page.keyboard.press('+')
      await choose(page, en.viewer.golden)
      await expect.poll(() => page.locator('.viewer-tag').count()).toBe(1)
      const before = await painted(page)
      expect(before).not.toBe(first)
      await page.evaluate(`window.dispatchEvent(new Event('beforeprint'))`)
      expect(await painted(page)).toBe(first)
      expect(await page.locator('.viewer-tag').count()).toBe(0)
      await page.evaluate(`window.dispatchEvent(new Event('afterprint'))`)
      await expect.poll(() => painted(page)).toBe(before)
      await page.context().close()
    }, 60_000)

    it('is all that is missing where a recipe has none: the picture of the part before goes with its part', async () => {
      const [next, part] = at.line.parts.slice(8, 10)
      if (!part || !next) throw new Error('no parts')
      const { golden } = at.line
      const images = [part, next].map((p) => p.images)
      at.line.golden = ''
      for (const p of [part, next]) p.images = p.images.filter((i) => i.role !== 'golden')
      const { page } = await openPage(browser, 'en')
      // As one of many megapixels, for a while.
      await page.route(`**/api/images/${next.row.image?.sha256}*`, () => undefined)
      await page.goto(`${at.url}/part/${part.row.inspectionId}`)
      await page.waitForSelector(`[data-inspection="${part.row.inspectionId}"] canvas[data-image]`)
      const before = await painted(page)
      await page.keyboard.press('j')
      await page.waitForSelector(`[data-inspection="${next.row.inspectionId}"]`)
      await expect.poll(() => painted(page)).not.toBe(before)
      at.line.golden = golden
      for (const [n, p] of [part, next].entries()) p.images = images[n] ?? []
      await page.context().close()
    }, 60_000)

    it('stands on paper with the first 1,000 of its findings, and how many there are', async () => {
      const part = at.line.parts[9]
      if (!part) throw new Error('no part')
      const [one] = part.verdict.findings
      if (!one) throw new Error('no finding')
      const { findings } = part.verdict
      part.verdict.findings = Array.from({ length: 1_100 }, (_, n) => ({
        ...one,
        id: `f${n}`,
        score: n / 1_100,
      }))
      const { page } = await openPage(browser, 'en')
      await page.goto(`${at.url}/part/${part.row.inspectionId}`)
      const rows = page.locator('[data-finding]')
      await expect.poll(() => rows.count()).toBe(200)
      await page.evaluate(`window.dispatchEvent(new Event('beforeprint'))`)
      expect(await rows.count()).toBe(1_000)
      await page.getByText(en.nav.onPaper.replace('{{n}}', '1,000').replace('{{total}}', '1,100')).waitFor()
      part.verdict.findings = findings
      await page.context().close()
    }, 60_000)
  },
)
