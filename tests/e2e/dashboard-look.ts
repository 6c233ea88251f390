import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { screenshot } from './dashboard-browser.ts'

// These run in the browser, as text: the types of the tests are those of Node.

/** Resolves when every image on the screen has been loaded. Asked from here: the pages let nothing evaluate text in them. */
export const imagesLoaded = (page: Page): Promise<void> =>
  expect
    .poll(() =>
      page.evaluate(`[...document.images]
        .filter((image) => image.getBoundingClientRect().top < innerHeight)
        .every((image) => image.complete)`),
    )
    .toBe(true)

/** Elements that reach beyond the right edge of the screen, or whose words are cut where they should not be. */
export const runsOff = (page: Page): Promise<string[]> =>
  page.evaluate(`[...document.querySelectorAll('.head *, main *, .andon *')]
    .filter((e) => !e.closest('svg, canvas, .strip, .scroll-x'))
    .filter((e) => {
      const box = e.getBoundingClientRect()
      return box.width > 0 && (box.right > innerWidth + 1 || (e.children.length === 0 && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX === 'hidden'))
    })
    .map((e) => e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 40))`)

/** What a screen reader finds its way by (WCAG 2.2, 1.3.1 and 2.4.1): headings of the first level, and landmarks without a name. */
export const landmarks = (page: Page): Promise<{ headings: number; unnamed: number }> =>
  page.evaluate(`({
    headings: document.querySelectorAll('h1').length,
    unnamed: document.querySelectorAll('nav:not([aria-label])').length,
  })`)

/** What makes a page scroll sideways at 320 px, which are 1280 px at 400 % (WCAG 2.2, 1.4.10); the size is put back. */
export async function sideways(page: Page): Promise<string[]> {
  const size = page.viewportSize()
  await page.setViewportSize({ width: 320, height: 640 })
  await page.waitForTimeout(300)
  const over = await page.evaluate<
    string[]
  >(`document.scrollingElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('body *')]
    .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
    .map((e) => e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 40))`)
  if (size) await page.setViewportSize(size)
  return over
}

/** Names that a screen reader says which are in English letters alone, but for those of things. */
export const latinNames = (page: Page): Promise<string[]> =>
  page.evaluate(`[...document.querySelectorAll('.anticon, .ant-segmented, .ant-select, [role=button], button')]
    .filter((e) => e.getAttribute('aria-hidden') !== 'true' && e.hasAttribute('aria-label'))
    .map((e) => e.getAttribute('aria-label'))
    .filter((name) => /^[a-zA-Z -]+$/.test(name))`)

/** Takes pictures of a page on a small and on a usual screen, which it is left on; nothing may run off either. */
export async function looked(page: Page, name: string): Promise<void> {
  for (const [width, height] of [
    [1280, 800],
    [1920, 1080],
  ] as const) {
    await page.setViewportSize({ width, height })
    await page.waitForTimeout(300)
    await screenshot(page, `${name}-${width}`)
    expect(await runsOff(page), `${name} at ${width} px`).toEqual([])
  }
}

export interface CanvasView {
  scale: number
  tx: number
  ty: number
}

/** How the viewer lies on the canvas: part px → CSS px. */
export const viewOf = (page: Page): Promise<CanvasView> =>
  page.evaluate(`(({ scale, tx, ty }) => ({ scale: Number(scale), tx: Number(tx), ty: Number(ty) }))(
    document.querySelector('canvas').dataset)`)

/** Red, green, blue on the canvas at a place of the part frame, in px of the part. */
export async function pixelOfPart(page: Page, x: number, y: number): Promise<number[]> {
  const { scale, tx, ty } = await viewOf(page)
  const [px, py] = [Math.floor(x * scale + tx), Math.floor(y * scale + ty)]
  return page.evaluate(`((canvas) => [...canvas.getContext('2d').getImageData(
    ${px} * devicePixelRatio, ${py} * devicePixelRatio, 1, 1).data].slice(0, 3))(document.querySelector('canvas'))`)
}
