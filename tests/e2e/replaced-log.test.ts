import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDashboard, type Dashboard } from '../../dashboard/index.ts'
import { en } from '../../dashboard/web/i18n/en.ts'
import type { ReviewItem, ReviewsAnswer } from '../../dashboard/server/life-ports.ts'
import type { FakeLine } from '../unit/samples/dashboard-line.ts'
import { serve, type Served } from '../unit/samples/dashboard-serve.ts'
import { PAGES, launch, noBrowser, openPage } from './dashboard-browser.ts'

describe.skipIf(noBrowser !== null)(
  `pages over a log that was replaced in Chromium${noBrowser ? `: ${noBrowser}` : ''}`,
  () => {
    let browser: Browser

    beforeAll(async () => {
      browser = await launch()
    }, 120_000)
    afterAll(() => browser?.close())

    const visible = (page: Page, text: string): Promise<void> =>
      page.getByText(text, { exact: false }).first().waitFor({ state: 'visible', timeout: 20_000 })

    /** Another line in its place, with a log of its own. */
    const replaced = async (
      own: Served,
      parts: number,
      judge: (line: FakeLine) => unknown = () => {},
    ): Promise<{ line: FakeLine; again: Dashboard }> => {
      await own.dashboard.close()
      const { line, dashboard } = await serve(parts)
      await dashboard.close()
      judge(line)
      const again = createDashboard({
        ...line,
        log: { info: () => {}, warn: () => {}, error: () => {} },
        version: '0.1.0-test',
      })
      await again.listen('127.0.0.1', own.port)
      return { line, again }
    }

    it('shows no part of a log that was replaced while the page stood open', async () => {
      const own = await serve(10, { webDir: PAGES })
      const { page } = await openPage(browser, 'en')
      await page.goto(`${own.url}/andon`)
      await visible(page, 'SN240010')
      const { line, again } = await replaced(own, 0)
      await visible(page, en.live.noParts)
      line.judge({ serial: 'SN-OF-THIS-LOG' })
      await visible(page, 'SN-OF-THIS-LOG')
      expect(await page.getByText('SN2400').count()).toBe(0)
      await page.context().close()
      await again.close()
    })

    it('shows no part of a replaced log where those of the new one cannot be had at first', async () => {
      const own = await serve(10, { webDir: PAGES })
      const { page } = await openPage(browser, 'en')
      await page.goto(`${own.url}/andon`)
      await visible(page, 'SN240010')
      let asked = 0
      await page.route('**/api/parts*', (route) =>
        asked++ === 0 ? route.fulfill({ status: 503, json: {} }) : route.fallback(),
      )
      const { again } = await replaced(own, 4)
      await visible(page, 'SN240004')
      expect(await page.getByText('SN240010').count()).toBe(0)
      expect(asked).toBe(2)
      await page.context().close()
      await again.close()
    })

    it('shows no part of a log that was replaced by a longer one, at stations where nothing is judged any more', async () => {
      const own = await serve(10, { webDir: PAGES })
      const { page } = await openPage(browser, 'en')
      await page.goto(`${own.url}/andon`)
      await visible(page, 'SN240010')
      await visible(page, 'SN240009')
      const { again } = await replaced(own, 0, (line) => {
        for (let n = 1; n <= 15; n++)
          line.judge({ station: 'st10-top', serial: `SN-OTHER-${n}`, trigger: 900 + n })
      })
      await visible(page, 'SN-OTHER-15')
      await visible(page, en.live.noParts)
      expect(await page.getByText('SN2400').count()).toBe(0)
      await page.context().close()
      await again.close()
    })

    it('says of a part under review that the new log does not know it', async () => {
      const own = await serve(4, { webDir: PAGES })
      const { page } = await openPage(browser, 'en')
      let waiting = own.line.parts.slice(0, 1).map(({ row }): ReviewItem => ({
        ...row,
        samples: ['grey'],
        image: row.image?.sha256 ?? null,
        verdict: null,
        reviewer: null,
        reason: null,
        reviewedAt: null,
        reviewId: null,
      }))
      await page.route('**/api/life/reviews*', (route) => {
        const counts = { waiting: waiting.length, waitingAudit: 0, notKept: 0, reviewed: 0 }
        return route.fulfill({ json: { counts, waiting, done: [] } satisfies ReviewsAnswer })
      })
      await page.goto(`${own.url}/review`)
      await page.locator('canvas[data-image]').waitFor()
      waiting = []
      const { again } = await replaced(own, 0, (line) => line.judge({ serial: 'SN-OTHER', trigger: 900 }))
      const serial = own.line.parts[0]?.row.serial ?? ''
      await visible(page, en.review.goneUnknown.replace('{{serial}}', serial))
      await page.context().close()
      await again.close()
    }, 60_000)
  },
)
