import { createServer, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { en } from '../../dashboard/web/i18n/en.ts'
import { zh } from '../../dashboard/web/i18n/zh.ts'
import { serve, type Served } from '../unit/samples/dashboard-serve.ts'
import { PAGES, launch, noBrowser, openPage, screenshot } from './dashboard-browser.ts'

type Instead = (path: string, res: ServerResponse) => boolean

describe.skipIf(noBrowser !== null)(
  `pages behind a bad network in Chromium${noBrowser ? `: ${noBrowser}` : ''}`,
  () => {
    let browser: Browser
    let at: Served
    const fronts: Server[] = []

    beforeAll(async () => {
      at = await serve(20, { webDir: PAGES })
      browser = await launch()
    }, 120_000)
    afterEach(() => {
      for (const front of fronts.splice(0)) {
        front.closeAllConnections()
        front.close()
      }
    })
    afterAll(async () => {
      await browser?.close()
      await at?.dashboard.close()
    })

    /** A proxy before the dashboard; `instead` answers what it wants itself. */
    const front = async (instead: Instead): Promise<string> => {
      const server = createServer((req, res) => {
        if (instead(req.url ?? '', res)) return
        const { method, url: path, headers } = req
        const on = request(at.url + path, { method, headers: { ...headers, host: new URL(at.url).host } })
        on.on('response', (answer) => {
          res.writeHead(answer.statusCode ?? 502, answer.headers)
          answer.pipe(res)
        })
        on.on('error', () => res.destroy())
        res.on('close', () => on.destroy())
        req.pipe(on)
      }).listen(0, '127.0.0.1')
      fronts.push(server)
      await new Promise((resolve) => server.once('listening', resolve))
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    }

    const visible = (page: Page, text: string): Promise<void> =>
      page.getByText(text, { exact: false }).first().waitFor({ state: 'visible', timeout: 10_000 })

    it('does not call live what a slow network brings late, without a pause', async () => {
      let lateMs = 1
      const url = await front((path, res) => {
        if (lateMs === 0 || !path.startsWith('/api/events')) return false
        res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
        const beat = (): void => {
          const data = { at: new Date(Date.now() - lateMs).toISOString(), position: 20 }
          res.write(`event: beat\ndata: ${JSON.stringify(data)}\n\n`)
        }
        const timer = setInterval(beat, 100)
        res.on('close', () => clearInterval(timer))
        beat()
        return true
      })
      const { page } = await openPage(browser, 'en')
      await page.goto(url)
      await page.waitForSelector('[data-connection="open"]')
      expect(await page.getByText(en.link.banner).count()).toBe(0)
      lateMs = 30_000
      await visible(page, en.link.banner)
      lateMs = 0
      at.line.judge({ serial: 'SN-IN-TIME' })
      await visible(page, 'SN-IN-TIME')
      await page.waitForSelector('[data-connection="open"]')
      await page.context().close()
    })

    it('shows the last part of a station that is slower than the others, and what is judged meanwhile once', async () => {
      const own = await serve(0, { webDir: PAGES })
      own.line.judge({ station: 'st20-bottom', serial: 'SN-OF-THE-SLOW-ONE' })
      for (let i = 0; i < 100; i++) own.line.judge({ station: 'st10-top' })
      const { page } = await openPage(browser, 'en')
      await page.route('**/api/parts?station=st20-bottom*', async (route) => {
        own.line.judge({ station: 'st20-bottom', serial: 'SN-MEANWHILE' })
        await route.continue()
      })
      await page.goto(own.url)
      await page.waitForSelector('[data-connection="open"]')
      const slow = page.locator('[data-station="st20-bottom"]')
      await slow.locator('.serial', { hasText: 'SN-MEANWHILE' }).waitFor()
      await expect.poll(() => slow.locator('.strip a').count()).toBe(2)
      await page.context().close()
      await own.dashboard.close()
    })

    it.each(['zh', 'en'] as const)('says on /andon of when the last part is, in %s', async (language) => {
      const own = await serve(0, { webDir: PAGES })
      const { page } = await openPage(browser, language)
      own.line.judge({ station: 'st10-top', at: '2026-01-02T03:04:05.678Z' })
      own.line.judge({ station: 'st20-bottom' })
      await page.goto(`${own.url}/andon`)
      const times = page.locator('.andon-time')
      const said = (time: string): string =>
        (language === 'zh' ? zh : en).live.lastAt.replace('{{time}}', time)
      await expect.poll(() => times.first().textContent()).toBe(said('2026-01-02 11:04:05'))
      expect((await times.last().textContent())?.replaceAll(/\d\d/g, '00')).toBe(said('00:00:00'))
      for (const [width, height] of [
        [1920, 1080],
        [1024, 768],
        [844, 390],
      ] as const) {
        await page.setViewportSize({ width, height })
        // As large as the serial, which is read from 3 m.
        expect(
          await page.evaluate(`['serial', 'time'].map((name) =>
            getComputedStyle(document.querySelector('.andon-' + name)).fontSize)
            .reduce((a, b) => a === b)`),
        ).toBe(true)
        expect(
          await page.evaluate(`[...document.querySelectorAll('.andon-time, .andon footer')]
            .filter((e) => e.getBoundingClientRect().bottom > innerHeight).map((e) => e.className)`),
          `${width} x ${height}`,
        ).toEqual([])
      }
      await screenshot(page, `andon-time-${language}`)
      await page.context().close()
      await own.dashboard.close()
    })

    it('does not call counts old that are asked for anew: of a tab looked at again, of a span had before', async () => {
      const { page } = await openPage(browser, 'en')
      await page.addInitScript(`for (const [name, is] of [['hidden', true], ['visibilityState', 'hidden']]) {
        const { get } = Object.getOwnPropertyDescriptor(Document.prototype, name)
        Object.defineProperty(document, name, { get: () => (globalThis.hides ? is : get.call(document)) })
      }`)
      const see = (hides: boolean): Promise<unknown> =>
        page.evaluate(`globalThis.hides = ${hides}
          document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))`)
      await page.clock.install()
      await page.goto(`${at.url}/?span=all`)
      await visible(page, en.count.yield)
      await page.evaluate(`globalThis.called = 0; new MutationObserver(() => {
        if (!document.hidden && document.querySelector('[data-old-counts]')) globalThis.called += 1
      }).observe(document.body, { childList: true, subtree: true })`)
      const answered = (): Promise<unknown> => page.waitForResponse((r) => r.url().includes('/api/pareto'))
      await see(true)
      await page.clock.fastForward(60_000)
      await see(false)
      await page.evaluate(`globalThis.called += document.querySelectorAll('[data-old-counts]').length`)
      await answered()
      expect(await page.evaluate('globalThis.called'), 'looked at again').toBe(0)
      await page.getByText(en.live.spans.h24, { exact: true }).first().click()
      await answered()
      await page.clock.runFor(20_000)
      await page.getByText(en.live.spans.all, { exact: true }).first().click()
      await answered()
      expect(await page.evaluate('globalThis.called'), 'had before').toBe(0)
      await page.context().close()
    }, 60_000)

    it('goes by the clock of the line where a proxy answered in its place at first', async () => {
      let away = true
      const url = await front((asked, res) => {
        if (!away || !asked.startsWith('/api/')) return false
        res.writeHead(502, { 'content-type': 'text/html' }).end('<h1>502 Bad Gateway</h1>')
        return true
      })
      const context = await browser.newContext({ timezoneId: 'America/New_York' })
      const page = await context.newPage()
      await page.goto(`${url}/andon`)
      await visible(page, 'HTTP_502')
      away = false
      await page.locator('[data-zone="Asia/Shanghai"]').waitFor({ timeout: 20_000 })
      await page.locator('.andon-serial').first().waitFor()
      await context.close()
    }, 60_000)

    it('says of counts that are asked for and never come that they cannot be had', async () => {
      const url = await front((asked) => asked.startsWith('/api/counters'))
      const { page } = await openPage(browser, 'en')
      await page.goto(url)
      await page.waitForSelector('[data-connection="open"]')
      await page.getByText(en.link.noCounts).waitFor({ timeout: 30_000 })
      await page.context().close()
    }, 60_000)

    it('does not call counts old while those of another span are asked for', async () => {
      const held: (() => void)[] = []
      let hold = false
      const url = await front((asked, res) => {
        if (!hold || !asked.startsWith('/api/counters')) return false
        held.push(() => res.destroy())
        return true
      })
      const { page } = await openPage(browser, 'en')
      await page.goto(url)
      await visible(page, en.count.yield)
      await page.evaluate(`globalThis.called = 0; new MutationObserver(() => {
        if (document.querySelector('[data-old-counts]')) globalThis.called += 1
      }).observe(document.body, { childList: true, subtree: true })`)
      hold = true
      await page.getByText(en.live.spans.h24, { exact: true }).first().click()
      await expect.poll(() => held.length, { timeout: 10_000 }).toBeGreaterThan(0)
      await page.waitForTimeout(2_500)
      expect(await page.evaluate('globalThis.called')).toBe(0)
      // Nor does an answer that never comes pass for one.
      await page.locator('[data-old-counts]').waitFor({ timeout: 30_000 })
      for (const end of held) end()
      await page.context().close()
    }, 60_000)

    it.each(['/', '/andon'])(
      'says on %s that counts stand still beside a live line',
      async (path) => {
        let refused = true
        let refusals = 0
        const url = await front((asked, res) => {
          if (!refused || !asked.startsWith('/api/counters')) return false
          refusals += 1
          res.writeHead(503, { 'content-type': 'application/json' })
          res.end(JSON.stringify({ code: 'API_BUSY', message: 'API_BUSY: expected less', zh: '繁忙' }))
          return true
        })
        const { page } = await openPage(browser, 'en')
        await page.clock.install()
        await page.goto(url + path)
        await visible(page, en.link.noCounts)
        refused = false
        await page.waitForSelector('[data-old-counts]', { state: 'detached', timeout: 10_000 })
        // With the minute the span is another, of which there are no counts to be old.
        const second = new Date().getSeconds()
        if (second > 20) await sleep((61 - second) * 1_000)
        refused = true
        refusals = 0
        // Nothing that was asked before is on its way any more.
        await expect.poll(() => refusals, { timeout: 10_000 }).toBeGreaterThan(0)
        await page.clock.fastForward(16_000)
        await visible(page, en.link.oldCounts.split('{{')[0] ?? '')
        expect(await page.getByText(en.link.noCounts).count()).toBe(0)
        await screenshot(page, `old-counts${path.replace('/', '-')}`)
        refused = false
        await page.waitForSelector('[data-old-counts]', { state: 'detached', timeout: 10_000 })
        await page.context().close()
      },
      90_000,
    )
  },
)
