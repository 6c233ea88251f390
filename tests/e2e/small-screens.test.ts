import type { Browser, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { en } from '../../dashboard/web/i18n/en.ts'
import { serve, type Served } from '../unit/samples/dashboard-serve.ts'
import { PAGES, noBrowser, openPage, screenshot } from './dashboard-browser.ts'
import { servePages } from './serve-pages.ts'
import { runsOff, viewOf } from './dashboard-look.ts'

describe.skipIf(noBrowser !== null)(
  `pages on small screens in Chromium${noBrowser ? `: ${noBrowser}` : ''}`,
  () => {
    let browser: Browser
    let at: Served

    servePages(20, (served) => ({ browser, at } = served))

    const visible = (page: Page, text: string): Promise<void> =>
      page.getByText(text, { exact: false }).first().waitFor({ state: 'visible', timeout: 10_000 })

    it('zooms the picture where two fingers are spread, and moves it where they move', async () => {
      const { page } = await openPage(browser, 'en')
      await page.setViewportSize({ width: 390, height: 844 })
      await page.goto(`${at.url}/part/${at.line.parts.find((p) => p.row.image)?.row.inspectionId}`)
      await page.locator('canvas[data-image]').waitFor()
      const box = (await page.locator('canvas[data-image]').boundingBox()) ?? expect.fail('no canvas')
      const [x, y] = [Math.round(box.width / 2), Math.round(box.height / 2)]
      const touch = await page.context().newCDPSession(page)
      const fingers = (type: 'touchStart' | 'touchMove' | 'touchEnd', places: readonly number[], down = 0) =>
        touch.send('Input.dispatchTouchEvent', {
          type,
          touchPoints: places.map((at, id) => ({ id, x: box.x + at, y: box.y + y + down })),
        })
      const from = await viewOf(page)
      await fingers('touchStart', [x - 30, x + 30])
      for (const by of [10, 20, 30]) await fingers('touchMove', [x - 30 - by, x + 30 + by])
      // What lay in the middle between them still does.
      const spread = {
        scale: 2 * from.scale,
        tx: x - 2 * (x - from.tx),
        ty: y - 2 * (y - from.ty),
      }
      const rounded = async (): Promise<number[]> =>
        Object.values(await viewOf(page)).map((v) => Number(v.toFixed(3)))
      await expect.poll(rounded).toEqual(Object.values(spread).map((v) => Number(v.toFixed(3))))
      await fingers('touchMove', [x - 60, x + 60], 40)
      await expect.poll(async () => (await viewOf(page)).ty - spread.ty).toBeCloseTo(40, 3)
      await fingers('touchEnd', [])
      await page.context().close()
    })

    it.each(['zh', 'en'] as const)(
      'shows whole numbers and their names on a small screen, in %s',
      async (language) => {
        const own = await serve(0, { webDir: PAGES })
        own.line.queries.counters = () =>
          ['st10-top', 'st20-bottom'].map((station) => ({
            station,
            inspected: 1_234_567,
            pass: 1_174_567,
            fail: 60_000,
            inconclusive: 0,
            noVerdict: {},
          }))
        const { page } = await openPage(browser, language)
        await page.goto(own.url)
        await page.getByText('1,234,567').first().waitFor()
        for (const width of [1920, 1280, 1024, 820, 390]) {
          await page.setViewportSize({ width, height: 800 })
          expect(
            await page.evaluate(`[...document.querySelectorAll('.count-value, .count-name')]
            .filter((b) => b.scrollWidth > b.clientWidth).map((b) => b.textContent)`),
            `${width} px`,
          ).toEqual([])
        }
        await page.context().close()
        await own.dashboard.close()
      },
    )

    it.each([3, 20])('has the words of %i stations each in its own on the screen on the wall', async (n) => {
      const own = await serve(0, { webDir: PAGES })
      const { live } = own.line
      const { stations, ...info } = live.info()
      const ids = Array.from({ length: n }, (_, i) => `s${i + 1}`)
      live.info = () => ({
        ...info,
        stations: ids.flatMap((id) => stations.slice(0, 1).map((s) => ({ ...s, id }))),
      })
      // The longest word.
      for (const [i, station] of ids.entries()) {
        const { row } = own.line.judge({ station, trigger: i, grey: true, flaws: [] })
        row.reasons.push({
          en: 'Copper differs from the golden template in more than one place',
          zh: '铜箔与金样不符',
        })
      }
      const { page } = await openPage(browser, 'en')
      await page.goto(`${own.url}/andon`)
      for (const [width, height] of [
        [1920, 1080],
        [1600, 680],
        [1280, 800],
        [390, 844],
      ] as const) {
        await page.setViewportSize({ width, height })
        await page
          .locator('.andon-word')
          .nth(n - 1)
          .waitFor()
        expect(await runsOff(page), `${width} px`).toEqual([])
        expect(
          await page.evaluate(`[...document.querySelectorAll('.andon-station')].flatMap((station) => {
            const own = station.getBoundingClientRect()
            const figures = station.querySelector('footer').getBoundingClientRect().top
            const range = document.createRange()
            return [...station.querySelectorAll('h2, div, b, span')].filter((e) => e.children.length === 0 && e.textContent).filter((e) => {
              range.selectNodeContents(e)
              const box = range.getBoundingClientRect()
              return box.left < own.left - 1 || box.right > own.right + 1 || box.bottom > own.bottom + 1 ||
                (e.className === 'andon-reason' && box.bottom > figures + 1)
            }).map((e) => e.className + ' ' + e.textContent)
          })`),
          `${width} px`,
        ).toEqual([])
        await screenshot(page, `andon-${n}-${width}`)
      }
      await page.context().close()
      await own.dashboard.close()
    })

    it('has the counts beside one another over all of a station, also above the reasons of no-verdicts', async () => {
      const { page } = await openPage(browser, 'en')
      await page.goto(at.url)
      await page.locator('.count-reasons').first().waitFor()
      for (const width of [1920, 1366, 1280]) {
        await page.setViewportSize({ width, height: 800 })
        expect(
          await page.evaluate(`[...document.querySelectorAll('.counters')].flatMap((row) => {
            const { right } = row.getBoundingClientRect()
            const counts = [...row.querySelectorAll('.count')].map((c) => c.getBoundingClientRect())
            const last = Math.max(...counts.map((c) => c.right))
            return right - last > 1 ? [right - last] : []
          })`),
          `px left at ${width}`,
        ).toEqual([])
      }
      await page.context().close()
    })

    it('shows whole numbers on a phone, and nothing runs off', async () => {
      const { page } = await openPage(browser, 'zh')
      await page.setViewportSize({ width: 390, height: 800 })
      for (const path of ['/', '/andon', '/parts']) {
        await page.goto(at.url + path)
        await page.locator('.count-value, footer b, .part-row').first().waitFor()
        expect(
          await page.evaluate(`[...document.querySelectorAll('.count-value')]
            .filter((b) => b.scrollWidth > b.clientWidth).map((b) => b.textContent)`),
          path,
        ).toEqual([])
        expect(await page.evaluate('document.documentElement.scrollWidth'), path).toBe(390)
      }
      await page.context().close()
    })

    it('says on a phone that there is nothing where it is seen', async () => {
      const { page } = await openPage(browser, 'zh')
      await page.setViewportSize({ width: 390, height: 800 })
      await page.goto(`${at.url}/holds`)
      await page.locator('.ant-table-placeholder .nothing-title').first().waitFor()
      expect(
        await page.evaluate(`[...document.querySelectorAll('.nothing-title')].map((e) => {
          const words = document.createRange()
          words.selectNodeContents(e)
          const { left, right } = words.getBoundingClientRect()
          return left >= 0 && right <= innerWidth
        })`),
      ).toEqual([true])
      await page.context().close()
    })

    it('begins the graph of a genealogy at the part, not at its oldest things', async () => {
      const { page } = await openPage(browser, 'en')
      await page.setViewportSize({ width: 390, height: 844 })
      await page.goto(`${at.url}/part/${at.line.parts[0]?.row.inspectionId}`)
      // As many generations back as on: the part is in the middle.
      const off = `[...document.querySelectorAll('.scroll-x:has(canvas)')]
        .map((e) => Math.floor(Math.abs(e.scrollLeft - (e.scrollWidth - e.clientWidth) / 2)))`
      await expect.poll(() => page.evaluate(off)).toEqual([0])
      const scrolled = await page.evaluate(`document.querySelector('.scroll-x:has(canvas)').scrollLeft`)
      expect(scrolled).toBeGreaterThan(50)
      await page.context().close()
    })

    // As axe-core 4.14 asks for it (scrollable-region-focusable).
    it('has what scrolls sideways on a phone in reach of the keyboard', async () => {
      const { page } = await openPage(browser, 'en')
      await page.setViewportSize({ width: 390, height: 844 })
      for (const path of ['/system', '/modules/lean', '/analysis']) {
        await page.goto(at.url + path)
        // One of them is folded away.
        const tables = page.locator('.scroll-x > table, .ant-table-content > table')
        await tables.filter({ visible: true }).first().waitFor()
        await expect
          .poll(
            () =>
              page.evaluate(`[...document.querySelectorAll('main *')]
                .filter((e) => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth)
                .filter((e) => e.tabIndex < 0 && !e.querySelector('a[href], button, input, select, [tabindex]'))
                .map((e) => e.className)`),
            { message: path },
          )
          .toEqual([])
      }
      await page.context().close()
    })

    it('leaves the reasons of a part room for words at 200 %', async () => {
      const { page } = await openPage(browser, 'en')
      for (const width of [640, 720, 768]) {
        await page.setViewportSize({ width, height: 400 })
        await page.goto(`${at.url}/parts`)
        await page.locator('.part-row').first().waitFor()
        const reasons = page.locator('th', { hasText: en.parts.reasons }).last()
        expect((await reasons.boundingBox())?.width, `${width} px`).toBeGreaterThan(120)
        expect(await page.evaluate('document.documentElement.scrollWidth'), `${width} px`).toBe(width)
      }
      await page.context().close()
    })

    it('keeps the way out of a hold in sight beside a lot with a long name', async () => {
      const own = await serve(0, { webDir: PAGES })
      const { page } = await openPage(browser, 'en')
      const lot = 'X'.repeat(300)
      const placed = { at: '2026-01-02T03:04:05.678Z', by: 'li', reason: 'dust', originLog: null }
      const hold = { id: 'h1', target: `lot/${lot}`, releasedAt: null, releasedBy: null, releaseReason: null }
      await page.route('**/api/holds', (route) => route.fulfill({ json: [{ ...placed, ...hold }] }))
      for (const path of ['/holds', `/lot?name=${lot}`]) {
        await page.goto(own.url + path)
        const release = page.locator('[data-hold-target]').first()
        await release.waitFor()
        for (const width of [1280, 1920]) {
          await page.setViewportSize({ width, height: 800 })
          const box = await release.boundingBox()
          expect((box?.x ?? width) + (box?.width ?? 0), `${path.slice(0, 6)} at ${width} px`).toBeLessThan(
            width,
          )
          expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
        }
      }
      await page.context().close()
      await own.dashboard.close()
    })

    it('says where a part with a long serial is within the screen', async () => {
      const { page } = await openPage(browser, 'en')
      const unit = {
        uri: 'urn:x:1',
        serial: '[)>RS06GS'.repeat(13),
        product: 'pcb-1',
        station: 'aoi-top',
        judgedAt: '2026-01-02T03:04:05.678Z',
        place: 'shipped',
        pallet: 'pallet/P00002',
        shipment: 'shipment/S00002',
        customer: 'customer/meters-co',
        order: 'order/PO-00001',
        into: null,
        disposition: 'release',
        certain: true,
        held: false,
        aliases: [`urn:x:${'a'.repeat(120)}`],
      }
      await page.route('**/api/recall?*', (route) =>
        route.fulfill({
          json: {
            target: 'lot/L1',
            of: [],
            at: unit.judgedAt,
            certain: 1,
            probable: 0,
            places: { shipped: 1 },
            cut: false,
            units: [unit],
          },
        }),
      )
      await page.goto(`${at.url}/lot/L1`)
      for (const width of [1366, 1920]) {
        await page.setViewportSize({ width, height: 768 })
        const where = page.getByText('shipment/S00002', { exact: false })
        await where.waitFor()
        const box = await where.boundingBox()
        expect((box?.x ?? width) + (box?.width ?? 0), `${width} px`).toBeLessThan(width)
        await screenshot(page, `lot-long-serial-${width}`)
      }
      await page.context().close()
    })

    it('has every page and the language in reach on a tablet', async () => {
      const { page } = await openPage(browser, 'en')
      await page.setViewportSize({ width: 820, height: 1180 })
      for (const path of ['/', '/modules/lean', '/system']) {
        await page.goto(at.url + path)
        await visible(page, en.run.running)
        expect(await runsOff(page), path).toEqual([])
      }
      await page.getByText('中文').click()
      await visible(page, '安灯')
      await screenshot(page, 'tablet-zh')
      await page.context().close()
    })
  },
)
