import type { Browser, Page } from 'playwright-core'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDashboard } from '../../dashboard/index.ts'
import { en } from '../../dashboard/web/i18n/en.ts'
import { zh } from '../../dashboard/web/i18n/zh.ts'
import { serve, type Served } from '../unit/samples/dashboard-serve.ts'
import { PAGES, launch, noBrowser, openPage, screenshot } from './dashboard-browser.ts'

describe.skipIf(noBrowser !== null)(
  `pages in trouble in Chromium${noBrowser ? `: ${noBrowser}` : ''}`,
  () => {
    let webDir: string
    let browser: Browser
    let at: Served

    beforeAll(async () => {
      webDir = PAGES
      at = await serve(20, { webDir })
      browser = await launch()
    }, 120_000)
    afterAll(async () => {
      await browser?.close()
      await at?.dashboard.close()
    })

    const visible = (page: Page, text: string): Promise<void> =>
      page.getByText(text, { exact: false }).first().waitFor({ state: 'visible', timeout: 10_000 })

    it('says so when the connection is lost, and catches up when it is back', async () => {
      const { page } = await openPage(browser, 'en')
      const own = await serve(10, { webDir })
      await page.goto(own.url)
      await page.waitForSelector('[data-connection="open"]')
      await own.dashboard.close()
      await visible(page, en.link.banner)
      await screenshot(page, 'live-lost-en')
      own.line.judge({ serial: 'SN-MEANWHILE' })
      const again = createDashboard({
        queries: own.line.queries,
        facts: own.line.facts,
        live: own.line.live,
        modules: own.line.modules,
        images: own.line.images,
        log: { info: () => {}, warn: () => {}, error: () => {} },
        version: '0.1.0-test',
      })
      await again.listen('127.0.0.1', own.port)
      await visible(page, 'SN-MEANWHILE')
      await page.waitForSelector('[data-connection="open"]')
      expect(await page.getByText(en.link.banner).count()).toBe(0)
      await page.context().close()
      await again.close()
    })

    it('does not say on the andon page that a line runs which it hears nothing of', async () => {
      const { page } = await openPage(browser, 'zh')
      const own = await serve(4, { webDir })
      await page.goto(`${own.url}/andon`)
      const run = page.locator('.andon > header')
      await run.getByText(zh.run.running).waitFor()
      await own.dashboard.close()
      await run.getByText(zh.link.lost).waitFor()
      expect(await run.getByText(zh.run.running).count()).toBe(0)
      await page.context().close()
    })

    it('counts on where the browser thinks that it is offline: the server may be this machine', async () => {
      const { page } = await openPage(browser, 'en')
      const own = await serve(10, { webDir })
      await page.goto(own.url)
      const inspected = page.locator('.station').first().locator('.count-value').first()
      await expect.poll(() => inspected.textContent()).toBe('5')
      await page.evaluate(`window.dispatchEvent(new Event('offline'))`)
      own.line.judge()
      await expect.poll(() => inspected.textContent()).toBe('6')
      await page.context().close()
      await own.dashboard.close()
    })

    it('does not call live what a laptop showed before it slept', async () => {
      const { page } = await openPage(browser, 'en')
      await page.addInitScript(`
        window.sleptMs = 0
        const now = Date.now
        Date.now = () => now() + window.sleptMs
        const sources = []
        window.EventSource = class extends EventSource {
          constructor(url) {
            super(url)
            sources.push(this)
          }
          addEventListener(name, take) {
            super.addEventListener(name, (event) => this.dead || take(event))
          }
        }
        window.sleep = (ms) => {
          for (const source of sources) source.dead = true
          window.sleptMs = ms
        }`)
      await page.goto(`${at.url}/andon`)
      await page.locator('[data-station] .andon-serial').first().waitFor()
      // Its own clock stood still, and the connection does not know yet that it is dead.
      await page.evaluate(`window.sleep(300_000)`)
      await visible(page, en.link.banner)
      await page.getByText(en.link.banner).waitFor({ state: 'detached' })
      await page.context().close()
    })

    it('asks again for what failed while the server was away: a part and its picture', async () => {
      const { page } = await openPage(browser, 'en')
      const [older, newer] = at.line.parts.slice(-2).map((p) => p.row)
      let away = false
      await page.route('**/api/parts/*', (route) => (away ? route.abort() : route.continue()))
      // Loaded ahead, too: it must not be there before it is looked for.
      let unseen = true
      const picture = `**/api/images/${older?.image?.sha256}*`
      await page.route(picture, (route) => (unseen ? route.abort() : route.continue()))
      await page.addInitScript(
        `Object.defineProperty(document, 'hidden', { get: () => window.hides === true })`,
      )
      const see = (hides: boolean): Promise<unknown> =>
        page.evaluate(`window.hides = ${hides}; document.dispatchEvent(new Event('visibilitychange'))`)
      await page.goto(`${at.url}/parts`)
      await page.waitForSelector('[data-connection="open"]')
      await page.getByRole('link', { name: newer?.serial }).waitFor()
      away = true
      await page.getByRole('link', { name: newer?.serial }).click()
      await visible(page, en.error.network)
      await see(true)
      await page.waitForSelector('[data-connection="connecting"]', { timeout: 10_000 })
      away = false
      await see(false)
      await page.waitForSelector('canvas[data-image][data-scale]')
      await page.keyboard.press('j')
      await page.waitForSelector(`[data-inspection="${older?.inspectionId}"]`)
      await visible(page, en.part.imageNotShown)
      await see(true)
      await page.waitForSelector('[data-connection="connecting"]', { timeout: 10_000 })
      unseen = false
      await see(false)
      await page.waitForSelector(`canvas[data-image="${older?.image?.sha256}"]`)
      await page.context().close()
    }, 60_000)

    it('has a dash in lists for an image that is gone, as after its time was over', async () => {
      const { page } = await openPage(browser, 'en')
      await page.route('**/api/images/**', (route) =>
        route.fulfill({ status: 404, json: { code: 'API_NOT_FOUND', message: 'no such image' } }),
      )
      await page.goto(`${at.url}/parts`)
      await page.locator(`span.row-thumb[title="${en.part.imageNotShown}"]`).first().waitFor()
      await page.goto(at.url)
      await page.locator(`.strip span[title="${en.part.imageNotShown}"]`).first().waitFor()
      await expect.poll(() => page.locator('.row-thumb img, .strip img').count()).toBe(0)
      await page.context().close()
    })

    it('goes by the clock of the line wherever it is read, and says so', async () => {
      const { at: judged, inspectionId } = at.line.parts.at(-1)?.row ?? { at: '', inspectionId: '' }
      const clock = new Date(Date.parse(judged) + 8 * 3_600_000).toISOString().replace('T', ' ').slice(0, -1)
      for (const [timezoneId, other] of [
        ['America/New_York', 1],
        ['Asia/Singapore', 0],
      ] as const) {
        const context = await browser.newContext({ timezoneId, viewport: { width: 390, height: 800 } })
        const page = await context.newPage()
        await page.goto(`${at.url}/part/${inspectionId}`)
        await page.getByText(`${clock} UTC+08:00`).first().waitFor()
        await page.goto(`${at.url}/parts`)
        await page.locator('.part-row').first().waitFor()
        expect(await page.locator('[data-zone="Asia/Shanghai"]').count()).toBe(1)
        expect(await page.locator('[data-other-clock]').count()).toBe(other)
        if (other)
          expect(await page.locator('.head .clock').textContent()).toMatch(/\d\d:\d\d:\d\d UTC\+08:00 line$/)
        // The first hour of a shift of the line, not of who reads.
        const asked = page.waitForRequest((r) => new URL(r.url()).searchParams.has('from'))
        await page.locator('.time-field input').first().fill('2026-07-25T06:00')
        expect(new URL((await asked).url()).searchParams.get('from')).toBe('2026-07-24T22:00:00.000Z')
        expect(await page.locator('.time-field input').first().inputValue()).toBe('2026-07-25T06:00')
        const [head, tools] = [page.locator('.head nav'), page.locator('.toolbar')]
        const [above, below] = [await head.boundingBox(), await tools.boundingBox()]
        expect((above?.y ?? 999) + (above?.height ?? 0)).toBeLessThanOrEqual(below?.y ?? 0)
        await context.close()
      }
    })

    it('offers the serials that begin as somebody typed', async () => {
      const { page } = await openPage(browser, 'en')
      const serial = at.line.parts[0]?.row.serial ?? ''
      await page.goto(`${at.url}/parts?serial=${serial.slice(0, -1)}`)
      await page.getByRole('link', { name: serial, exact: true }).click()
      await visible(page, en.parts.serialMode.replace('{{serial}}', serial).replace('{{n}}', '1'))
      await page.goBack()
      await page.getByRole('link', { name: serial, exact: true }).waitFor()
      await page.context().close()
    })

    it('says that a page did not arrive, and goes on with the others', async () => {
      const { page } = await openPage(browser, 'en')
      await page.route('**/assets/holds-page*', (route) => route.abort())
      await page.goto(at.url)
      await page.getByRole('link', { name: en.nav.holds, exact: true }).click()
      await visible(page, en.error.notLoaded)
      await page.getByRole('link', { name: en.nav.parts, exact: true }).click()
      await visible(page, en.parts.reasons)
      await page.context().close()
    })

    it('gives the connection of a hidden tab back, and catches up when it is seen', async () => {
      // Chromium opens six connections to a server at once and lets the seventh wait.
      const clients = async (): Promise<string | undefined> =>
        /^sightline_live_clients (\d+)/m.exec(await (await fetch(`${at.url}/metrics`)).text())?.[1]
      const { page, complaints } = await openPage(browser, 'en')
      await page.addInitScript(
        `Object.defineProperty(document, 'hidden', { get: () => window.hides === true })`,
      )
      const see = (hides: boolean): Promise<unknown> =>
        page.evaluate(`window.hides = ${hides}; document.dispatchEvent(new Event('visibilitychange'))`)
      await page.clock.install()
      await page.goto(at.url)
      await page.waitForSelector('[data-connection="open"]')
      // A page that was closed before may still be counted.
      await expect.poll(clients).toBe('1')
      await see(true)
      await page.clock.fastForward(6_000)
      await expect.poll(clients).toBe('0')
      at.line.judge({ serial: 'SN-UNSEEN' })
      await see(false)
      await visible(page, 'SN-UNSEEN')
      await page.waitForSelector('[data-connection="open"]')
      // A covered screen on the wall is hidden to the browser: nobody would uncover it to see the line stop.
      await page.goto(`${at.url}/andon`)
      await expect.poll(clients).toBe('1')
      await see(true)
      await page.clock.fastForward(6_000)
      await sleep(500)
      expect(await clients()).toBe('1')
      expect(complaints).toEqual([])
      await page.context().close()
    })

    it('keeps a dialog with the part it was opened for', async () => {
      const { page } = await openPage(browser, 'en')
      const [older, newer] = at.line.parts.slice(-2).map((p) => p.row)
      await page.goto(`${at.url}/part/${newer?.inspectionId}`)
      await page.locator('[data-review="pass"]').click()
      expect(await page.title()).toBe(`${newer?.serial} · Sightline`)
      const dialog = page.getByRole('dialog')
      await dialog.getByText(newer?.serial ?? '').waitFor()
      await dialog.getByRole('button', { name: en.deed.cancel }).focus()
      await page.keyboard.press('j')
      await page.waitForTimeout(300)
      expect(page.url()).toContain(newer?.inspectionId)
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
      await page.keyboard.press('j')
      await page.waitForSelector(`[data-inspection="${older?.inspectionId}"]`)
      await page.locator('[data-review="pass"]').click()
      await dialog.waitFor()
      await page.goBack()
      await page.waitForSelector(`[data-inspection="${newer?.inspectionId}"]`)
      await dialog.waitFor({ state: 'detached' })
      await page.context().close()
    })

    it('does not say that no part matches while it still asks', async () => {
      const { page } = await openPage(browser, 'en')
      let answer = (): void => undefined
      const asked = new Promise<void>((resolve) => (answer = resolve))
      await page.route('**/api/parts?*', (route) => asked.then(() => route.fulfill({ json: { parts: [] } })))
      await page.goto(`${at.url}/parts?result=fail`)
      await page.locator('.parts-page .waiting').waitFor()
      expect(await page.getByText(en.parts.noneFiltered).count()).toBe(0)
      answer()
      await visible(page, en.parts.noneFiltered)
      await page.context().close()
    })

    it('tells triggers whose records wait from triggers that are missing', async () => {
      const { page } = await openPage(browser, 'en')
      let waiting = 2
      const [station] = (await (await fetch(`${at.url}/api/balance`)).json()) as { station: string }[]
      await page.route('**/api/balance', (route) =>
        route.fulfill({ json: [{ ...station, closed: false, unexplained: 2, waiting }] }),
      )
      await page.goto(at.url)
      await visible(page, 'records wait to be written: 2')
      expect(await page.getByText(en.balance.no).count()).toBe(0)
      waiting = 1
      await visible(page, en.balance.no)
      await page.context().close()
    })
  },
)
