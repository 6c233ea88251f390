import type { Browser } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { uuidv7 } from '../../contracts/index.ts'
import { en } from '../../dashboard/web/i18n/en.ts'
import type { Served } from '../unit/samples/dashboard-serve.ts'
import { noBrowser, openPage } from './dashboard-browser.ts'
import { servePages } from './serve-pages.ts'

describe.skipIf(noBrowser !== null)(`a dialog in Chromium${noBrowser ? `: ${noBrowser}` : ''}`, () => {
  let browser: Browser
  let at: Served

  servePages(3, (served) => ({ browser, at } = served))

  it('takes what is typed into its first empty field, keeps the focus, and gives it back to what opened it', async () => {
    const { page } = await openPage(browser, 'en')
    await page.goto(`${at.url}/part/${at.line.parts.at(-1)?.row.inspectionId}`)
    const review = page.locator('[data-review="pass"]')
    await review.focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog')
    const [by, reason] = [dialog.getByLabel(en.deed.by), dialog.locator('textarea')]
    await by.and(page.locator(':focus')).waitFor()
    await page.keyboard.type('qa.lin')
    await page.keyboard.press('Tab')
    await page.keyboard.type('scratch')
    expect([await by.inputValue(), await reason.inputValue()]).toEqual(['qa.lin', 'scratch'])
    // Round the dialog, by the frame of the browser, and never to what lies behind it.
    for (let nth = 0; nth < 12; nth++) {
      await page.keyboard.press('Tab')
      expect(await page.locator('#root :focus').count(), `Tab ${nth}`).toBe(0)
    }
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await review.and(page.locator(':focus')).waitFor()
    await page.context().close()
  })
  it('on the page Review decides over what others decided since about a part that was found good, and says what', async () => {
    const row = at.line.judge({ serial: 'SN-GOOD' }).row
    Object.assign(row, { disposition: 'hold', decision: null })
    const { page } = await openPage(browser, 'en')
    await page.addInitScript(`localStorage.setItem('sightline.name', 'li')`)
    let waiting: object[] = [{ ...row, result: 'inconclusive', samples: ['grey'], image: row.image?.sha256 }]
    await page.route('**/api/life/reviews*', (route) => {
      if (route.request().method() === 'POST') waiting = []
      const counts = { waiting: waiting.length, waitingAudit: 0, notKept: 0, reviewed: 0 }
      return route.fulfill({ json: { counts, waiting, done: [] } })
    })
    const overs: unknown[] = []
    await page.route('**/api/trace/events', (route) => {
      overs.push((route.request().postDataJSON() as { over: unknown }).over)
      return route.fulfill({ status: 409, json: { code: 'TRC_DECIDED', message: 'somebody else has' } })
    })
    await page.goto(`${at.url}/review`)
    await page.waitForSelector('[data-answer="x"]:not([disabled])')
    await page.keyboard.press('p')
    const still = page.locator(`[data-still="${row.inspectionId}"]`)
    await still.getByText(`“${en.disposition.hold}”`).waitFor()
    const dialog = page.getByRole('dialog')
    const decide = async (): Promise<void> => {
      await still.getByRole('button').click()
      await dialog.locator('.ant-btn-primary').click()
      await dialog.getByText('somebody else has').waitFor()
    }
    const said = { fact: uuidv7(), by: 'zhang', reason: 'cracked', at: row.at }
    Object.assign(row, { disposition: 'scrap', decision: { ...said, disposition: 'scrap' } })
    for (let times = 0; times < 2; times++) {
      await decide()
      await still.getByText(`“${en.disposition.scrap}”`).waitFor()
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
    }
    expect(overs).toEqual([null, said.fact])
    Object.assign(row, { disposition: 'release', decision: { ...said, disposition: 'release' } })
    await decide()
    await still.waitFor({ state: 'hidden' })
    // Why it was refused stays to be read.
    expect(await dialog.innerText()).toContain('somebody else has')
    await page.context().close()
  })

  it('on the page Review says what others decide while a part is looked at, and answers nothing at that moment', async () => {
    const row = at.line.judge({ serial: 'SN-SEEN' }).row
    Object.assign(row, { disposition: 'hold', decision: null })
    const { page } = await openPage(browser, 'en')
    await page.addInitScript(`localStorage.setItem('sightline.name', 'li')`)
    const waiting = [{ ...row, result: 'inconclusive', samples: ['grey'], image: row.image?.sha256 }]
    const counts = { waiting: 1, waitingAudit: 0, notKept: 0, reviewed: 0 }
    await page.route('**/api/life/reviews*', (route) =>
      route.fulfill({ json: { counts, waiting, done: [] } }),
    )
    const overs: unknown[] = []
    await page.route('**/api/trace/events', (route) => {
      overs.push((route.request().postDataJSON() as { over: unknown }).over)
      return route.fulfill({ json: {} })
    })
    await page.goto(`${at.url}/review`)
    const good = page.locator('[data-answer="r"]:not([disabled])')
    await good.waitFor()
    // The key meets the page in the moment that it says what was decided.
    await page.evaluate(`new MutationObserver((_, observer) => {
      if (!document.querySelector('[data-decision]')) return
      observer.disconnect()
      window.dispatchEvent(new KeyboardEvent('keydown', { key: 'r' }))
    }).observe(document.body, { subtree: true, childList: true })`)
    const said = { fact: uuidv7(), by: 'zhang', reason: 'cracked', at: row.at }
    Object.assign(row, { disposition: 'scrap', decision: { ...said, disposition: 'scrap' } })
    const decided = page.locator('[data-decision="scrap"]')
    await decided.waitFor()
    expect(await decided.innerText()).toContain('cracked (zhang')
    await page.waitForSelector('[data-ignored]')
    await good.waitFor()
    expect(overs).toEqual([])
    await page.keyboard.press('r')
    await expect.poll(() => overs).toEqual([said.fact])
    await page.context().close()
  })
  it('about a hold stays, with what was written, when the hold is released elsewhere', async () => {
    const { page } = await openPage(browser, 'en')
    const hold = {
      id: uuidv7(),
      target: 'urn:sightline:lot:line:L7',
      reason: 'pits',
      by: 'li',
      at: '2026-01-05T06:00:00.000Z',
      releasedAt: null as string | null,
      originLog: null,
    }
    let asks = 0
    await page.route('**/api/holds', (route) => {
      asks += 1
      return route.fulfill({ json: [hold] })
    })
    await page.goto(`${at.url}/holds`)
    await page.locator(`[data-hold-target="${hold.target}"]`).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText(en.holds.release.replace('{{name}}', 'lot/L7')).waitFor()
    await dialog.locator('textarea').fill('all looked at')
    hold.releasedAt = hold.at
    const before = asks
    await expect.poll(() => asks).toBeGreaterThan(before + 1)
    expect(await page.locator('[data-hold-target]').count()).toBe(0)
    expect(await dialog.locator('textarea').inputValue()).toBe('all looked at')
    await page.context().close()
  })
  it('on the page Holds does not take a question that failed for a hold without parts', async () => {
    const { page } = await openPage(browser, 'en')
    const hold = { id: uuidv7(), target: 'lot/L7', reason: 'pits', by: 'li', at: '2026-01-05T06:00:00.000Z' }
    await page.route('**/api/holds', (route) =>
      route.fulfill({ json: [{ ...hold, releasedAt: null, originLog: null }] }),
    )
    let status = 503
    await page.route('**/api/recall?*', (route) =>
      route.fulfill({ status, json: { code: 'TRC_BUSY', message: 'TRC_BUSY: later', zh: 'TRC_BUSY:稍后' } }),
    )
    await page.goto(`${at.url}/holds`)
    await page.getByRole('button', { name: en.error.retry }).waitFor()
    expect(await page.getByText(en.holds.noParts).count()).toBe(0)
    status = 404
    await page.getByRole('button', { name: en.error.retry }).click()
    await page.getByText(en.holds.noParts).waitFor()
    await page.context().close()
  })
  it('offers no hold on a lot that nobody named', async () => {
    const { page } = await openPage(browser, 'en')
    for (const path of ['/lot', '/lot?name=', '/lot?name=%20', '/lot/']) {
      await page.goto(`${at.url}${path}`)
      await page.getByText(en.error.noPage).waitFor()
      expect(await page.locator('[data-hold-target]').count(), path).toBe(0)
    }
    await page.context().close()
  })
})
