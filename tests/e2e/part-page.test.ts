import type { Browser } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { uuidv7 } from '../../contracts/index.ts'
import type { UnitLife } from '../../dashboard/index.ts'
import type { PartAnswer } from '../../dashboard/web/api/types.ts'
import { en } from '../../dashboard/web/i18n/en.ts'
import type { Served } from '../unit/samples/dashboard-serve.ts'
import { noBrowser, openPage } from './dashboard-browser.ts'
import { servePages } from './serve-pages.ts'
import { viewOf } from './dashboard-look.ts'

describe.skipIf(noBrowser !== null)(`a part's page in Chromium${noBrowser ? `: ${noBrowser}` : ''}`, () => {
  let browser: Browser
  let at: Served

  servePages(20, (served) => ({ browser, at } = served))

  it('shows nothing of the former part while the next one is waited for, and keeps the zoom and how far it is scrolled', async () => {
    const { page } = await openPage(browser, 'en')
    const [older, newer] = at.line.parts.filter((p) => p.row.image !== null).slice(-2)
    if (!older || !newer) throw new Error('the sample line has no two parts with a picture')
    let answer = (): void => {}
    const held = new Promise<void>((resolve) => (answer = resolve))
    await page.route(`**/api/parts/${older.row.inspectionId}*`, async (route) => {
      await held
      await route.fallback()
    })
    await page.setViewportSize({ width: 1200, height: 400 })
    await page.goto(`${at.url}/part/${newer.row.inspectionId}`)
    await page.waitForSelector('canvas[data-image][data-scale]')
    await page.keyboard.press('1')
    await expect.poll(async () => (await viewOf(page)).scale).toBe(1)
    const scrolled = (): Promise<number> => page.evaluate('window.scrollY')
    await page.evaluate('window.scrollTo(0, 150)')
    await expect.poll(scrolled).toBe(150)
    await page.keyboard.press('j')
    await page.waitForURL(`**/part/${older.row.inspectionId}*`)
    await expect.poll(() => page.locator('.viewer canvas').isVisible()).toBe(false)
    expect(await page.locator('main').innerText()).not.toContain(newer.row.serial)
    expect(await page.title()).not.toContain(newer.row.serial)
    expect(await scrolled()).toBe(150)
    answer()
    await page.waitForSelector(`[data-inspection="${older.row.inspectionId}"] canvas[data-image]`)
    expect((await viewOf(page)).scale).toBe(1)
    expect(await scrolled()).toBe(150)
    expect(await page.title()).toContain(older.row.serial)
    await page.context().close()
  })

  it('shows by itself what others did meanwhile: a review, a hold, and a newer part', async () => {
    const { page } = await openPage(browser, 'en')
    const part = at.line.judge({ serial: 'SN-WATCHED' })
    await page.goto(`${at.url}/part/${part.row.inspectionId}`)
    await page.getByText(en.review.noneDone).waitFor()
    const newer = page.locator('.part-nav button').first()
    expect(await newer.isDisabled()).toBe(true)
    await page.locator('[data-review="pass"]').click()
    await page.getByRole('dialog').locator('textarea').fill('the lid is on')
    at.line.judge()
    part.reviews.push({
      before: 'pass',
      after: 'fail',
      reviewer: 'zhang',
      reason: 'a crack at the rim',
      at: new Date().toISOString(),
    } as never)
    await page.getByText('a crack at the rim').waitFor()
    await expect.poll(() => newer.isDisabled()).toBe(false)
    // What is being written stays.
    expect(await page.getByRole('dialog').locator('textarea').inputValue()).toBe('the lid is on')
    await page.context().close()
  })

  it('keeps a dialog that is open, and why it was refused, when what it is about is decided by others', async () => {
    const { page } = await openPage(browser, 'en')
    const part = at.line.judge({ serial: 'SN-DECIDED' })
    await page.route('**/api/trace/events', (route) => {
      part.siblings = at.line.judge({ serial: 'SN-DECIDED' }).siblings
      return route.fulfill({ status: 409, json: { code: 'TRC_CONFLICT', message: 'there is a later one' } })
    })
    await page.goto(`${at.url}/part/${part.row.inspectionId}`)
    await page.locator('[data-dispose]').first().click()
    const dialog = page.getByRole('dialog')
    await dialog.locator('input[type="text"]').fill('li')
    await dialog.locator('textarea').fill('it is good')
    await dialog.getByRole('button', { name: en.dispose.confirm }).click()
    // The page knows of the later inspection, for which alone something can be decided.
    await expect.poll(() => page.locator('.life .chip').count()).toBe(1)
    await expect.poll(() => page.locator('.life a').count()).toBe(1)
    await dialog.getByText('there is a later one').waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    expect(await page.locator('[data-dispose]:visible').count()).toBe(0)
    await page.context().close()
  })

  it('decides over what stood when the dialog was opened, not over what others decided meanwhile', async () => {
    const { page } = await openPage(browser, 'en')
    const part = at.line.judge({ serial: 'SN-TWICE' })
    const sent: unknown[] = []
    await page.route('**/api/trace/events', (route) => {
      sent.push(route.request().postDataJSON())
      return route.fulfill({ status: 409, json: { code: 'TRC_DECIDED', message: 'somebody else has' } })
    })
    await page.goto(`${at.url}/part/${part.row.inspectionId}`)
    const decideAs = async (name: string): Promise<void> => {
      const dialog = page.getByRole('dialog')
      await dialog.locator('input[type="text"]').fill(name)
      await dialog.locator('textarea').fill('it is good')
      await dialog.getByRole('button', { name: en.dispose.confirm }).click()
      await dialog.getByText('somebody else has').waitFor()
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
    }
    await page.locator('[data-dispose]').first().click()
    const fact = uuidv7()
    const at0 = new Date().toISOString()
    part.row.decision = { fact, disposition: 'scrap', by: 'zhang', reason: 'cracked', at: at0 }
    await page.locator('[data-decision="scrap"]').waitFor()
    await decideAs('li')
    await page.locator('[data-dispose]').first().click()
    await decideAs('wang')
    expect(sent).toMatchObject([
      { by: 'li', over: null },
      { by: 'wang', over: fact },
    ])
    await page.context().close()
  })

  it('keeps a dialog for a hold when another hold comes, with the words of what it holds', async () => {
    const { page } = await openPage(browser, 'en')
    const part = at.line.judge({ serial: 'SN-HELD' })
    let hold: object | null = null
    await page.route('**/api/parts/SN-HELD/life*', async (route) => {
      const answer = await route.fetch()
      const { units } = (await answer.json()) as { units: object[] }
      await route.fulfill({ json: { units: units.map((u) => ({ ...u, hold })) } })
    })
    await page.goto(`${at.url}/part/${part.row.inspectionId}`)
    await page.getByRole('button', { name: en.holds.hold.replace('{{name}}', en.holds.part) }).click()
    const dialog = page.getByRole('dialog')
    const title = await dialog.locator('.ant-modal-title').innerText()
    await dialog.locator('textarea').fill('a crack')
    hold = { id: 'h1', target: 'urn:sightline:lot:LOT-2407', at: part.row.at, by: 'zhang', reason: 'dust' }
    await page.locator('[data-hold="h1"]').waitFor()
    expect(await dialog.locator('textarea').inputValue()).toBe('a crack')
    expect(await dialog.locator('.ant-modal-title').innerText()).toBe(title)
    await page.context().close()
  })

  it.each(['..', '%2F', 'a/b #1?c=%41&d', 'אבג <b>1</b>'])(
    'leads to the page of lot %s, and of no other',
    async (lot) => {
      const { page } = await openPage(browser, 'en')
      const part = at.line.judge()
      part.row.lot = lot
      const asked: (string | null)[] = []
      page.on('request', (request) => {
        const { pathname, searchParams } = new URL(request.url())
        if (pathname === '/api/recall') asked.push(searchParams.get('target'))
      })
      await page.goto(`${at.url}/part/${part.row.inspectionId}`)
      await page.locator('.verdict-panel').getByRole('link', { name: lot, exact: true }).click()
      await page.locator('h2').getByText(lot, { exact: true }).waitFor()
      expect(asked).toEqual([`lot/${lot}`])
      expect(await page.title()).toContain(`${lot} · `)
      await page.reload()
      await page.locator('h2').getByText(lot, { exact: true }).waitFor()
      await page.context().close()
    },
  )

  it('counts the defects of an inspection in the life of its part whole, where it is given but some', async () => {
    const { page } = await openPage(browser, 'en')
    const part = at.line.parts.find((p) => p.row.result === 'fail')
    await page.route('**/api/parts/*/life*', async (route) => {
      const { units } = (await (await route.fetch()).json()) as { units: UnitLife[] }
      const of = {
        ...part?.row,
        defectCount: (part?.row.defects.length ?? 0) + 250,
        recipeSha256: '',
        shift: '',
      }
      const none = { images: [], measurements: [], models: [], rules: [], reviews: [], material: null }
      const entry = { position: part?.row.position, at: part?.row.at, what: 'inspected', supersededBy: null }
      for (const unit of units) {
        unit.inspections.items = [{ ...of, ...none }] as never
        unit.timeline = { total: 1, entries: [entry] } as never
      }
      await route.fulfill({ json: { units } })
    })
    await page.goto(`${at.url}/part/${part?.row.inspectionId}`)
    await page.locator('.life-inspection').getByText('+250').waitFor()
    await page.context().close()
  })

  it('says why a code that was read names no part', async () => {
    const { page } = await openPage(browser, 'en')
    const part = at.line.parts.find((p) => p.row.result === 'fail')
    await page.route(`**/api/parts/${part?.row.inspectionId}*`, async (route) => {
      const answer = (await (await route.fetch()).json()) as PartAnswer
      answer.part.row.identifiedBy = 'trigger'
      for (const code of answer.part.verdict.codes) if (code.ok) code.text = '板子-001'
      await route.fulfill({ json: answer })
    })
    await page.goto(`${at.url}/part/${part?.row.inspectionId}`)
    await page.getByText(en.identifiedBy.unnamed).waitFor()
    await page.locator('.code-read', { hasText: '板子-001' }).getByText(en.codes.notPlain).waitFor()
    await page.context().close()
  })

  it('lists the first of thousands of findings, the condemned ones among them, and all when asked', async () => {
    const { page } = await openPage(browser, 'en')
    const part = at.line.parts.find((p) => p.row.result === 'fail')
    await page.route(`**/api/parts/${part?.row.inspectionId}*`, async (route) => {
      const answer = (await (await route.fetch()).json()) as PartAnswer
      const { verdict } = answer.part
      const [one] = verdict.findings
      if (one) for (let n = 0; n < 3_000; n++) verdict.findings.unshift({ ...one, id: `more${n}` })
      await route.fulfill({ json: answer })
    })
    await page.goto(`${at.url}/part/${part?.row.inspectionId}`)
    const rows = page.locator('[data-finding]')
    await rows.first().waitFor()
    expect(await rows.count()).toBe(200)
    expect(await rows.locator('.tone-fail').count()).toBe(part?.row.defects.length)
    await page.getByRole('button', { name: /^Show all 30\d\d$/ }).click()
    await expect.poll(() => rows.count()).toBeGreaterThan(3_000)
    await page.context().close()
  })

  it('says that the life of a part, and a hold on it, cannot be had', async () => {
    const { page } = await openPage(browser, 'en')
    let refused = true
    await page.route('**/api/parts/*/life*', (route) =>
      refused
        ? route.fulfill({ status: 503, json: { code: 'TRC_QUERY', message: 'the query ended' } })
        : route.fallback(),
    )
    await page.goto(`${at.url}/part/${at.line.parts.at(-1)?.row.inspectionId}`)
    const panel = page.locator('.panel', { hasText: en.unitLife.title })
    await panel.getByText('the query ended').waitFor()
    refused = false
    await panel.getByText(en.unitLife.siblings).waitFor()
    await page.context().close()
  })
})
