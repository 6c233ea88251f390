import { extname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, Page, Route } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ReviewsAnswer } from '../../dashboard/server/life-ports.ts'
import { en } from '../../dashboard/web/i18n/en.ts'
import { zh } from '../../dashboard/web/i18n/zh.ts'
import { PAGES, launch, noBrowser, openPage, screenshot } from './dashboard-browser.ts'
import { imagesLoaded, runsOff } from './dashboard-look.ts'
import { type CliProcess, runCli, stopped } from './line-process.ts'
import { asked } from './line-state.ts'
import { sent, type WatchedLine, watchedLine } from './watched-line.ts'

const WORDS = { en, zh } as const

describe.skipIf(noBrowser !== null)(`pages of models in Chromium${noBrowser ? `: ${noBrowser}` : ''}`, () => {
  let browser: Browser
  let at: WatchedLine
  let line: CliProcess
  let webDir: string
  let url: string

  beforeAll(async () => {
    webDir = PAGES
    at = await watchedLine('pages', 2)
    line = await at.start()
    url = String(line.ready['url'])
    browser = await launch()
    const { acceptance, data, dir, env } = at.shop
    const recipe = (id: string): string => join(dir, 'recipes', `${id}.recipe.yaml`)
    for (const id of ['ramp@2', 'ramp@3'])
      await runCli(
        `models gate --recipe ${recipe(id)} --against ${recipe('ramp@1')} --acceptance ${acceptance} --takt-ms 60000 --data ${data}`.split(
          ' ',
        ),
        env,
      )
    await sent(line, '/api/stations/s1/shadow', { recipe: 'ramp@3', by: 'li' }, 'PUT')
    while ((await reviews()).waiting.length < 7) await sleep(250)
  }, 600_000)
  afterAll(async () => {
    await browser?.close()
    if (line?.child.exitCode === null) await stopped(line)
    at?.shop.remove()
  })

  const reviews = () => asked<ReviewsAnswer>(line, '/api/life/reviews?limit=500')

  /** The pages as they are built from the sources now, over the API of the running line. */
  async function opened(language: 'en' | 'zh'): Promise<{ page: Page; complaints: string[] }> {
    const found = await openPage(browser, language)
    await found.page.setViewportSize({ width: 1920, height: 1080 })
    await found.page.route('**/*', async (route) => {
      const { pathname } = new URL(route.request().url())
      if (pathname.startsWith('/api') || pathname === '/readyz') return route.continue()
      return route.fulfill({ path: join(webDir, extname(pathname) === '' ? 'index.html' : pathname) })
    })
    return found
  }
  const visible = (page: Page, text: string): Promise<void> =>
    page.getByText(text, { exact: false }).first().waitFor({ state: 'visible', timeout: 15_000 })
  const named = async (page: Page): Promise<void> => {
    await page.addInitScript(`localStorage.setItem('sightline.name', 'li')`)
  }

  describe.each(['en', 'zh'] as const)('%s', (language) => {
    const w = WORDS[language]
    const pages: [name: string, path: string, texts: string[]][] = [
      ['models', '/models', ['ramp@1', w.models.activate, w.models.causes.line]],
      [
        'models-gates',
        '/models/gates',
        [w.models.accepted, w.models.refused, w.models.refusal.escape, 'ramp@3'],
      ],
      ['models-shadow', '/models/shadow', ['s1: ramp@3', w.models.shadowRuns, w.models.matrix]],
      ['models-drift', '/models/drift', [w.drift.restart, 's1 ramp@1']],
      ['models-audit', '/models/audit', [w.audit.title, w.audit.cannot, w.audit.stratumOf.early]],
      ['models-registry', '/models/registry', ['bright-1', w.registry.family, 'pcb-pair']],
      ['review', '/review', [w.review.nameFirst, w.review.machine, w.review.noneDone]],
      ['holds', '/holds', [w.holds.none]],
      ['lot', '/lot/L7', ['L7', w.holds.holdNow, 'EPCIS']],
      ['lot-none', '/lot/nobody', [w.holds.unknownLot.replace('{{lot}}', 'nobody')]],
    ]
    it.each(pages)(
      'shows %s at three widths',
      async (name, path, texts) => {
        const { page, complaints } = await opened(language)
        await page.goto(url + path)
        for (const text of texts) await visible(page, text)
        await imagesLoaded(page)
        for (const [width, height] of [
          [1920, 1080],
          [1440, 1080],
          [1280, 800],
        ] as const) {
          await page.setViewportSize({ width, height })
          await page.waitForTimeout(300)
          await screenshot(page, `${name}-${language}-${width}`)
          expect(await runsOff(page), 'nothing runs off the side of the screen').toEqual([])
        }
        const expected = name === 'lot-none' ? ['status of 404'] : []
        expect(complaints.filter((c) => !expected.some((e) => c.includes(e)))).toEqual([])
        await page.context().close()
      },
      90_000,
    )
  })

  it('reviews by keyboard, offers a hold for an escape, and takes the decision back', async () => {
    const { page } = await opened('en')
    await page.goto(`${url}/review`)
    await page.waitForSelector('canvas[data-image]')
    await page.keyboard.press('c')
    await page.waitForTimeout(400)
    expect((await reviews()).counts.reviewed, 'nobody decides without a name').toBe(0)
    await page.getByRole('textbox', { name: en.deed.by }).fill('li')
    // Audit samples are passed parts.
    await page.locator('.toolbar').getByText(en.review.filter.audit, { exact: true }).click()
    await page.waitForSelector('[data-answer="c"]:not([disabled])')
    expect(await page.locator('[data-keys]').innerText()).toContain(en.review.keysTurn)
    await page.route('**/api/life/reviews', (route) => sleep(1_000).then(() => route.fallback()))
    await page.keyboard.press('c')
    await page.waitForSelector('[data-answer="c"][disabled]')
    await page.keyboard.press('c')
    await page.waitForSelector('[data-ignored]')
    await page.unroute('**/api/life/reviews')
    await expect
      .poll(async () => (await reviews()).done.map((i) => i.verdict), { timeout: 30_000 })
      .toEqual(['pass'])
    await page.waitForSelector('[data-answer="o"]:not([disabled])')
    await page.keyboard.press('o')
    await page.waitForSelector('[data-escape]')
    const escaped = (await reviews()).done[0]
    expect(escaped).toMatchObject({ result: 'pass', verdict: 'fail', reviewer: 'li' })
    await screenshot(page, 'review-escape-en')
    await page.locator('[data-hold-target="lot/L7"]').click()
    await screenshot(page, 'hold-dialog-en')
    await page.getByRole('dialog').getByRole('button', { name: en.holds.holdNow, exact: true }).click()
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await page.goto(`${url}/holds`)
    await visible(page, 'lot/L7')
    await visible(page, `escape ${escaped?.serial} found in review`)
    await screenshot(page, 'holds-filled-en')

    await page.goto(`${url}/lot/L7`)
    await page.waitForSelector('[data-lot-held="L7"]')
    await page.locator('[data-hold-target]').click()
    const release = page.getByRole('dialog').getByRole('button', { name: en.holds.releaseNow, exact: true })
    expect(await release.isDisabled(), 'a release needs a reason').toBe(true)
    await page.getByRole('dialog').locator('textarea').fill('sorted')
    await release.click()
    await page.locator('[data-lot-held="L7"]').waitFor({ state: 'detached' })
    const holds = await asked<{ releasedBy: string; releaseReason: string }[]>(line, '/api/holds')
    expect(holds).toMatchObject([{ releasedBy: 'li', releaseReason: 'sorted' }])

    // A hold whose answer was lost is placed once, and what is pressed again does not release it.
    const lose = async (route: Route): Promise<void> => {
      await route.fetch()
      await route.abort()
    }
    await page.route('**/api/trace/events', lose, { times: 1 })
    await page.locator('[data-hold-target]').click()
    await page.getByRole('dialog').locator('textarea').fill('looked at once more')
    const hold = page.getByRole('dialog').getByRole('button', { name: en.holds.holdNow, exact: true })
    await hold.click()
    await page.waitForSelector('[data-lot-held="L7"]')
    await page.getByRole('dialog').getByRole('alert').waitFor()
    await hold.click()
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    const inForce = (await asked<{ reason: string; releasedAt: string | null }[]>(line, '/api/holds')).filter(
      (h) => h.releasedAt === null,
    )
    expect(inForce.map((h) => h.reason)).toEqual(['looked at once more'])
    await page.locator('[data-hold-target]').click()
    await page.getByRole('dialog').locator('textarea').fill('nothing found')
    await release.click()
    await page.locator('[data-lot-held="L7"]').waitFor({ state: 'detached' })

    await page.goto(`${url}/models`)
    await page.waitForSelector('[data-life-alarm="escape-found"]')
    await page.goto(`${url}/review`)
    await page.waitForSelector(`[data-done="${escaped?.inspectionId}"]`)
    await page.keyboard.press('u')
    await expect.poll(async () => (await reviews()).done.length, { timeout: 15_000 }).toBe(1)
    await page.context().close()
  }, 120_000)

  it('keeps two people who review at once apart', async () => {
    const at = async (name: string): Promise<Page> => {
      const { page } = await opened('en')
      await page.addInitScript(`localStorage.setItem('sightline.name', '${name}')`)
      await page.goto(`${url}/review`)
      await page.waitForSelector('[data-answer="x"]:not([disabled])')
      return page
    }
    const shown = (page: Page) => page.locator('[aria-selected="true"] .mono').innerText()
    const [ann, bob] = [await at('ann'), await at('bob')]
    const seen = await shown(ann)
    expect(await shown(bob)).toBe(seen)
    await ann.keyboard.press('x')
    await bob.waitForSelector('[data-gone]')
    expect(await bob.locator('[data-gone]').innerText(), 'the part that was looked at stays').toContain(seen)
    await bob.keyboard.press('f')
    await bob.keyboard.press('u')
    await bob.waitForTimeout(500)
    const one = (await reviews()).done[0]
    expect([one?.serial, one?.verdict, one?.reviewer]).toEqual([seen, 'inconclusive', 'ann'])
    await bob.keyboard.press('j')
    await bob.waitForSelector('[data-answer="x"]:not([disabled])')
    expect(await shown(bob)).not.toBe(seen)
    await ann.waitForSelector('[data-answer="x"]:not([disabled])')
    await ann.keyboard.press('u')
    await expect
      .poll(async () => (await reviews()).done.some((d) => d.reviewer === 'ann'), { timeout: 15_000 })
      .toBe(false)
    await ann.context().close()
    await bob.context().close()
  }, 90_000)

  it('says what a review leaves to be done, and lets a part go in one deed or two', async () => {
    type Row = { inspectionId: string; disposition: string; decision: { by: string; reason: string } | null }
    const rows = (): Promise<Row[]> =>
      asked<{ parts: Row[] }>(line, '/api/parts?limit=200&result=fail').then((a) => a.parts)
    await expect.poll(async () => (await rows()).length, { timeout: 60_000 }).toBeGreaterThan(1)
    const [one, two] = (await rows()).slice(-2)
    const { page } = await opened('en')
    const deed = async (reason: string, button: string): Promise<void> => {
      const dialog = page.getByRole('dialog')
      await dialog.getByRole('textbox').first().fill('li')
      await dialog.getByRole('textbox').last().fill(reason)
      await screenshot(page, `dispose-${reason.replaceAll(' ', '-')}-en`)
      await dialog.getByRole('button', { name: button, exact: true }).click()
      await dialog.waitFor({ state: 'hidden', timeout: 30_000 })
    }
    const decided = async (of: Row | undefined) =>
      (await rows()).find((r) => r.inspectionId === of?.inspectionId)
    await page.goto(`${url}/part/${one?.inspectionId}`)
    await page.locator('[data-review="release"]').click()
    await deed('good edge', en.dispose.good)
    await page.waitForSelector('[data-decision="release"]')
    expect(await decided(one)).toMatchObject({ disposition: 'release', decision: { reason: 'good edge' } })

    await page.goto(`${url}/part/${two?.inspectionId}`)
    await page.locator('[data-review="pass"]').click()
    await deed('only dust', en.review.good)
    await page.locator('[data-still] button').click()
    await page.getByRole('dialog').getByText(en.disposition['use-as-is'], { exact: true }).click()
    await deed('wiped', en.dispose.confirm)
    await page.waitForSelector('[data-decision="use-as-is"]')
    expect(await page.locator('[data-still]').count()).toBe(0)
    expect(await decided(two)).toMatchObject({ disposition: 'use-as-is', decision: { by: 'li' } })
    await page.close()
  })

  it('activates with a gate result only, overrides with a reason, rolls back', async () => {
    const { page } = await opened('zh')
    await named(page)
    await page.goto(`${url}/models`)
    const inForce = async (): Promise<string> => page.locator('.panel .badge').first().innerText()
    const choose = async (recipe: string): Promise<void> => {
      await page.getByRole('combobox').first().click()
      await page.locator('.ant-select-item-option', { hasText: recipe }).click()
    }
    const dialog = page.getByRole('dialog')
    await visible(page, 'ramp@1')
    await choose('ramp@3')
    await visible(page, zh.models.refused)
    await page.getByRole('button', { name: zh.models.activate, exact: true }).click()
    await dialog.getByRole('button', { name: zh.models.activate, exact: true }).click()
    await dialog.getByText('MDL_GATE').first().waitFor()
    await screenshot(page, 'models-refused-zh')
    await dialog.getByRole('button', { name: zh.deed.cancel }).click()

    await choose('ramp@2')
    await page.locator('.actions .tone-pass').waitFor()
    await page.getByRole('button', { name: zh.models.activate, exact: true }).click()
    await dialog.getByRole('button', { name: zh.models.activate, exact: true }).click()
    await dialog.waitFor({ state: 'hidden', timeout: 90_000 })
    await expect.poll(inForce, { timeout: 30_000 }).toBe('ramp@2')

    await choose('ramp@3')
    await page.getByRole('button', { name: zh.models.override, exact: true }).click()
    const override = dialog.getByRole('button', { name: zh.models.override, exact: true })
    expect(await override.isDisabled(), 'an override needs a reason').toBe(true)
    await dialog.locator('textarea').fill('试产')
    await override.click()
    await dialog.waitFor({ state: 'hidden', timeout: 90_000 })
    await expect.poll(inForce, { timeout: 30_000 }).toBe('ramp@3')
    await visible(page, zh.models.withoutGate)
    for (const recipe of ['ramp@2', 'ramp@1']) {
      await page.getByRole('button', { name: zh.models.rollback, exact: true }).click()
      await dialog.getByRole('button', { name: zh.models.rollback, exact: true }).click()
      await dialog.waitFor({ state: 'hidden', timeout: 90_000 })
      await expect.poll(inForce, { timeout: 30_000 }).toBe(recipe)
    }
    await screenshot(page, 'models-history-zh')
    await page.context().close()
  }, 400_000)

  it('says so when the server refuses, and shows it again when it is back', async () => {
    const { page } = await opened('en')
    let refuse = true
    await page.route('**/api/life*', (route) =>
      refuse
        ? route.fulfill({
            status: 503,
            contentType: 'application/json',
            body: '{"code":"TRC_BUSY","message":"busy"}',
          })
        : route.continue(),
    )
    await page.goto(`${url}/models`)
    await visible(page, 'TRC_BUSY')
    await screenshot(page, 'models-error-en')
    refuse = false
    await page.getByRole('button', { name: en.error.retry }).click()
    await visible(page, en.models.activate)
    await page.context().close()
  })
})
