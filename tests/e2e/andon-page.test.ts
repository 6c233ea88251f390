import { describe, expect, it } from 'vitest'
import type { Browser } from 'playwright-core'
import { serve, type Served } from '../unit/samples/dashboard-serve.ts'
import { PAGES, noBrowser, openPage, screenshot } from './dashboard-browser.ts'
import { servePages } from './serve-pages.ts'

/** A bad shift: eight alarms of six kinds. */
const ALARMS = [
  'fault',
  'consecutive',
  'escape-found',
  'escape-found',
  'escape-found',
  'review-overdue',
  'score-drift',
  'same-place',
]

describe.skipIf(noBrowser !== null)(
  `the screen on the wall in Chromium${noBrowser ? `: ${noBrowser}` : ''}`,
  () => {
    let browser: Browser

    servePages(1, (served) => ({ browser } = served))

    it.each([1, 3])('has all of %i stations within the screen below the alarms of a bad shift', async (n) => {
      const own: Served = await serve(0, { webDir: PAGES })
      const { live, state } = own.line
      const { stations, ...info } = live.info()
      const ids = Array.from({ length: n }, (_, i) => `s${i + 1}`)
      live.info = () => ({
        ...info,
        stations: ids.flatMap((id) => stations.slice(0, 1).map((s) => ({ ...s, id }))),
      })
      for (const [i, station] of ids.entries()) own.line.judge({ station, trigger: i, grey: true, flaws: [] })
      state.alarms.push(
        ...ALARMS.map((alarm, i) => ({
          station: 's1',
          alarm,
          since: `2026-01-02T03:04:0${i}.678Z`,
          code: 'MDL_ESCAPE' as const,
          message: { en: `SL0000000${i} passed by sample-board@1 is bad`, zh: `SL0000000${i} 不合格` },
        })),
      )
      const { page } = await openPage(browser, 'en')
      await page.goto(`${own.url}/andon`)
      for (const [width, height] of [
        [1366, 768],
        [1024, 768],
        [1920, 1080],
      ] as const) {
        await page.setViewportSize({ width, height })
        await page.locator('.andon-word').first().waitFor()
        await page.locator('.alarm').first().waitFor()
        await screenshot(page, `andon-alarms-${n}-${width}`)
        expect(
          await page.evaluate(`[...document.querySelectorAll('.andon-station')].flatMap((station) => {
            const own = station.getBoundingClientRect()
            return [station, ...station.querySelectorAll('*')]
              .map((e) => [e.className || e.tagName, e.getBoundingClientRect()])
              .filter(([, box]) => box.bottom > Math.min(own.bottom, innerHeight) + 1 || box.top < own.top - 1)
              .map(([name]) => String(name.baseVal ?? name))
          })`),
          `${width} × ${height}`,
        ).toEqual([])
      }
      await page.context().close()
      await own.dashboard.close()
    })

    it.each(['andon', 'system'])(
      'says on %s what is degraded before the alarms that wait for a person',
      async (path) => {
        const own: Served = await serve(0, { webDir: PAGES })
        const { state } = own.line
        state.alarms.push(
          ...['escape-found', 'consecutive', 'escape-found', 'review-overdue'].map((alarm, i) => ({
            station: 'st10-top',
            alarm,
            since: `2026-01-02T03:04:0${i}.678Z`,
            code: 'MDL_ESCAPE' as const,
            message: { en: alarm, zh: alarm },
          })),
        )
        state.degraded.push({ id: 'provider', text: { en: 'CPU instead of CUDA', zh: '推理在 CPU 上运行' } })
        const { page } = await openPage(browser, 'en')
        await page.goto(`${own.url}/${path}`)
        await page.locator('.alarm').first().waitFor()
        const all = (await page.locator('.alarm').allTextContents()).map(
          (words) => /CPU instead of CUDA|consecutive|escape-found|review-overdue/.exec(words)?.[0],
        )
        expect([...new Set(all)]).toEqual([
          'consecutive',
          'CPU instead of CUDA',
          'escape-found',
          'review-overdue',
        ])
        await page.context().close()
        await own.dashboard.close()
      },
    )
  },
)
