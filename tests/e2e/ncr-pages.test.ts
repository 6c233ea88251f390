import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { en } from '../../dashboard/web/i18n/en.ts'
import { zh } from '../../dashboard/web/i18n/zh.ts'
import { serveStore, type StoreServed } from '../unit/samples/dashboard-store.ts'
import { PAGES, launch, noBrowser, openPage, screenshot } from './dashboard-browser.ts'
import { looked } from './dashboard-look.ts'

const WORDS = { en, zh } as const
/** The countermeasure in the records of the sample, as the field shows it in Shanghai. */
const CHANGE = '2026-01-05T14:01'

describe.skipIf(noBrowser !== null)(
  `pages of reports in Chromium${noBrowser ? `: ${noBrowser}` : ''}`,
  () => {
    let browser: Browser
    let at: StoreServed

    beforeAll(async () => {
      at = await serveStore(PAGES)
      browser = await launch()
    }, 180_000)
    afterAll(async () => {
      await browser?.close()
      await at?.close()
    })

    const visible = (page: Page, text: string): Promise<void> =>
      page.getByText(text, { exact: false }).first().waitFor({ state: 'visible', timeout: 15_000 })

    it('print a lot whole: every part, ink on white, with what it is and when it was printed', async () => {
      const { page } = await openPage(browser, 'en')
      await page.goto(`${at.url}/lot/L1`)
      const rows = 'document.querySelectorAll(".ant-table-tbody .ant-table-row").length'
      await page.locator('.ant-table-row').first().waitFor()
      expect(await page.evaluate(rows)).toBe(25)
      await page.evaluate(`addEventListener('beforeprint', () => {
        const at = (of) => getComputedStyle(document.querySelector(of))
        window.paper = { rows: ${rows}, head: document.querySelector('.print-head').innerText, display: at('.head').display }
      })`)
      await page.emulateMedia({ media: 'print' })
      await page.pdf({ preferCSSPageSize: true })
      expect(await page.evaluate('window.paper')).toMatchObject({
        rows: 100,
        head: expect.stringMatching(/lot\/L1 · printed \d{4}-\d\d-\d\d .* UTC\+08:00$/),
        display: 'none',
      })
      const ink = 'getComputedStyle(document.body).backgroundColor'
      expect(await page.evaluate(ink)).toBe('rgb(255, 255, 255)')
      await expect.poll(() => page.evaluate(rows)).toBe(25)
      await page.context().close()
    })

    it('print of a list of many thousands the first rows, from its first page, and say so', async () => {
      const { page } = await openPage(browser, 'en')
      await page.route('**/api/recall?*', async (route) => {
        const answer = (await (await route.fetch()).json()) as { units: { uri: string; serial: string }[] }
        const units = Array.from({ length: 1_030 }, (_, n) => ({
          ...answer.units[0],
          uri: `urn:x:${n}`,
          serial: `S${n}`,
        }))
        await route.fulfill({ json: { ...answer, units } })
      })
      await page.goto(`${at.url}/lot/L1`)
      await page.locator('.ant-pagination-item-2').click()
      await page.locator('.ant-table-row', { hasText: 'S25' }).waitFor()
      await page.evaluate(`addEventListener('beforeprint', () => {
        const rows = [...document.querySelectorAll('.ant-table-tbody .ant-table-row')]
        const shown = [...document.querySelectorAll('.ant-pagination > *')].filter((e) => e.checkVisibility())
        window.paper = [rows.length, rows[0].innerText.split('\\t')[0], shown.map((e) => e.innerText)]
      })`)
      await page.emulateMedia({ media: 'print' })
      await page.pdf({ preferCSSPageSize: true })
      expect(await page.evaluate('window.paper')).toEqual([
        1_000,
        'S0',
        ['Not all: these are the first 1,000 of 1,030 rows. The page has the others.'],
      ])
      await expect
        .poll(() => page.locator('.ant-table-tbody .ant-table-row').first().innerText())
        .toMatch(/^S25/)
      await page.context().close()
    })

    it('print charts as wide as the paper, and words without a blank within their panel', async () => {
      const { page } = await openPage(browser, 'en')
      await page.goto(`${at.url}/analysis`)
      await page.locator('.chart canvas').first().waitFor({ timeout: 60_000 })
      await page.emulateMedia({ media: 'print' })
      // At once, as on paper: nothing has painted the chart anew for its other width.
      const widths = `(() => {
        const chart = document.querySelector('.chart')
        chart.style.width = '500px'
        return [chart, chart.querySelector('canvas')].map((e) => e.getBoundingClientRect().width)
      })()`
      expect(await page.evaluate(widths)).toEqual([500, 500])
      const ncr = await page.evaluate(async () => {
        const step = async (body: object): Promise<{ ncr: string }> => {
          const headers = { 'content-type': 'application/json' }
          const send = { method: 'POST', headers, body: JSON.stringify({ ...body, by: 'li' }) }
          return (await (await fetch('/api/ncrs/steps', send)).json()) as { ncr: string }
        }
        const about = { title: 'a word', severity: 'minor', targets: ['lot/L1'] }
        const { ncr: made } = await step({ id: crypto.randomUUID(), kind: 'open', ...about })
        const whys = ['x'.repeat(500)]
        await step({ id: crypto.randomUUID(), kind: 'cause', ncr: made, category: 'man', whys })
        return made
      })
      await page.goto(`${at.url}/ncr/${ncr}`)
      await page.locator('.whys li').first().waitFor()
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0)
      await page.context().close()
    })

    it.each(['en', 'zh'] as const)(
      'lead from a row of the analysis to a closed report (%s)',
      async (language) => {
        const w = WORDS[language]
        const { page, complaints } = await openPage(browser, language)
        await page.addInitScript(`localStorage.setItem('sightline.name', 'li')`)
        const dialog = page.locator('.ant-modal')
        const confirm = async (): Promise<void> => {
          await dialog.locator('.ant-btn-primary').click()
          await dialog.waitFor({ state: 'hidden' })
        }
        await page.goto(`${at.url}/analysis?class=scratch`)
        await page.locator('[data-ncr-target="lot/L1"]').click()
        await page.locator('[data-ncr-title]').fill(`${language} scratches on L1`)
        await page.waitForTimeout(400)
        await screenshot(page, `ncr-open-${language}`)
        await confirm()
        await page.waitForURL(/\/ncr\/caps-a-/)
        await visible(page, w.ncr.state.contain)

        await page.locator('[data-ncr-contain]').click()
        await dialog.locator('.ant-checkbox-input').first().check()
        await page.waitForTimeout(300)
        await screenshot(page, `ncr-contain-${language}`)
        await dialog.locator('textarea').last().fill('stop the lot')
        await confirm()
        await visible(page, w.holds.inForce)

        // Not before its time: the refusal names what is missing, in the dialog.
        await page.locator('[data-ncr-close]').click()
        await dialog.locator('textarea').last().fill('too early')
        await dialog.locator('.ant-btn-primary').click()
        await visible(page, 'TRC_NCR')
        await screenshot(page, `ncr-refused-${language}`)
        await page.keyboard.press('Escape')
        await dialog.waitFor({ state: 'hidden' })

        await page.locator('[data-ncr-amend]').click()
        await dialog.locator('input').first().fill(`${language} scratches on L1, deep`)
        await dialog.locator('textarea').last().fill('looked again')
        await page.waitForTimeout(300)
        await screenshot(page, `ncr-amend-${language}`)
        await confirm()
        await visible(page, `${language} scratches on L1, deep`)

        await page.locator('.panel-head', { hasText: w.ncr.step.cause }).getByRole('button').click()
        await page.locator('[data-ncr-whys]').fill('parts rub\ntray too wide\nno check of trays')
        await confirm()
        await visible(page, 'tray too wide')

        await page.locator('[data-ncr-act]').click()
        await dialog.locator('textarea').fill('narrow tray')
        await dialog.locator('input').nth(0).fill('zhang')
        await dialog.locator('input[type=date]').fill('2026-01-06')
        await confirm()
        await visible(page, w.ncr.overdue.replace('{{n}}', '1'))
        await looked(page, `ncr-one-overdue-${language}`)
        await page.goto(`${at.url}/ncr`)
        await visible(page, `${language} scratches on L1`)
        await looked(page, `ncr-list-${language}`)
        await page
          .getByRole('link', { name: /caps-a-/ })
          .first()
          .click()

        await page.locator('[data-ncr-done]').click()
        await dialog.locator('textarea').fill('in use')
        await confirm()
        await page.locator('[data-ncr-verify]').click()
        await dialog.locator('input[type=datetime-local]').first().fill(CHANGE)
        await page.locator('[data-ncr-effect="true"]').waitFor({ timeout: 15_000 })
        await dialog.locator('textarea').fill('no scratches since')
        await page.waitForTimeout(300)
        await screenshot(page, `ncr-verify-${language}`)
        await confirm()
        await visible(page, 'no scratches since')

        await page.locator('[data-hold-target]').first().click()
        await dialog.locator('textarea').fill('sorted')
        await confirm()
        await visible(page, w.ncr.state.close)
        await page.locator('[data-ncr-close]').click()
        await dialog.locator('textarea').fill('all done')
        await confirm()
        await page.locator('[data-ncr-state="closed"]').waitFor()
        await looked(page, `ncr-one-closed-${language}`)

        await page.goto(`${at.url}/lot/L1`)
        await visible(page, `${language} scratches on L1`)
        await looked(page, `lot-ncr-${language}`)
        await page.goto(`${at.url}/analysis?class=scratch`)
        await page.locator('[data-ncr-target="lot/L1"]').waitFor()
        await looked(page, `analysis-ncr-${language}`)
        await page.goto(`${at.url}/holds`)
        await page.getByText(w.holds.all, { exact: true }).click()
        await page.locator('[data-ncr-target]').first().waitFor()
        await looked(page, `holds-ncr-${language}`)
        expect(complaints.filter((c) => !c.includes('409'))).toEqual([])
        await page.context().close()
      },
      120_000,
    )
  },
)
