import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type PlcSimulator, startPlcSimulator } from '../../camera/index.ts'
import type { TriggerBalance } from '../../contracts/index.ts'
import { canMountTmpfs, mountTmpfs, unmount } from '../services/mounts.ts'
import { describeWith } from '../services/require-service.ts'
import { closedBooks, goodPng, type Workshop, workshop } from './bad-samples.ts'
import { type CliProcess, startCli, stopped } from './line-process.ts'
import { lineState, asked } from './line-state.ts'

describeWith(
  'mounting a tmpfs (root on Linux)',
  canMountTmpfs(),
  'a disk that fills up under a running line',
  () => {
    let shop: Workshop
    let disk: string
    let plc: PlcSimulator
    let line: CliProcess

    beforeAll(async () => {
      shop = workshop('disk')
      disk = join(shop.dir, 'disk')
      mkdirSync(disk)
      mountTmpfs(disk, 'size=16m')
      mkdirSync(join(shop.dir, 'images'))
      writeFileSync(join(shop.dir, 'images', 'good.png'), await goodPng())
      plc = await startPlcSimulator({ gateMs: 4_000 })
      const file = shop.line('disk', {
        stations: [
          {
            id: 'cam',
            camera: { adapter: 'replay', path: 'images', rate: 'triggered', loop: true },
            recipe: 'ramp@1',
            budgetMs: 3_000,
            reject: { adapter: 'modbus-tcp', host: '127.0.0.1', port: plc.port },
          },
        ],
        scenarios: [{ use: 'lean' }],
      })
      line = await startCli(['serve', file, '--data', join(disk, 'data'), '--no-supervisor'])
      await vi.waitUntil(() => plc.inputs().ready, { timeout: 10_000 })
    })

    afterAll(async () => {
      if (line?.child.exitCode === null) await stopped(line)
      await plc?.close()
      unmount(disk)
      shop.remove()
    })

    /** Triggers `n` parts one after the other and gives what the gate did with them. */
    const parts = async (n: number): Promise<string[]> => {
      const numbers: number[] = []
      for (let i = 0; i < n; i++) {
        numbers.push(plc.trigger())
        await sleep(150)
      }
      const done = (): string[] => numbers.map((t) => plc.part(t)?.action ?? 'none')
      await expect.poll(done, { timeout: 10_000 }).not.toContain('pending')
      return done()
    }
    const fill = (): void => {
      const { bavail, bsize } = statfsSync(disk)
      // Pages until the very last one, so that not even a byte is left to an append.
      execFileSync(
        'sh',
        ['-c', `head -c ${(bavail + 64) * bsize} /dev/zero > ${join(disk, 'filler')} || true`],
        { stdio: 'ignore' },
      )
      expect(statfsSync(disk).bavail).toBe(0)
    }

    it('releases parts while there is room', async () => {
      expect(await parts(3)).toEqual(['released', 'released', 'released'])
    })

    it('goes on judging when it is full, but holds every part, and says so to people and to the PLC', async () => {
      fill()
      // What SQLite had allocated before may still take a record or two; those are recorded and may pass.
      let seen: string[] = []
      await expect
        .poll(async () => (seen = await parts(4)), { timeout: 40_000, interval: 0 })
        .toEqual(['held', 'held', 'held', 'held'])
      expect(seen).not.toContain('rejected')
      const { store, alarms, degraded, stations } = await lineState(line)
      expect(store.state).toBe('failed')
      expect(store.lastError).toMatch(/TRC_DISK_FULL.*free space on the volume/)
      expect(alarms.map((a) => a.code)).toContain('TRC_DISK_FULL')
      expect(degraded.map((d) => d.id)).toContain('store')
      expect(stations[0]?.camera.state).toBe('online')
      expect(plc.inputs().fault).toBe(true)
      // What is written is balanced; what is not is missing from it, and says so.
      await expect
        .poll(async () => {
          const [b] = await asked<TriggerBalance[]>(line, '/api/balance')
          return [b?.closed, (b?.triggers ?? 0) - (b?.unexplained ?? 0) + (b?.unwritten ?? 0)]
        })
        .toEqual([false, plc.counter])
    })

    it('recovers by itself when there is room again: the alarm goes, parts pass, what was owed is recorded', async () => {
      rmSync(join(disk, 'filler'))
      await expect.poll(() => parts(2), { timeout: 30_000, interval: 200 }).toEqual(['released', 'released'])
      await expect
        .poll(() => lineState(line).then((s) => [s.store.state, s.alarms]), { timeout: 30_000 })
        .toEqual(['ok', []])
      await expect.poll(() => plc.inputs().fault).toBe(false)
      // While it runs, without a restart.
      await expect
        .poll(async () => (await asked<TriggerBalance[]>(line, '/api/balance'))[0], { timeout: 20_000 })
        .toMatchObject({ closed: true, open: 0, triggers: plc.counter })
      expect(await stopped(line)).toBe(0)
    })

    it('has one record per trigger: what was released has a recorded pass, what was held for its record says no-record', async () => {
      const rows = new Map((await closedBooks(join(disk, 'data'))).map((r) => [r.trigger, r]))
      expect(rows.size).toBe(plc.counter)
      for (const { trigger, action } of plc.parts()) {
        const row = rows.get(trigger)
        if (action === 'released') expect(row?.result).toBe('pass')
      }
      const owed = [...rows.values()].filter((r) => r.noVerdict === 'no-record')
      expect(owed.length).toBeGreaterThanOrEqual(4)
      for (const r of owed)
        expect([r.result, r.disposition, r.code, plc.part(r.trigger)?.action]).toEqual([
          'inconclusive',
          'hold',
          'TRC_DISK_FULL',
          'held',
        ])
    })
  },
)
