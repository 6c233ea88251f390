import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CodedError, ERROR_CODES, type ErrorCode, errorText } from '../../contracts/index.ts'
import { en } from '../../dashboard/web/i18n/en.ts'
import { zh } from '../../dashboard/web/i18n/zh.ts'
import { serve, type Served } from '../unit/samples/dashboard-serve.ts'
import { PAGES, launch, noBrowser, openPage, screenshot } from './dashboard-browser.ts'
import {
  imagesLoaded,
  landmarks,
  latinNames,
  pixelOfPart,
  runsOff,
  sideways,
  viewOf,
} from './dashboard-look.ts'

const WORDS = { en, zh } as const
const PARTS = 120

describe.skipIf(noBrowser !== null)(`dashboard in Chromium${noBrowser ? `: ${noBrowser}` : ''}`, () => {
  let browser: Browser
  let at: Served

  beforeAll(async () => {
    const webDir = PAGES
    at = await serve(PARTS, { webDir })
    browser = await launch()
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await at?.dashboard.close()
  })

  const newestFail = (): string =>
    at.line.parts.findLast((p) => p.row.result === 'fail' && p.row.defects.length > 1)?.row.inspectionId ?? ''

  const visible = (page: Page, text: string): Promise<void> =>
    page.getByText(text, { exact: false }).first().waitFor({ state: 'visible', timeout: 10_000 })

  describe.each(['en', 'zh'] as const)('%s', (language) => {
    const w = WORDS[language]

    const pages: [name: string, path: () => string, texts: string[]][] = [
      ['live', () => '/', [w.balance.yes, w.latency.title, w.live.pareto, w.run.running, w.verdict.fail]],
      ['andon', () => '/andon', [w.count.yield, 'st10-top', w.run.running]],
      ['parts', () => '/parts', [w.parts.reasons, w.verdict.inconclusive, 'SN240120']],
      ['parts-serial', () => '/parts?serial=SN240007', ['SN240007', w.parts.allParts]],
      ['parts-none', () => '/parts?serial=nobody', [w.parts.unknownSerialHint]],
      [
        'part',
        () => `/part/${newestFail()}`,
        [
          w.verdict.fail,
          w.rules.decidedBy,
          w.timing.title,
          `→ ${w.unitLife.what.transform} →`,
          'trace-gap',
          'copper-defect',
        ],
      ],
      [
        'modules',
        () => '/modules/lean',
        [w.modules.state.running, w.chart.signals.replace('{{n}}', '2'), '76.87 %', 'hologram'],
      ],
      [
        'docs',
        () => `/docs?lang=${language}`,
        ['/api/parts/{inspectionId}', language === 'zh' ? '产线' : 'Line'],
      ],
      ['system', () => '/system', [w.system.ready, w.system.noDegraded, '/docs', '/metrics']],
    ]

    it.each(pages)('shows %s', async (name, path, texts) => {
      const { page, complaints } = await openPage(browser, language)
      await page.goto(at.url + path())
      for (const text of texts) await visible(page, text)
      await imagesLoaded(page)
      await page.waitForTimeout(400)
      await screenshot(page, `${name}-${language}`)
      expect(await runsOff(page), 'nothing runs off the side of the screen').toEqual([])
      expect(await landmarks(page)).toEqual({ headings: 1, unnamed: 0 })
      if (language === 'zh') expect(await latinNames(page)).toEqual([])
      expect(await sideways(page), 'nothing runs off at 400 %').toEqual([])
      const expected = name === 'parts-none' ? ['the server responded with a status of 404'] : []
      expect(complaints.filter((c) => !expected.some((e) => c.includes(e)))).toEqual([])
      await page.context().close()
    })
  })

  it('remembers the chosen language', async () => {
    const { page } = await openPage(browser, 'en')
    await page.goto(`${at.url}/system`)
    await visible(page, en.system.ready)
    await page.getByText('中文').click()
    await visible(page, zh.system.ready)
    await page.reload()
    await visible(page, zh.system.ready)
    expect(await page.getAttribute('html', 'lang')).toBe('zh')
    await page.context().close()
  })

  it('keeps the picture in its row when a smaller screen is scrolled', async () => {
    const { page } = await openPage(browser, 'en')
    await page.setViewportSize({ width: 1440, height: 900 })
    await page.goto(`${at.url}/part/${newestFail()}`)
    await page.waitForSelector('canvas[data-image][data-scale]')
    await page.evaluate('window.scrollTo(0, document.body.scrollHeight)')
    const [viewer, below] = [page.locator('.viewer'), page.locator('.part-facts').last()]
    await expect
      .poll(async () => {
        const [picture, panels] = [await viewer.boundingBox(), await below.boundingBox()]
        return picture && panels && picture.y + picture.height <= panels.y
      })
      .toBe(true)
    await page.context().close()
  })

  it('draws boxes on the canvas where the findings are, and hides them with b', async () => {
    const { page } = await openPage(browser, 'en')
    const part = at.line.parts.find((p) => p.row.inspectionId === newestFail())
    const finding = part?.verdict.findings[0]
    if (!finding) throw new Error('the sample part has no finding')
    await page.goto(`${at.url}/part/${part.row.inspectionId}`)
    await page.waitForSelector('canvas[data-image][data-scale]')
    // Two rules of one weight decide together, and both have the colour of the verdict.
    expect(await page.locator('[data-decides="fail"]').allInnerTexts()).toEqual([
      expect.stringContaining('copper-defect'),
      expect.stringContaining('gap-out'),
    ])
    const label = page.locator('.viewer-tools label').first()
    const [box, knob] = [await label.boundingBox(), await label.getByRole('switch').boundingBox()]
    // The words stand beside the switch, in one row with the other tools.
    expect((box?.width ?? 0) - (knob?.width ?? 0)).toBeGreaterThan(10)
    expect((box?.height ?? 99) - (knob?.height ?? 0)).toBeLessThan(12)
    const edge = (): Promise<number[]> =>
      pixelOfPart(page, finding.box[0] - 0.5, (finding.box[1] + finding.box[3]) / 2)
    const coloured = ([r = 0, g = 0, b = 0]: number[]): boolean => Math.max(r, g, b) - Math.min(r, g, b) > 60
    await expect.poll(async () => coloured(await edge())).toBe(true)
    await page.keyboard.press('b')
    await expect.poll(async () => coloured(await edge())).toBe(false)
    await page.context().close()
  })

  it('changes verdict and picture of the last part as one, when the picture is there', async () => {
    const { page } = await openPage(browser, 'en')
    let release = (): void => undefined
    const allowed = new Promise<void>((resolve) => (release = resolve))
    await page.goto(at.url)
    // The stations take turns.
    const station = at.line.parts.at(-2)?.row.station ?? ''
    const card = page.locator(`[data-station="${station}"] .last-part`)
    const shown = async () => ({
      serial: await card.locator('.serial').innerText(),
      href: await card.locator('image').getAttribute('href'),
    })
    await card.locator('image').waitFor()
    const before = await shown()
    const image = at.line.parts.find(({ row }) => row.image && !before.href?.includes(row.image.sha256))?.row
      .image
    await page.route('**/api/images/*width=640*', async (route) => {
      await allowed
      await route.continue()
    })
    const asked = page.waitForRequest((r) => r.url().includes('width=640'))
    at.line.judge({ serial: 'SN-NEXT', image: image?.sha256 ?? null })
    await asked
    expect(await shown()).toEqual(before)
    release()
    await expect.poll(shown).toEqual({
      serial: 'SN-NEXT',
      href: expect.stringContaining(image?.sha256 ?? 'none') as string,
    })
    at.line.judge()
    await page.context().close()
  })

  it('zooms to true size with 1 and fits with 0', async () => {
    const { page } = await openPage(browser, 'en')
    await page.goto(`${at.url}/part/${newestFail()}`)
    const scale = async (): Promise<number> => (await viewOf(page)).scale
    await page.waitForSelector('canvas[data-image][data-scale]')
    const fitted = await scale()
    await page.keyboard.press('1')
    await expect.poll(scale).toBe(1)
    const box = await page.locator('canvas[data-image]').boundingBox()
    await page.mouse.move((box?.x ?? 0) + 300, (box?.y ?? 0) + 300)
    await page.mouse.wheel(0, -2_000)
    await expect.poll(scale).toBeGreaterThan(8)
    await screenshot(page, 'part-zoomed-en')
    await page.keyboard.press('0')
    await expect.poll(scale).toBeCloseTo(fitted, 6)
    await page.context().close()
  })

  it.each(['part', 'side'])('moves with the mouse, also released outside of the canvas, %s', async (mode) => {
    const { page } = await openPage(browser, 'en')
    await page.goto(`${at.url}/part/${newestFail()}`)
    await page.waitForSelector('canvas[data-image][data-scale]')
    if (mode === 'side') {
      const { scale } = await viewOf(page)
      await page.getByText(en.viewer.side).click()
      await expect.poll(async () => (await viewOf(page)).scale).toBeLessThan(scale)
    }
    const box = await page.locator('canvas[data-image]').boundingBox()
    const [x, y] = [(box?.x ?? 0) + (box?.width ?? 0) / 2, (box?.y ?? 0) + 100]
    const place = async (): Promise<number[]> => {
      const { tx, ty } = await viewOf(page)
      return [Math.round(tx), Math.round(ty)]
    }
    const drag = async (button: 'left' | 'middle' | 'right'): Promise<number[]> => {
      const [fromX = 0, fromY = 0] = await place()
      await page.mouse.move(x - 40, y)
      await page.mouse.down({ button })
      // Over the seam of the two views, then above the page.
      await page.mouse.move(x + 40, y, { steps: 4 })
      await page.mouse.move(x + 40, 1)
      await page.mouse.up({ button })
      await page.mouse.move(x, y + 30, { steps: 3 })
      const [toX = 0, toY = 0] = await place()
      return [toX - fromX, toY - fromY]
    }
    const moved = [80, Math.round(1 - y)]
    for (const [button, by] of [
      ['left', moved],
      ['middle', moved],
      ['right', [0, 0]],
    ] as const) {
      const [dx = NaN, dy = NaN] = await drag(button)
      expect([button, Math.abs(dx - (by[0] ?? 0)) < 3, Math.abs(dy - (by[1] ?? 0)) < 3]).toEqual([
        button,
        true,
        true,
      ])
    }
    await page.context().close()
  })

  it('reads px, mm and grey under the cursor', async () => {
    const { page } = await openPage(browser, 'en')
    const passed = at.line.parts.find((p) => p.row.result === 'pass')?.row.inspectionId
    await page.goto(`${at.url}/part/${passed}`)
    await page.waitForSelector('canvas[data-image][data-scale]')
    // (240, 192) px is copper-free board: grey 60; at 1/48 mm per px it lies at 5, 4 mm.
    const canvas = page.locator('canvas[data-image]')
    const { scale, tx, ty } = await viewOf(page)
    await canvas.hover({ position: { x: 240.2 * scale + tx, y: 192.2 * scale + ty } })
    await visible(page, 'x 240 y 192 px')
    await visible(page, 'Grey 60')
    expect(await page.locator('.cursor-bar').innerText()).toMatch(/5\.0\d\d, 4\.0\d\d mm/)
    await page.context().close()
  })

  it('compares with the golden template and lays the score map over the part', async () => {
    const { page, complaints } = await openPage(browser, 'en')
    await page.goto(`${at.url}/part/${newestFail()}`)
    await page.waitForSelector('canvas[data-image][data-scale]')
    await page.getByText(en.viewer.side).click()
    await page.waitForTimeout(300)
    await screenshot(page, 'part-side-en')
    await page.locator('.viewer-tools').getByText(en.viewer.part, { exact: true }).click()
    await page.keyboard.press('m')
    await page.waitForTimeout(200)
    await screenshot(page, 'part-map-en')
    expect(await page.getByLabel(en.viewer.opacity).count()).toBe(1)
    await page.keyboard.press('g')
    await visible(page, en.viewer.golden)
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('walks through the filtered list with j and k, and highlights a finding from its row', async () => {
    const { page } = await openPage(browser, 'en')
    const fails = at.line.parts.filter((p) => p.row.result === 'fail').map((p) => p.row.inspectionId)
    const [second, newest] = [fails.at(-2), fails.at(-1)]
    await page.goto(`${at.url}/parts?result=fail`)
    await page.locator('.part-row').first().click()
    await page.waitForSelector(`[data-inspection="${newest}"]`)
    await page.keyboard.press('j')
    await page.waitForSelector(`[data-inspection="${second}"]`)
    await page.keyboard.press('ArrowLeft')
    await page.waitForSelector(`[data-inspection="${newest}"]`)
    await page.keyboard.press('k')
    await page.waitForTimeout(200)
    expect(await page.locator(`[data-inspection="${newest}"]`).count()).toBe(1)
    const row = page.locator('tr[data-finding]').first()
    if ((await row.count()) > 0) {
      await row.hover()
      expect(await row.getAttribute('class')).toContain('hovered')
    }
    await page.context().close()
  })

  it('shows a part, an alarm and a degraded mode the moment they come', async () => {
    const { page, complaints } = await openPage(browser, 'en')
    await page.goto(at.url)
    await page.waitForSelector('[data-connection="open"]')
    at.line.judge({ serial: 'SN-JUST-NOW', station: 'st10-top' })
    await visible(page, 'SN-JUST-NOW')
    at.line.state.alarms.push({
      station: 'st10-top',
      alarm: 'same-place',
      code: 'INS_QUALITY',
      message: 'short at the same place on 3 of 10 parts',
      since: new Date().toISOString(),
    })
    at.line.state.degraded.push({
      id: 'provider',
      text: { zh: '推理在 CPU 上运行', en: 'Inference runs on the CPU instead of CUDA' },
    })
    await visible(page, 'short at the same place')
    await visible(page, 'Inference runs on the CPU')
    await screenshot(page, 'live-alarm-en')
    at.line.state.alarms.length = 0
    at.line.state.degraded.length = 0
    await page.getByText('short at the same place').waitFor({ state: 'hidden' })
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('says coded errors in Chinese on Chinese pages, with the facts as they are', async () => {
    const { page, complaints } = await openPage(browser, 'zh')
    const camera = at.line.state.stations[0]?.camera
    if (camera) camera.lastError = new CodedError('CAM_GONE', { actual: 'usb 3-1' }).message
    await page.goto(at.url)
    await visible(page, '相机或读码器在运行中断开;实际为 usb 3-1')
    if (camera) camera.lastError = null
    const unjudged = at.line.parts.findLast((p) => p.verdict.noVerdict)
    const { code = '' } = unjudged?.verdict.noVerdict ?? {}
    const { zh: sentence } = errorText({ code, message: `${code}: ${ERROR_CODES[code as ErrorCode]}` })
    await page.goto(`${at.url}/part/${unjudged?.row.inspectionId}`)
    await visible(page, sentence.slice(code.length + 1))
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it('says what is missing when there is nothing yet', async () => {
    const empty = await serve(0, { webDir: PAGES })
    const { page, complaints } = await openPage(browser, 'en')
    await page.goto(empty.url)
    await visible(page, en.live.noPartsHint)
    await screenshot(page, 'live-empty-en')
    await page.goto(`${empty.url}/parts`)
    await visible(page, en.live.noPartsHint)
    expect(complaints).toEqual([])
    await page.goto(`${empty.url}/part/00000000-0000-4000-8000-000000000000`)
    await visible(page, 'API_NOT_FOUND')
    await page.context().close()
    await empty.dashboard.close()
  })
})
