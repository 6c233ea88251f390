import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { canMountTmpfs, mountTmpfs, unmount } from '../services/mounts.ts'
import { describeWith } from '../services/require-service.ts'
import { goodPng, type Workshop, workshop } from './bad-samples.ts'
import { type CliProcess, startCli, stopped } from './line-process.ts'
import { asked, lineState } from './line-state.ts'

describeWith(
  'mounting a tmpfs (root on Linux)',
  canMountTmpfs(),
  'a line that is stopped while nothing takes its records',
  () => {
    let shop: Workshop
    let disk: string
    let file: string
    const running: CliProcess[] = []
    const start = async (...more: string[]): Promise<CliProcess> => {
      const line = await startCli(['serve', file, '--data', join(disk, 'data'), ...more])
      running.push(line)
      return line
    }

    beforeAll(async () => {
      shop = workshop('owing')
      disk = join(shop.dir, 'disk')
      mkdirSync(disk)
      mountTmpfs(disk, 'size=16m')
      mkdirSync(join(shop.dir, 'images'))
      writeFileSync(join(shop.dir, 'images', 'good.png'), await goodPng())
      file = shop.line('owing', {
        stations: [
          {
            id: 'cam',
            camera: { adapter: 'replay', path: 'images', rate: 10, loop: true },
            recipe: 'ramp@1',
            budgetMs: 1_000,
          },
        ],
      })
    })

    afterAll(() => {
      for (const { child } of running) child.kill('SIGKILL')
      unmount(disk)
      shop.remove()
    })

    it.each([['--no-supervisor'], ['--host', '127.0.0.1']])(
      'does not end as if all were well, and is not started again (%s)',
      async (...how) => {
        const line = await start(...how)
        const filler = join(disk, 'filler')
        const fill = (): void => {
          const { bavail, bsize } = statfsSync(disk)
          const bytes = (bavail + 64) * bsize
          execFileSync('sh', ['-c', `head -c ${bytes} /dev/zero >> ${filler} || true`], { stdio: 'ignore' })
        }
        fill()
        await expect.poll(async () => (await lineState(line)).store.state, { timeout: 60_000 }).toBe('failed')
        // Many, since what was begun in vain, as a part of a log or an image, is given back in between.
        const refused = (): number => line.stderr().split('a record could not be stored').length - 1
        await expect.poll(refused, { timeout: 60_000 }).toBeGreaterThan(40)
        const full = setInterval(fill, 20)
        const code = await stopped(line).finally(() => clearInterval(full))
        rmSync(filler)
        expect(code).toBe(1)
        expect(line.stderr()).toContain('records could not be stored')

        const next = await start('--no-supervisor')
        type Balance = { closed: boolean; noVerdicts: number }
        await expect
          .poll(async () => (await asked<Balance[]>(next, '/api/balance'))[0], { timeout: 20_000 })
          .toMatchObject({ noVerdicts: expect.any(Number) })
        expect(await stopped(next)).toBe(0)
      },
      120_000,
    )
  },
)
