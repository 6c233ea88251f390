import type { Browser, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { createDashboard } from '../../dashboard/index.ts'
import { en } from '../../dashboard/web/i18n/en.ts'
import { zh } from '../../dashboard/web/i18n/zh.ts'
import { serve, type Served } from '../unit/samples/dashboard-serve.ts'
import { PAGES, noBrowser, openPage } from './dashboard-browser.ts'
import { servePages } from './serve-pages.ts'
import { runsOff } from './dashboard-look.ts'

describe.skipIf(noBrowser !== null)(
  `answers that grew old in Chromium${noBrowser ? `: ${noBrowser}` : ''}`,
  () => {
    let browser: Browser
    let at: Served

    servePages(20, (served) => ({ browser, at } = served))

    const words = (template: string): string => template.split('{{')[0] ?? ''

    /** A gateway that answers instead of the server, with a page of its own. */
    const gateway = (page: Page, url: RegExp): Promise<unknown> =>
      page.route(url, (route) =>
        route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>Bad gateway</h1>' }),
      )

    it.each([
      ['en', en],
      ['zh', zh],
    ] as const)(
      'are called so while they cannot be had anew, also on paper (%s)',
      async (language, w) => {
        const { page } = await openPage(browser, language)
        await page.goto(`${at.url}/holds`)
        await page.waitForSelector('[data-connection="open"]')
        await page.getByText(w.holds.none).waitFor()
        expect(await page.locator('[data-old-answers]').count()).toBe(0)
        await gateway(page, /\/api\/holds/)
        const old = page.locator('[data-old-answers]')
        await old.waitFor()
        expect(await old.textContent()).toContain(words(w.link.oldAnswers))
        expect(await old.textContent()).toContain('HTTP_502')
        expect(await runsOff(page)).toEqual([])
        await page.emulateMedia({ media: 'print' })
        expect(await old.isVisible()).toBe(true)
        await page.emulateMedia({ media: 'screen' })
        await page.unrouteAll()
        await old.getByRole('button', { name: w.error.retry }).click()
        await old.waitFor({ state: 'detached' })
        await page.context().close()
      },
      60_000,
    )

    it('are asked for anew when the connection is back, and the banner that they are not current goes', async () => {
      const own = await serve(3, { webDir: PAGES })
      const { page } = await openPage(browser, 'en')
      await page.goto(`${own.url}/parts`)
      await page.waitForSelector('[data-connection="open"]')
      const rows = page.locator('.part-row')
      await rows.nth(2).waitFor()
      await own.dashboard.close()
      await page.getByText(en.link.banner).waitFor()
      own.line.judge({ at: new Date().toISOString() })
      const again = createDashboard({
        ...own.line,
        queries: own.line.queries,
        facts: own.line.facts,
        live: own.line.live,
        modules: own.line.modules,
        images: own.line.images,
        log: { info: () => {}, warn: () => {}, error: () => {} },
        version: '0.1.0-test',
      })
      await again.listen('127.0.0.1', own.port)
      await page.getByText(en.link.banner).waitFor({ state: 'detached' })
      await rows.nth(3).waitFor()
      await page.context().close()
      await again.close()
    }, 60_000)

    it('are asked for anew where a tab is looked at again after a long time, and not after a short one', async () => {
      const own = await serve(3, { webDir: PAGES })
      const { page } = await openPage(browser, 'en')
      await page.addInitScript(`for (const [name, is] of [['hidden', true], ['visibilityState', 'hidden']]) {
        const { get } = Object.getOwnPropertyDescriptor(Document.prototype, name)
        Object.defineProperty(document, name, { get: () => (globalThis.hides ? is : get.call(document)) })
      }`)
      const see = (hides: boolean): Promise<unknown> =>
        page.evaluate(`globalThis.hides = ${hides}
          document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))`)
      const hideFor = async (ms: number): Promise<void> => {
        await see(true)
        // It gives its connection back, and is not one whose line fell silent.
        await page.clock.runFor(6_000)
        await page.clock.fastForward(ms)
        await see(false)
      }
      await page.clock.install()
      let asked = 0
      page.on('request', (r) => (asked += Number(r.url().includes('/api/parts?limit=50'))))
      await page.goto(`${own.url}/parts`)
      const rows = page.locator('.part-row')
      await rows.nth(2).waitFor()
      own.line.judge()
      expect(asked).toBe(1)
      await hideFor(20_000)
      await page.waitForSelector('[data-connection="open"]')
      expect(asked).toBe(1)
      await hideFor(8 * 3_600_000)
      await rows.nth(3).waitFor()
      expect(asked).toBe(2)
      await page.context().close()
      await own.dashboard.close()
    }, 60_000)

    it('are not shown as those of another question while its answer is under way', async () => {
      const { page } = await openPage(browser, 'en')
      await page.goto(`${at.url}/analysis`)
      const pareto = page.locator('.panel', { hasText: en.analysis.fishbone })
      await pareto.waitFor()
      let answer = (): void => {}
      const held = new Promise<void>((resolve) => (answer = resolve))
      await page.route(/\/api\/analysis\?.*from=/, async (route) => {
        await held
        await route.continue()
      })
      await page.getByLabel(en.analysis.from).first().fill('2026-01-31T06:00')
      await page.waitForURL(/from=/)
      await pareto.waitFor({ state: 'detached' })
      answer()
      await pareto.waitFor()
      await page.context().close()
    }, 60_000)

    it('are not counted before they are there', async () => {
      const { page } = await openPage(browser, 'en')
      const serial = at.line.parts.at(-1)?.row.serial ?? ''
      let answer = (): void => {}
      const held = new Promise<void>((resolve) => (answer = resolve))
      await page.route(/\/api\/serials\//, async (route) => {
        await held
        await route.continue()
      })
      await page.goto(`${at.url}/parts?serial=${serial}`)
      const said = page.locator('.ant-alert-info')
      await said.waitFor()
      expect(await said.textContent()).not.toContain(': 0')
      answer()
      await said.getByText(': 1').waitFor()
      await page.context().close()
    }, 60_000)
  },
)
