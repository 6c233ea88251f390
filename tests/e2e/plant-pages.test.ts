import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type PlantServer, startPlantServer } from '../../bin/plant/server.ts'
import { en } from '../../dashboard/web/i18n/en.ts'
import { zh } from '../../dashboard/web/i18n/zh.ts'
import { migratePostgres, type PostgresDatabase } from '../../traceability/index.ts'
import { DATABASE_URL, dropSchema, freshSchema, openSchema, postgresPresent } from '../services/postgres.ts'
import { describeWith } from '../services/require-service.ts'
import { hear } from '../unit/samples/plant-holds.ts'
import { carryAll, PlantLine } from '../unit/samples/plant-line.ts'
import { PAGES, launch, noBrowser, openPage, screenshot } from './dashboard-browser.ts'
import { runsOff } from './dashboard-look.ts'
import { runCli, startCli, stopped } from './line-process.ts'

const WORDS = { en, zh } as const
const ENV = { SIGHTLINE_DATABASE_URL: DATABASE_URL }

describeWith(
  'PostgreSQL and Chromium',
  (await postgresPresent()) && noBrowser === null,
  'the plant on screen and on the command line',
  () => {
    const schema = freshSchema()
    const lines = [new PlantLine('line-a'), new PlantLine('line-b')]
    let plant: PostgresDatabase
    let server: PlantServer
    let browser: Browser

    beforeAll(async () => {
      plant = await openSchema(schema)
      migratePostgres(plant, schema, 'plant')
      for (const line of lines) {
        await line.judge(6)
        carryAll(line.replicator(plant, { images: 'all' }))
      }
      server = await startPlantServer({
        url: DATABASE_URL,
        schema,
        host: '127.0.0.1',
        port: 0,
        allowedHosts: [],
        dataDir: (lines[0] as PlantLine).dir,
        plainSignIn: false,
        localAdmin: true,
        checkEveryMs: 60_000,
        webDir: PAGES,
      })
      browser = await launch()
    }, 240_000)
    afterAll(async () => {
      await browser?.close()
      await server?.stop()
      plant?.close()
      await dropSchema(schema)
      for (const line of lines) await line.dispose()
    }, 60_000)

    const visible = (page: Page, text: string): Promise<void> =>
      page.getByText(text, { exact: false }).first().waitFor({ state: 'visible', timeout: 15_000 })

    it.each(['en', 'zh'] as const)(
      'shows lines, parts of one, and a hold with the lines that took it over; nothing that only a line has (%s)',
      async (language) => {
        const w = WORDS[language]
        const { page, complaints } = await openPage(browser, language)
        await page.addInitScript(`localStorage.setItem('sightline.name', 'qa')`)
        await page.goto(server.url)
        await visible(page, w.plant.lines)
        await visible(page, w.plant.state.unproven)
        expect(await page.locator('nav a').allTextContents()).toEqual([
          w.plant.nav,
          w.nav.parts,
          w.nav.analysis,
          w.nav.holds,
          w.nav.ncr,
        ])
        await screenshot(page, `plant-${language}`)
        expect(await runsOff(page)).toEqual([])

        await page.getByRole('link', { name: 'line-b' }).first().click()
        await page.waitForURL(/\/parts\?line=line-b/)
        await page.locator('.part-row').first().waitFor()
        expect(await page.locator('.part-row').count()).toBe(6)
        await page.locator('.part-row a').first().click()
        await visible(page, w.part.product)
        expect(await page.locator('[data-review], [data-dispose], [data-ncr-target]').count()).toBe(0)
        await screenshot(page, `plant-part-${language}`)

        await page.goto(`${server.url}/lot/M1`)
        await page.locator('[data-hold-target="lot/M1"]').click()
        const dialog = page.locator('.ant-modal')
        await dialog.locator('textarea').last().fill(`crack ${language}`)
        await dialog.locator('.ant-btn-primary').click()
        await dialog.waitFor({ state: 'hidden' })
        for (const line of lines) {
          await hear(line, plant)
          carryAll(line.replicator(plant))
        }
        await page.goto(`${server.url}/holds`)
        await page.locator('[data-taken-by="p1/line-a p1/line-b"]').first().waitFor()
        await visible(page, w.plant.itself)
        await screenshot(page, `plant-holds-${language}`)
        expect(await runsOff(page)).toEqual([])
        await page.goto(`${server.url}/review`)
        await visible(page, w.error.noPage)
        expect(complaints).toEqual([])
        const released = await runCli(
          ['plant', 'release', 'M1', '--schema', schema, '--by', 'qa', '--reason', 'seen'],
          ENV,
        )
        expect([released.code, released.stderr]).toEqual([0, ''])
      },
      240_000,
    )

    it('calls nothing current while the plant is away', async () => {
      const { page } = await openPage(browser, 'en')
      await page.goto(`${server.url}/holds`)
      await page.locator('tbody').first().waitFor()
      expect(await page.locator('[data-old-answers]').count()).toBe(0)
      await page.route('**/api/**', (route) => route.abort())
      await page.locator('[data-old-answers]').waitFor()
      await page.context().close()
    }, 60_000)

    it('holds, lists and serves by commands, and says what is missing', async () => {
      const plantCommand = (...args: string[]) => runCli(['plant', ...args, '--schema', schema], ENV)
      const keyless = await plantCommand('serve', '--https-certificate', 'plant.crt')
      expect([keyless.code, keyless.stderr]).toEqual([
        2,
        expect.stringContaining('(--https-key); expected the files of both certificate and key'),
      ])
      const bare = await plantCommand('hold', 'M1', '--by', 'qa')
      expect([bare.code, bare.stderr]).toEqual([2, expect.stringContaining('expected --reason') as string])
      const held = await plantCommand('hold', 'M1', '--by', 'qa', '--reason', 'crack')
      expect([held.code, held.stderr]).toEqual([0, ''])
      expect((await plantCommand('hold')).stdout).toMatch(/lot\/M1 .*qa +plant +crack/)
      // Its own log is signed by nobody, and counts for no exit code beside those of the lines.
      expect((await plantCommand('verify', 'plant')).code).toBe(4)
      const served = await startCli(['plant', 'serve', '--schema', schema, '--port', '0'], ENV)
      const holds = (await (await fetch(`${String(served.ready['url'])}/api/holds`)).json()) as {
        originLog: string
      }[]
      expect(holds[0]?.originLog).toBe('plant')
      expect(await stopped(served)).toBe(0)
      const nowhere = await runCli(['plant', 'serve', '--schema', 'nowhere', '--port', '0'], ENV)
      expect([nowhere.code, nowhere.stderr]).toEqual([1, expect.stringContaining('TRC_OPEN') as string])
    }, 240_000)
  },
)
