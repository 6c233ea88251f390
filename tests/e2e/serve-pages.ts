import type { Browser } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { serve, type Served } from '../unit/samples/dashboard-serve.ts'
import { launch, PAGES } from './dashboard-browser.ts'

/** For all tests of a suite: a server of the pages over a line with so many parts, and a browser. */
export function servePages(parts: number, give: (served: { browser: Browser; at: Served }) => void): void {
  let browser: Browser | undefined
  let at: Served | undefined
  beforeAll(async () => {
    at = await serve(parts, { webDir: PAGES })
    browser = await launch()
    give({ browser, at })
  }, 180_000)
  afterAll(async () => {
    await browser?.close()
    await at?.dashboard.close()
  })
}
