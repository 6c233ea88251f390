import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { en } from '../../dashboard/web/i18n/en.ts'
import { zh } from '../../dashboard/web/i18n/zh.ts'
import { serveStore, type StoreServed } from '../unit/samples/dashboard-store.ts'
import { PAGES, launch, noBrowser, openPage } from './dashboard-browser.ts'
import { runsOff } from './dashboard-look.ts'

const WORDS = { en, zh } as const
interface Row {
  inspectionId: string
  station: string
  at: string
  result: string
  serial: string
}

describe.skipIf(noBrowser !== null)(`control charts${noBrowser ? `: ${noBrowser}` : ''}`, () => {
  let browser: Browser
  let at: StoreServed
  let rows: Row[]

  beforeAll(async () => {
    at = await serveStore(PAGES)
    browser = await launch()
    const answer = await fetch(`${at.url}/api/parts?limit=200`)
    rows = ((await answer.json()) as { parts: Row[] }).parts.toReversed()
  }, 180_000)
  afterAll(async () => {
    await browser?.close()
    await at?.close()
  })

  /** Four subgroups of 50, as the module lean tells them. */
  const chart = () => ({
    status: 'ok',
    needs: null,
    unit: 'ratio',
    stream: { station: rows[0]?.station },
    centre: 0.07,
    points: [0, 1, 2, 3].map((i) => {
      const own = rows.slice(i * 50, i * 50 + 50)
      const bad = own.filter((r) => r.result === 'fail').length
      return {
        label: String(i + 1),
        at: own.at(-1)?.at,
        value: bad / 50,
        n: 50,
        nonconforming: bad,
        ucl: 0.11,
        lcl: 0,
        phase: 'II',
        out: bad / 50 > 0.11 ? 'above' : null,
        firstEvent: own[0]?.inspectionId,
        lastEvent: own.at(-1)?.inspectionId,
      }
    }),
  })

  /** That the page lists the parts of the subgroup, from 1, and no others. */
  const lists = async (page: Page, subgroup: number): Promise<void> => {
    await page.waitForURL('**/parts?**')
    await page.locator('.part-row').first().waitFor()
    const serials = (await page.locator('.part-row td.mono.wrap').allTextContents()).toReversed()
    expect(serials).toEqual(rows.slice(subgroup * 50 - 50, subgroup * 50).map((r) => r.serial))
  }

  it.each(['en', 'zh'] as const)(
    'leads from a point to the parts of its subgroup, by mouse and by keyboard (%s)',
    async (language) => {
      const w = WORDS[language]
      const { page, complaints } = await openPage(browser, language)
      await page.route('**/api/m/lean/x/p-chart', (route) => route.fulfill({ json: chart() }))
      await page.goto(`${at.url}/modules/lean`)
      const drawn = page.locator('.chart').first()
      await drawn.locator('canvas').waitFor()
      const box = await drawn.boundingBox()
      if (box === null) throw new Error('no chart')
      // Far above the point of the second subgroup, within its column.
      await page.mouse.click(box.x + 52 + (box.width - 52 - 96) * 0.375, box.y + 40)
      await lists(page, 2)
      await page.getByText(w.parts.range).waitFor()
      await page.goBack()

      const table = page.locator('.subgroups')
      await table.locator('summary').focus()
      await page.keyboard.press('Enter')
      expect(await table.locator('tbody tr').first().textContent()).toContain('1 / 50')
      expect(await runsOff(page)).toEqual([])
      await page.keyboard.press('Tab')
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      await lists(page, 3)
      // The neighbours of a part stay within it.
      await page.locator('.part-row').last().click()
      await page.waitForURL('**/part/**first=**')
      // Of nothing that is recorded: not the same as a subgroup without parts.
      const none = '01a22281-f937-7000-b76a-000000000000'
      for (const [range, code] of [
        [`first=${none}`, 'API_NOT_FOUND'],
        [`first=${rows[9]?.inspectionId}&last=${rows[8]?.inspectionId}`, 'API_REQUEST'],
      ]) {
        const answer = await fetch(`${at.url}/api/parts?${range}`)
        expect(await answer.json()).toMatchObject({ code })
      }
      expect(complaints).toEqual([])
      await page.context().close()
    },
    120_000,
  )

  it('keep their dark ground under light words where the colours are those of the reader', async () => {
    const { page } = await openPage(browser, 'en')
    await page.emulateMedia({ forcedColors: 'active' })
    await page.route('**/api/m/lean/x/p-chart', (route) => route.fulfill({ json: chart() }))
    await page.goto(`${at.url}/modules/lean`)
    await page.locator('.chart canvas').first().waitFor()
    expect(await page.evaluate(`getComputedStyle(document.querySelector('.chart')).backgroundColor`)).toBe(
      'rgb(18, 24, 33)',
    )
    await page.context().close()
  })
})
