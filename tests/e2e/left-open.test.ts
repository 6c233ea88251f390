import { cpSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { createDashboard } from '../../dashboard/index.ts'
import { en } from '../../dashboard/web/i18n/en.ts'
import { serve, type Served } from '../unit/samples/dashboard-serve.ts'
import { PAGES, noBrowser, openPage } from './dashboard-browser.ts'
import { servePages } from './serve-pages.ts'

describe.skipIf(noBrowser !== null)(
  `pages that are left open in Chromium${noBrowser ? `: ${noBrowser}` : ''}`,
  () => {
    let browser: Browser
    let at: Served

    servePages(60, (served) => ({ browser, at } = served))

    const program = (page: Page): Promise<string> =>
      page.evaluate(`document.querySelector('script[type="module"]')?.getAttribute('src') ?? ''`)

    /** The program under another name, as a build of other sources has it. */
    function update(webDir: string): string {
      const index = join(webDir, 'index.html')
      const html = readFileSync(index, 'utf8')
      const [, old = ''] = /src="(\/assets\/[^"]+)"/.exec(html) ?? []
      const now = old.replace(/\.js$/, '2.js')
      renameSync(join(webDir, old), join(webDir, now))
      writeFileSync(index, html.replaceAll(old, now))
      return now
    }

    it('loads the screen on the wall anew when the server has newer pages, and asks on others', async () => {
      const webDir = mkdtempSync(join(tmpdir(), 'sightline-pages-'))
      cpSync(PAGES, webDir, { recursive: true })
      const own = await serve(4, { webDir })
      const wall = (await openPage(browser, 'en')).page
      const desk = (await openPage(browser, 'en')).page
      await wall.goto(`${own.url}/andon`)
      await desk.goto(`${own.url}/parts`)
      await desk.waitForSelector('[data-connection="open"]')
      await wall.locator('.andon-serial').first().waitFor()
      const before = await program(wall)
      const restart = async (close: () => Promise<unknown>) => {
        await close()
        await desk.getByText(en.link.banner).waitFor()
        await wall.getByText(en.link.banner).waitFor()
        const { queries, facts, live, modules, images } = own.line
        const log = { info: () => {}, warn: () => {}, error: () => {} }
        const again = createDashboard({
          queries,
          facts,
          live,
          modules,
          images,
          log,
          version: '0.2.0-test',
          webDir,
        })
        await again.listen('127.0.0.1', own.port)
        return again
      }
      // With the pages that they had.
      const asked = desk.waitForResponse((r) => new URL(r.url()).pathname === '/parts')
      const same = await restart(() => own.dashboard.close())
      await (await asked).finished()
      await desk.waitForSelector('[data-connection="open"]')
      expect(await desk.locator('[data-old-program]').count()).toBe(0)
      const now = update(webDir)
      // A proxy answers in its place who asks again by the browser; nobody touches a screen on the wall.
      await wall.route('**/andon', (route) =>
        route.request().isNavigationRequest()
          ? route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>502 Bad Gateway</h1>' })
          : route.continue(),
      )
      const other = await restart(() => same.close())
      await expect.poll(() => program(wall), { timeout: 10_000 }).toBe(now)
      const judged = 'SN-AFTER-UPDATE'
      own.line.judge({ serial: judged })
      await wall.locator('.andon-serial').getByText(judged).waitFor()
      await desk.locator('[data-old-program]').waitFor()
      expect(await program(desk)).toBe(before)
      await desk.getByRole('button', { name: en.update.load }).click()
      await expect.poll(() => program(desk)).toBe(now)
      for (const page of [wall, desk]) await page.context().close()
      await other.close()
    })

    it('says of when the parts are, of the newest, and asks for later ones when told', async () => {
      const { page } = await openPage(browser, 'en')
      await page.goto(`${at.url}/parts`)
      const asOf = page.locator('[data-as-of]')
      const readMs = async (): Promise<number> => Number(await asOf.getAttribute('data-as-of'))
      await asOf.waitFor()
      const first = await readMs()
      expect(await asOf.textContent()).toMatch(/^as of \d\d:\d\d:\d\d$/)
      const rows = page.locator('.part-row')
      await page.getByRole('button', { name: /Show older parts/ }).click()
      await expect.poll(() => rows.count()).toBe(60)
      expect(await readMs()).toBe(first)
      at.line.judge({ serial: 'SN-LATER' })
      await page.getByRole('button', { name: en.parts.reload }).click()
      await rows.first().getByText('SN-LATER').waitFor()
      expect(await readMs()).toBeGreaterThan(first)
      await page.context().close()
    })

    it.each(['/lot?name=LOT-2407', '/analysis'])('says of when %s is', async (path) => {
      const { page } = await openPage(browser, 'en')
      await page.goto(at.url + path)
      await page.locator('[data-as-of]').waitFor()
      await page.context().close()
    })
  },
)
