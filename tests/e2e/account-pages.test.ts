import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AccountBook } from '../../bin/accounts/account-book.ts'
import { en } from '../../dashboard/web/i18n/en.ts'
import { zh } from '../../dashboard/web/i18n/zh.ts'
import { serve, type Served } from '../unit/samples/dashboard-serve.ts'
import { PAGES, launch, noBrowser, openPage, screenshot } from './dashboard-browser.ts'
import { runsOff } from './dashboard-look.ts'

/** As a reverse proxy with https hands on what comes from another machine. */
const AFAR = { 'x-forwarded-for': '10.0.0.9', 'x-forwarded-proto': 'https' }
const PASSWORD = 'a long password'
const by = { by: 'test', from: 'here' }

describe.skipIf(noBrowser !== null)(`accounts in Chromium${noBrowser ? `: ${noBrowser}` : ''}`, () => {
  let dir: string
  let book: AccountBook
  let at: Served
  let browser: Browser

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'sightline-accounts-'))
    book = AccountBook.open(dir)
    await book.add({ id: 'li.wei', name: 'Li Wei', role: 'qa', password: PASSWORD }, by)
    at = await serve(3, { accounts: book, webDir: PAGES })
    browser = await launch()
  }, 180_000)
  afterAll(async () => {
    await browser?.close()
    await at?.dashboard.close()
    book?.close()
    rmSync(dir, { recursive: true, force: true })
  })

  it.each([
    ['en', en],
    ['zh', zh],
  ] as const)(
    'let somebody at another machine answer for what is done (%s)',
    { timeout: 90_000 },
    async (language, w) => {
      const { page, complaints } = await openPage(browser, language)
      await page.setExtraHTTPHeaders(AFAR)
      await page.goto(`${at.url}/holds`)
      await page.getByRole('button', { name: w.account.signIn }).click()
      await page.getByLabel(w.account.id).fill('li.wei')
      // WCAG 2.2, 2.5.8: 24 × 24 px at least.
      const eye = await page.locator('.ant-input-password-icon').boundingBox()
      expect(Math.min(eye?.width ?? 0, eye?.height ?? 0)).toBeGreaterThanOrEqual(24)
      await page.getByLabel(w.account.password, { exact: true }).fill('wrong')
      const dialog = page.locator('.ant-modal-content, .ant-modal-container').last()
      await dialog.getByRole('button', { name: w.account.signIn }).click()
      await page.locator('.ant-modal .ant-alert-error').waitFor()
      await page.getByLabel(w.account.password, { exact: true }).fill(PASSWORD)
      await page.getByLabel(w.account.password, { exact: true }).press('Enter')
      await page.locator('[data-account="li.wei"]').waitFor()
      // The name stands in what is signed.
      const [part] = await at.line.queries.recentParts({ limit: 1 })
      await page.goto(`${at.url}/part/${part?.inspectionId}`)
      await page.locator('[data-dispose], [data-hold-target]').first().click()
      const signed = page.locator('.ant-modal').getByLabel(w.deed.by)
      expect([await signed.inputValue(), await signed.isDisabled()]).toEqual(['Li Wei', true])
      await page.goto(`${at.url}/accounts`)
      await page.getByText('API_ROLE').first().waitFor()
      await page.locator('[data-account="li.wei"]').click()
      await page.getByRole('menuitem', { name: w.account.signOut }).click()
      await page.locator('[data-account=""]').waitFor()
      // What the browser itself says of refusals that were meant.
      expect(complaints.filter((c) => !/401|403/.test(c))).toEqual([])
      await page.context().close()
    },
  )

  it.each([
    ['en', en],
    ['zh', zh],
  ] as const)(
    'are made, given a token and removed at the line PC (%s)',
    { timeout: 90_000 },
    async (language, w) => {
      const { page, complaints } = await openPage(browser, language)
      await page.goto(`${at.url}/`)
      await page.locator('[data-account=""]').click()
      await page.getByRole('menuitem', { name: w.account.all }).click()
      await page.locator('[data-account-row="li.wei"]').waitFor()
      await page.locator('.account-form').getByText(w.account.kinds.machine).click()
      await page.locator('.account-form').getByLabel(w.account.id).fill('mes')
      await page.locator('.account-form').getByRole('button', { name: w.account.add }).click()
      const token = await page.locator('[data-token]').textContent()
      expect(book.byToken(token ?? '')).toMatchObject({ id: 'mes', role: 'viewer', kind: 'machine' })
      expect(await runsOff(page)).toEqual([])
      await screenshot(page, `accounts-${language}`)
      const row = page.locator('[data-account-row="mes"]')
      await row.getByRole('button', { name: w.account.remove }).click()
      await page.locator('.ant-modal-footer').getByRole('button', { name: w.account.remove }).click()
      await row.waitFor({ state: 'detached' })
      expect(book.find('mes')).toBeNull()
      expect(complaints).toEqual([])
      await page.context().close()
    },
  )

  it('are shown to nobody after their administrator signed out', { timeout: 90_000 }, async () => {
    await book.add({ id: 'boss', name: 'Boss', role: 'admin', password: PASSWORD }, by)
    const { page } = await openPage(browser, 'en')
    await page.setExtraHTTPHeaders(AFAR)
    await page.goto(`${at.url}/accounts`)
    await page.getByRole('button', { name: en.account.signIn }).click()
    const dialog = page.locator('.ant-modal')
    await dialog.getByLabel(en.account.id).fill('boss')
    await dialog.getByLabel(en.account.password, { exact: true }).fill(PASSWORD)
    await dialog.getByLabel(en.account.password, { exact: true }).press('Enter')
    await page.locator('[data-account-row="boss"]').waitFor()
    await page.locator('.account-form').getByText(en.account.kinds.machine).click()
    await page.locator('.account-form').getByLabel(en.account.id).fill('scada')
    await page.locator('.account-form').getByRole('button', { name: en.account.add }).click()
    await page.locator('[data-token]').waitFor()
    await page.locator('[data-account="boss"]').click()
    await page.getByRole('menuitem', { name: en.account.signOut }).click()
    await page.locator('[data-account=""]').waitFor()
    await page.getByText('API_ROLE').first().waitFor()
    expect(await page.locator('[data-token], [data-account-row]').count()).toBe(0)
    await page.context().close()
  })

  it('leave nothing that their person was shown, and call nothing old, once they are signed out', async () => {
    const { page } = await openPage(browser, 'en')
    await page.setExtraHTTPHeaders(AFAR)
    await page.goto(`${at.url}/holds`)
    await page.locator('[data-account=""]').click()
    const dialog = page.locator('.ant-modal')
    await dialog.getByLabel(en.account.id).fill('li.wei')
    await dialog.getByLabel(en.account.password, { exact: true }).fill(PASSWORD)
    await dialog.getByLabel(en.account.password, { exact: true }).press('Enter')
    await page.locator('[data-account="li.wei"]').waitFor()
    await page.getByText(en.holds.none).waitFor()
    await page.route('**/api/holds*', (route) =>
      route.fulfill({ status: 403, json: { code: 'API_ROLE', message: 'API_ROLE: another role is needed' } }),
    )
    await page.locator('[data-account="li.wei"]').click()
    await page.getByRole('menuitem', { name: en.account.signOut }).click()
    await page.locator('[data-account=""]').waitFor()
    await page.getByText('API_ROLE').first().waitFor()
    expect(await page.getByText(en.holds.none).count()).toBe(0)
    expect(await page.locator('[data-old-answers]').count()).toBe(0)
    await page.context().close()
  })

  it('keep what was typed into a dialog where their session ended meanwhile', async () => {
    await book.add({ id: 'wang', name: 'Wang', role: 'qa', password: PASSWORD }, by)
    const { page } = await openPage(browser, 'en')
    await page.setExtraHTTPHeaders(AFAR)
    await page.goto(`${at.url}/holds`)
    const signIn = async (): Promise<void> => {
      const dialog = page.getByRole('dialog').last()
      await dialog.getByLabel(en.account.id).fill('wang')
      await dialog.getByLabel(en.account.password, { exact: true }).fill(PASSWORD)
      await dialog.getByLabel(en.account.password, { exact: true }).press('Enter')
      await page.locator('[data-account="wang"]').waitFor()
    }
    await page.locator('[data-account=""]').click()
    await signIn()
    const [part] = await at.line.queries.recentParts({ limit: 1 })
    await page.goto(`${at.url}/part/${part?.inspectionId}`)
    await page.locator('[data-hold-target]').first().click()
    const deed = page.locator('.deed').first()
    await deed.locator('textarea').fill('copper lifts at pad 12')
    await book.change('wang', { role: 'viewer' }, by)
    await book.change('wang', { role: 'qa' }, by)
    const hold = page.getByRole('dialog').first().locator('.ant-btn-primary')
    await hold.click()
    await page.locator('[data-account=""]').waitFor()
    await deed.getByRole('button', { name: en.account.signIn }).click()
    await signIn()
    expect(await deed.locator('textarea').inputValue()).toBe('copper lifts at pad 12')
    const sent = page.waitForRequest((r) => r.method() === 'POST' && r.url().endsWith('/api/trace/events'))
    await hold.click()
    expect((await sent).postDataJSON()).toMatchObject({ by: 'Wang', reason: 'copper lifts at pad 12' })
    await page.context().close()
  })

  it.each([
    ['en', en],
    ['zh', zh],
  ] as const)('are asked for on Review at another machine, not a name (%s)', async (language, w) => {
    const { page } = await openPage(browser, language)
    await page.setExtraHTTPHeaders(AFAR)
    const counts = { waiting: 0, waitingAudit: 0, notKept: 0, reviewed: 0 }
    await page.route('**/api/life/reviews*', (route) =>
      route.fulfill({ json: { counts, waiting: [], done: [] } }),
    )
    // Of somebody who worked at this browser before accounts were made, too.
    await page.addInitScript(`localStorage.setItem('sightline.name', 'Li')`)
    await page.goto(`${at.url}/review`)
    await page.getByText(w.review.signInFirst).waitFor()
    expect(await page.getByText(w.review.nameFirst).count()).toBe(0)
    await page.context().close()
  })
})
