import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, Page } from 'playwright-core'
import { beforeEach, describe, expect, it } from 'vitest'
import type { FirstArticleState, ReviewItem, ReviewsAnswer } from '../../dashboard/server/life-ports.ts'
import { en } from '../../dashboard/web/i18n/en.ts'
import type { Served } from '../unit/samples/dashboard-serve.ts'
import { noBrowser, openPage } from './dashboard-browser.ts'
import { servePages } from './serve-pages.ts'

describe.skipIf(noBrowser !== null)(
  `decisions of the page Review in Chromium${noBrowser ? `: ${noBrowser}` : ''}`,
  () => {
    let browser: Browser
    let at: Served
    let waiting: ReviewItem[]
    let said: unknown[]
    /** The last one first. */
    let done: ReviewItem[]
    let takenBack: unknown[]
    let answerMs: number
    /** Of the tests; what one of them left unanswered is not of the next. */
    let round = 0
    /** No decision is answered before. */
    let held: Promise<void>

    servePages(20, (served) => ({ browser, at } = served))
    beforeEach(() => {
      said = []
      done = []
      takenBack = []
      answerMs = 0
      held = Promise.resolve()
      round += 1
      // Each with a picture of its own.
      const unlike = [...new Map(at.line.parts.map(({ row }) => [row.image?.sha256, row])).values()]
      unlike.sort((a, b) => a.position - b.position)
      waiting = unlike.map((row) => ({
        inspectionId: row.inspectionId,
        position: row.position,
        station: row.station,
        recipe: row.recipe,
        serial: row.serial,
        lot: row.lot,
        result: 'inconclusive',
        samples: ['grey'],
        at: row.at,
        image: row.image?.sha256 ?? null,
        verdict: null,
        reviewer: null,
        reason: null,
        reviewedAt: null,
        reviewId: null,
      }))
    })

    /** The page over a queue of all parts, as it is asked for and answered by the program that watches models. */
    async function reviewing(prepare: (page: Page) => Promise<unknown> = async () => {}): Promise<Page> {
      const { page } = await openPage(browser, 'en')
      await prepare(page)
      await page.addInitScript(`localStorage.setItem('sightline.name', 'li')`)
      await page.route('**/api/life/reviews*', async (route) => {
        if (route.request().method() === 'POST') {
          const ask = route.request().postDataJSON() as {
            inspectionId: string
            verdict: string
            reason: string
          }
          said.push([ask.inspectionId, ask.verdict, ...(ask.reason ? [ask.reason] : [])])
          const asked = round
          await sleep(answerMs)
          await held
          if (asked !== round) return
          const of = waiting.find((i) => i.inspectionId === ask.inspectionId)
          waiting = waiting.filter((i) => i !== of)
          if (of) done.unshift({ ...of, verdict: 'inconclusive', reviewer: 'li', reviewId: of.inspectionId })
          return route.fulfill({ json: {} })
        }
        const counts = { waiting: waiting.length, waitingAudit: 0, notKept: 0, reviewed: said.length }
        return route.fulfill({ json: { counts, waiting, done } satisfies ReviewsAnswer })
      })
      await page.route('**/api/life/reviews/undo', async (route) => {
        const { inspectionId } = route.request().postDataJSON() as { inspectionId: string }
        takenBack.push(inspectionId)
        waiting.push(
          ...done.filter((i) => i.inspectionId === inspectionId).map((i) => ({ ...i, verdict: null })),
        )
        waiting.sort((x, y) => x.position - y.position)
        done = done.filter((i) => i.inspectionId !== inspectionId)
        return route.fulfill({ json: {} })
      })
      await page.goto(`${at.url}/review`)
      await ready(page)
      return page
    }
    const ready = (page: Page) => page.waitForSelector('[data-answer="x"]:not([disabled])')
    const isShown = (page: Page, item: ReviewItem | undefined) =>
      page.locator('[aria-selected="true"]', { hasText: item?.serial ?? '' }).waitFor()

    it.each([
      ['a phone', 390, 844, 300],
      ['a tablet', 1024, 768, 400],
      ['a tablet held upright', 820, 1180, 300],
      ['a screen at 200 %', 960, 540, 150],
      ['a smaller screen at 200 %', 800, 450, 150],
      ['a small screen at 200 %', 640, 400, 150],
    ])('shows the picture large on %s', async (_, width, height, leastPx) => {
      const page = await reviewing()
      await page.setViewportSize({ width, height })
      await expect
        .poll(async () => (await page.locator('.viewer-stage').boundingBox())?.height ?? 0)
        .toBeGreaterThan(leastPx)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
      await page.context().close()
    })

    it('names no key that does nothing about a part that could not be judged', async () => {
      const page = await reviewing()
      const hint = await page.locator('[data-keys]').innerText()
      expect(hint).toContain(en.review.keysSay)
      expect(hint).not.toContain(en.review.keysTurn)
      await page.context().close()
    })

    it('never means another part than was seen, also where the browser thinks that it is offline', async () => {
      const page = await reviewing()
      const [a, b] = waiting
      answerMs = 1_000
      await page.evaluate(`window.dispatchEvent(new Event('offline'))`)
      await page.keyboard.press('x')
      await page.keyboard.press('j')
      await isShown(page, b)
      await page.evaluate(`window.dispatchEvent(new Event('online'))`)
      await expect.poll(() => said).toEqual([[a?.inspectionId, 'inconclusive']])
      await page.context().close()
    })

    it('takes keys with Caps Lock on alike, and none with Shift', async () => {
      const page = await reviewing()
      const [a, b] = waiting
      await page.keyboard.press('Shift+X')
      await page.keyboard.press('J')
      await isShown(page, b)
      await page.keyboard.press('K')
      await isShown(page, a)
      await ready(page)
      await page.keyboard.press('F')
      await isShown(page, b)
      expect(said).toEqual([[a?.inspectionId, 'fail']])
      await page.context().close()
    })

    it('keeps a reason with the part it was typed for while others are looked at', async () => {
      const page = await reviewing()
      const [a, b] = waiting
      const reason = page.getByPlaceholder(en.deed.reasonOptional)
      await reason.fill('scratch at U13')
      await reason.press('Enter')
      await page.keyboard.press('j')
      await isShown(page, b)
      expect(await reason.inputValue()).toBe('')
      await page.keyboard.press('k')
      await isShown(page, a)
      await expect.poll(() => reason.inputValue()).toBe('scratch at U13')
      await ready(page)
      await page.keyboard.press('x')
      await isShown(page, b)
      expect(said).toEqual([[a?.inspectionId, 'inconclusive', 'scratch at U13']])
      await page.context().close()
    })

    it('stays at the part that somebody went to while a decision was sent', async () => {
      const page = await reviewing()
      const [a, , , d] = waiting
      let answer = (): void => undefined
      held = new Promise((resolve) => (answer = resolve))
      await page.keyboard.press('x')
      for (let n = 0; n < 3; n++) await page.keyboard.press('j')
      await isShown(page, d)
      answer()
      await expect.poll(() => waiting.includes(a as ReviewItem)).toBe(false)
      await ready(page)
      await isShown(page, d)
      expect(said).toEqual([[a?.inspectionId, 'inconclusive']])
      await page.context().close()
    })

    it('says once that somebody else was first, and leaves that with the part', async () => {
      const page = await reviewing()
      const [a, b] = waiting
      await page.route('**/api/life/reviews', async (route) => {
        if (route.request().method() !== 'POST') return route.fallback()
        waiting = waiting.filter((i) => i !== a)
        if (a) done.unshift({ ...a, verdict: 'fail', reviewer: 'wang', reviewId: a.inspectionId })
        const message = 'TRC_REVIEWED: somebody else has reviewed the part meanwhile'
        return route.fulfill({ status: 409, json: { code: 'TRC_REVIEWED', message, zh: message } })
      })
      await page.keyboard.press('x')
      await page.locator('[data-gone]', { hasText: 'wang' }).waitFor()
      await expect.poll(() => page.locator('.ant-alert-error').count()).toBe(0)
      await page.getByRole('option', { name: b?.serial ?? '' }).click()
      await ready(page)
      await isShown(page, b)
      expect(await page.locator('.ant-alert-error, [data-gone]').count()).toBe(0)
      await page.context().close()
    })

    it('leaves a reason with the part that it was typed for', async () => {
      const page = await reviewing()
      const [a, b, c] = waiting
      const field = page.locator('.decision input')
      await field.fill('scratch at the edge')
      await field.press('Enter')
      await page.keyboard.press('j')
      await isShown(page, b)
      await ready(page)
      await page.keyboard.press('x')
      await isShown(page, c)
      await ready(page)
      await page.keyboard.press('k')
      await isShown(page, a)
      await field.fill('too dark')
      await field.press('Enter')
      await ready(page)
      await page.keyboard.press('x')
      await expect
        .poll(() => said)
        .toEqual([
          [b?.inspectionId, 'inconclusive'],
          [a?.inspectionId, 'inconclusive', 'too dark'],
        ])
      await page.context().close()
    })

    it('sends a decision again whose answer was lost, as the same one', async () => {
      const page = await reviewing()
      const [a, b] = waiting
      const ids: unknown[] = []
      await page.route('**/api/life/reviews', async (route) => {
        if (route.request().method() !== 'POST') return route.fallback()
        ids.push((route.request().postDataJSON() as { id: string }).id)
        if (ids.length > 1) return route.fulfill({ json: {} })
        // The line has recorded it, and nobody waits for its review any more.
        waiting = waiting.filter((i) => i !== a)
        return route.abort()
      })
      await page.keyboard.press('x')
      await isShown(page, b)
      await ready(page)
      expect(await page.locator('.ant-alert-error, [data-gone]').count()).toBe(0)
      expect(ids).toEqual([expect.any(String), ids[0]])
      await page.keyboard.press('x')
      await expect.poll(() => ids.length).toBe(3)
      expect(ids[2]).not.toBe(ids[0])
      await page.context().close()
    })

    it('says of which part no answer is on record after the line was away, and leads back to it', async () => {
      const page = await reviewing()
      const [a, b] = waiting
      let away = true
      await page.route('**/api/life/reviews*', (route) => (away ? route.abort() : route.fallback()))
      const lost = page.locator('[data-lost]', { hasText: a?.serial ?? '' })
      const field = page.locator('.decision input')
      await field.fill('scratch at the edge')
      await field.press('Enter')
      await page.keyboard.press('x')
      await expect.poll(() => lost.innerText(), { timeout: 15_000 }).toContain('not known yet')
      await page.keyboard.press('j')
      await isShown(page, b)
      away = false
      await expect.poll(() => lost.innerText(), { timeout: 15_000 }).toContain('answer it again')
      expect(said).toEqual([])
      await page.getByRole('button', { name: en.review.lostShow }).click()
      await isShown(page, a)
      expect(await field.inputValue()).toBe('scratch at the edge')
      await ready(page)
      await page.keyboard.press('x')
      await isShown(page, b)
      expect(said).toEqual([[a?.inspectionId, 'inconclusive', 'scratch at the edge']])
      expect(await page.locator('[data-lost]').count()).toBe(0)
      await page.context().close()
    })

    it('names each of several parts whose answers were lost, and sends each again as the same one', async () => {
      const page = await reviewing()
      const [a, b] = waiting
      let away = true
      const sent: string[] = []
      await page.route('**/api/life/reviews*', (route) => {
        if (route.request().method() === 'POST')
          sent.push(`${route.request().postDataJSON().inspectionId} ${route.request().postDataJSON().id}`)
        return away ? route.abort() : route.fallback()
      })
      const lost = (of: ReviewItem | undefined) => page.locator(`[data-lost="${of?.inspectionId}"]`)
      await page.keyboard.press('x')
      await lost(a).waitFor()
      await page.keyboard.press('j')
      await isShown(page, b)
      await ready(page)
      await page.keyboard.press('x')
      await lost(b).waitFor()
      await lost(a).waitFor()
      away = false
      for (const one of [a, b])
        await expect.poll(() => lost(one).innerText(), { timeout: 15_000 }).toContain('answer it again')
      await page.getByRole('button', { name: en.review.lostShow }).click()
      await isShown(page, a)
      await ready(page)
      await page.keyboard.press('x')
      await isShown(page, b)
      expect(await lost(a).count()).toBe(0)
      await lost(b).waitFor()
      await ready(page)
      await page.keyboard.press('x')
      await expect.poll(() => lost(b).count()).toBe(0)
      expect(said).toEqual([a, b].map((i) => [i?.inspectionId, 'inconclusive']))
      expect(new Set(sent).size).toBe(2)
      await page.context().close()
    })

    it('says an answer anew that had arrived unheard and that somebody took back', async () => {
      const page = await reviewing()
      const [a] = waiting
      let away = true
      const ids = new Set<string>()
      await page.route('**/api/life/reviews*', (route) => {
        if (route.request().method() === 'POST') {
          ids.add(route.request().postDataJSON().id)
          waiting = waiting.filter((i) => i !== a)
        }
        return away ? route.abort() : route.fallback()
      })
      await page.keyboard.press('x')
      await page.locator('[data-lost]').waitFor()
      away = false
      await page.waitForSelector('[data-gone]')
      expect(await page.locator('[data-lost]').count()).toBe(0)
      if (a) waiting.unshift(a)
      await ready(page)
      await page.keyboard.press('x')
      await expect.poll(() => ids.size).toBe(2)
      await page.context().close()
    })

    it('opens the list and the part that its address names, and keeps them over a reload', async () => {
      const page = await reviewing()
      const [a, b, c] = waiting
      for (const next of [b, c]) {
        await page.keyboard.press('j')
        await isShown(page, next)
      }
      expect(new URL(page.url()).searchParams.get('part')).toBe(c?.inspectionId)
      await page.reload()
      await isShown(page, c)
      await page.getByText('Audit', { exact: true }).click()
      await isShown(page, a)
      expect(new URL(page.url()).searchParams.get('sample')).toBe('audit')
      await page.goBack()
      await isShown(page, c)
      expect(new URL(page.url()).searchParams.get('sample')).toBe(null)
      await page.goto(`${at.url}/review?part=00000000-0000-7000-8000-000000000000`)
      await isShown(page, a)
      await page.waitForSelector('[data-missed]')
      await page.context().close()
    })

    it('goes back to the list that it came from, also before the other one has settled', async () => {
      const page = await reviewing()
      const [a, b] = waiting
      await page.keyboard.press('j')
      await isShown(page, b)
      // The pages of a browser on a busy machine.
      const slow = await page.context().newCDPSession(page)
      await slow.send('Emulation.setCPUThrottlingRate', { rate: 6 })
      for (let i = 0; i < 3; i += 1) {
        await page.getByText('Audit', { exact: true }).click()
        await isShown(page, a)
        await page.goBack()
        await isShown(page, b)
        expect(new URL(page.url()).searchParams.get('sample')).toBe(null)
      }
      await page.context().close()
    })

    it('has the picture of the next part before it is asked for', async () => {
      const [a, b] = waiting
      const asked: string[] = []
      const page = await reviewing(async (of) => {
        of.on('request', (r) => asked.push(r.url()))
      })
      await isShown(page, a)
      await expect.poll(() => asked).toContain(`${at.url}/api/images/${b?.image}`)
      await page.context().close()
    })

    it('names the first articles that wait, which no sample picks', async () => {
      const wanted = { en: 'first article of board-top@3 not approved', zh: '首件尚未确认' }
      const {
        inspectionId,
        serial,
        at: judged,
      } = at.line.parts[0]?.row ?? { inspectionId: '', serial: '', at: '' }
      const firstArticle = {
        parts: 1,
        wanted,
        articles: [],
        waiting: [{ inspectionId, serial, at: judged }],
      } satisfies FirstArticleState
      const page = await reviewing((of) =>
        of.route('**/api/life', (route) =>
          route.fulfill({
            json: { stations: [{ station: 'st10-top', firstArticle }], gates: [], recipes: [] },
          }),
        ),
      )
      const said = page.locator('[data-first-article="st10-top"]')
      await said.getByText(wanted.en).waitFor()
      await said.getByRole('link', { name: serial, exact: true }).click()
      await page.waitForSelector(`[data-inspection="${inspectionId}"]`)
      await page.context().close()
    })

    it('takes one review back where somebody presses twice', async () => {
      const page = await reviewing()
      const [a, b, c] = waiting
      for (const next of [b, c]) {
        await page.keyboard.press('x')
        await isShown(page, next)
        await ready(page)
      }
      let go = (): void => {}
      const held = new Promise<void>((resolve) => (go = resolve))
      await page.route('**/api/images/*', async (route) => {
        await held
        await route.continue()
      })
      await page.keyboard.press('u')
      await isShown(page, b)
      await expect.poll(() => page.locator('[data-answer="x"]').isDisabled()).toBe(true)
      await page.keyboard.press('u')
      go()
      await ready(page)
      expect(takenBack).toEqual([b?.inspectionId])
      await page.keyboard.press('u')
      await isShown(page, a)
      expect(takenBack).toEqual([b?.inspectionId, a?.inspectionId])
      await page.context().close()
    })

    it('takes no answer about a part whose picture is not there yet, nor one that was pressed twice', async () => {
      let go = (): void => {}
      const held = new Promise<void>((resolve) => (go = resolve))
      const [a, b, c] = waiting
      const page = await reviewing((of) =>
        of.route('**/api/images/*', async (route) => {
          const { search, pathname } = new URL(route.request().url())
          if (!search && !pathname.endsWith(a?.image ?? '')) await held
          await route.continue()
        }),
      )
      expect(waiting.length).toBeGreaterThan(3)
      await page.keyboard.press('x')
      await isShown(page, b)
      for (let n = 0; n < 5; n++) {
        await sleep(100)
        await page.keyboard.press('x')
      }
      await page.waitForSelector('[data-ignored]')
      expect(said).toEqual([[a?.inspectionId, 'inconclusive']])
      go()
      await ready(page)
      // The second press of a double one meets the next part the moment its picture is there.
      await page.evaluate(`new MutationObserver((_, observer) => {
        if (!document.querySelector('canvas[data-image="${c?.image}"]')) return
        observer.disconnect()
        window.dispatchEvent(new KeyboardEvent('keydown', { key: 'x' }))
      }).observe(document.body, { subtree: true, childList: true, attributes: true })`)
      await page.keyboard.press('x')
      await isShown(page, c)
      await ready(page)
      expect(said.length).toBe(2)
      await page.keyboard.press('x')
      await expect.poll(() => said.length).toBe(3)
      await page.context().close()
    })
  },
)
