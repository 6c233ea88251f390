import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Browser, type Page } from 'playwright-core'
import { build } from 'vite'
import { commandPresent } from '../services/require-service.ts'

const path = process.env['SIGHTLINE_CHROMIUM'] ?? '/usr/bin/chromium'
const required = process.env['SIGHTLINE_REQUIRE_SERVICES'] === '1'

/** Why the browser tests cannot run here; null = they can. Where services are required, they run and fail instead. */
export const noBrowser: string | null =
  required || commandPresent(path) ? null : `no Chromium at ${path}; install it or set SIGHTLINE_CHROMIUM`

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: path,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })

/** Builds the pages from the sources into a folder of their own, so that a test never looks at an old build. */
export async function buildPages(): Promise<string> {
  const outDir = mkdtempSync(join(tmpdir(), 'sightline-pages-'))
  await build({
    root: fileURLToPath(new URL('../../dashboard/web', import.meta.url)),
    logLevel: 'error',
    build: { outDir, emptyOutDir: true },
  })
  return outDir
}

/** A page at 1920 × 1080 in a language, with everything the console and the network complained about. */
export async function openPage(
  browser: Browser,
  language: 'zh' | 'en',
): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({
    viewport: { width: 1920, height: 1080 },
    locale: language === 'zh' ? 'zh-CN' : 'en-GB',
    timezoneId: 'Asia/Shanghai',
  })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  return { page, complaints }
}

const shots = process.env['SIGHTLINE_SCREENSHOTS'] ?? mkdtempSync(join(tmpdir(), 'sightline-shots-'))

export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(shots, { recursive: true })
  await page.screenshot({ path: join(shots, `${name}.png`) })
}
