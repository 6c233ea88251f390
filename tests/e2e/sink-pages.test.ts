import type { Browser, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { en } from '../../dashboard/web/i18n/en.ts'
import { zh } from '../../dashboard/web/i18n/zh.ts'
import type { Served } from '../unit/samples/dashboard-serve.ts'
import { noBrowser, openPage, screenshot } from './dashboard-browser.ts'
import { servePages } from './serve-pages.ts'
import { runsOff } from './dashboard-look.ts'

const WORDS = { en, zh } as const
const DEAD = 23

describe.skipIf(noBrowser !== null)(`sinks in Chromium${noBrowser ? `: ${noBrowser}` : ''}`, () => {
  let browser: Browser
  let at: Served

  servePages(3, (served) => ({ browser, at } = served))

  const visible = (page: Page, text: string): Promise<void> =>
    page.getByText(text, { exact: false }).first().waitFor({ state: 'visible', timeout: 15_000 })

  it('are not on the page of a line that has none', async () => {
    const { page, complaints } = await openPage(browser, 'en')
    await page.goto(`${at.url}/system`)
    await visible(page, en.system.ready)
    expect(await page.getByText(en.sinks.title).count()).toBe(0)
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it.each(['en', 'zh'] as const)(
    'show where they are, what they did not take, and send it again (%s)',
    async (language) => {
      const w = WORDS[language]
      const reason = 'HTTP 503 from https://mes.example.com/a/rather/long/path/to/the/receiver/of/events'
      const retrying = { position: 1041, attempts: 6, reason, since: '2026-01-05T06:00:00.000Z' }
      at.line.state.sinks.splice(
        0,
        2,
        { sink: 'mes', position: 1040, delivered: 9, dead: 0, retrying, lastDead: null },
        { sink: 'broker', position: 1052, delivered: 9, dead: 0, retrying: null, lastDead: null },
      )
      at.line.sinkRows.splice(
        0,
        2,
        { sink: 'mes', position: 1040, end: 1052, behind: 12, retrying, dead: DEAD },
        { sink: 'broker', position: 1052, end: 1052, behind: 0, retrying: null, dead: 0 },
      )
      at.line.letters.splice(
        0,
        DEAD,
        ...Array.from({ length: DEAD }, (_, i) => ({
          position: 900 - i,
          state: 'dead' as const,
          type: 'qe.inspection.completed.v1',
          subject: `unit/SL${900 - i}`,
          attempts: 1,
          reason: reason.replace('503', '422'),
          at: '2026-01-05T05:12:40.113Z',
        })),
      )
      at.line.replays.length = 0
      const { page, complaints } = await openPage(browser, language)
      await page.addInitScript(`localStorage.setItem('sightline.name', 'li')`)
      await page.goto(`${at.url}/system`)
      await visible(page, w.sinks.title)
      await visible(page, reason)
      await visible(page, '1,040')
      await page.locator('[data-sink="broker"]').getByText(w.sinks.upToDate).waitFor()

      const mes = page.locator('[data-sink="mes"]')
      await mes.locator('[data-sink-letters]').click()
      await page.locator('[data-letter="881"]').waitFor()
      expect(await page.locator('[data-letter]').count()).toBe(20)
      await mes.getByText(w.sinks.more).click()
      await page.locator('[data-letter="878"]').waitFor()
      await screenshot(page, `sinks-${language}`)
      for (const [width, height] of [
        [1920, 1080],
        [1280, 800],
      ] as const) {
        await page.setViewportSize({ width, height })
        await page.waitForTimeout(300)
        expect(await runsOff(page), `at ${width} px`).toEqual([])
      }

      const dialog = page.locator('.ant-modal')
      const confirm = async (): Promise<void> => {
        await dialog.locator('.ant-btn-primary').click()
        await dialog.waitFor({ state: 'hidden' })
      }
      await page.locator('[data-sink-replay="mes"]').click()
      await visible(page, w.sinks.means)
      expect(at.line.replays).toEqual([])
      await page.waitForTimeout(300)
      await screenshot(page, `sinks-replay-${language}`)
      await confirm()
      await page.locator('[data-sink-replay="broker"]').click()
      // Without a position there is nothing to confirm.
      expect(await dialog.locator('.ant-btn-primary').isDisabled()).toBe(true)
      await dialog.locator('input[role=spinbutton]').fill('1000')
      await confirm()
      expect(at.line.replays).toEqual([
        { sink: 'mes', by: 'li' },
        { sink: 'broker', from: 1000, by: 'li' },
      ])
      expect(complaints).toEqual([])
      await page.context().close()
    },
    60_000,
  )
})
