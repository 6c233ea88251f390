import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openPartStore, openTraceQuery, verifyDataDir } from '../../traceability/index.ts'
import { canMountExt4, makeExt4, mountExt4, unmount } from '../services/mounts.ts'
import { describeWith } from '../services/require-service.ts'
import { gs1Code, passVerdict, request } from './samples/traceability-requests.ts'

/** Parts in flight when the disk goes. */
const TOGETHER = 32
const FIRST = 100

describeWith(
  'mounting ext4 on a loop device (root on Linux)',
  canMountExt4(),
  'a disk that turns read-only in mid-capture',
  () => {
    let base = ''
    let disk = ''
    let device = ''
    const mount = (): void => {
      mountExt4(join(base, 'image'), disk)
      device = execFileSync('findmnt', ['-no', 'SOURCE', disk], { encoding: 'utf8' }).trim()
    }
    /** As after a bad sector: the file system allows no write any more, whoever has a file open. */
    const fail = (): void => writeFileSync(`/sys/fs/ext4/${basename(device)}/trigger_fs_error`, '1')
    /** Repaired and mounted again. */
    const repair = (): void => {
      unmount(disk)
      try {
        execFileSync('e2fsck', ['-fy', join(base, 'image')], { stdio: 'ignore' })
      } catch (error) {
        // 1: errors were corrected.
        expect((error as { status: number }).status).toBe(1)
      }
      mount()
    }

    beforeEach(() => {
      base = mkdtempSync(join(tmpdir(), 'sightline-ro-'))
      disk = join(base, 'disk')
      mkdirSync(disk)
      makeExt4(join(base, 'image'))
      mount()
    })
    afterEach(() => {
      unmount(disk)
      rmSync(base, { recursive: true, force: true })
    })

    /** Captures `TOGETHER` parts at a time until `stop` says so; the triggers that were acknowledged, and by what. */
    async function captured(
      store: Awaited<ReturnType<typeof openPartStore>>,
      from: number,
      stop: (acknowledged: ReadonlyMap<number, string>) => boolean,
      acknowledged: Map<number, string>,
    ): Promise<number> {
      let next = from
      const lane = async (): Promise<void> => {
        while (!stop(acknowledged)) {
          const trigger = next++
          const verdict = passVerdict({ codes: [gs1Code(`R${trigger}`, 'L1')] })
          const ack = await store.capture(request(trigger, verdict)).catch(() => null)
          if (ack !== null) acknowledged.set(trigger, ack.durable)
        }
      }
      await Promise.all(Array.from({ length: TOGETHER }, lane))
      return next
    }

    /** What was acknowledged is recorded, once, and the log verifies. */
    async function expectKept(dataDir: string, acknowledged: ReadonlyMap<number, string>): Promise<void> {
      const query = openTraceQuery(dataDir)
      const triggers = (await query.recentParts({ limit: 100_000 })).map((p) => p.trigger)
      query.close()
      expect(new Set(triggers).size).toBe(triggers.length)
      expect([...acknowledged.keys()].filter((t) => !triggers.includes(t))).toEqual([])
      const report = await verifyDataDir(dataDir)
      expect(report.findings).toEqual([])
      expect(report.records).toBe(triggers.length)
    }

    it('is bypassed by a spool on another disk, whose records are delivered after the repair', async () => {
      const dataDir = join(disk, 'data')
      const spoolDir = join(base, 'spool')
      const store = await openPartStore({ dataDir, spoolDir, spoolAfterMs: 20_000 })
      const acknowledged = new Map<number, string>()
      let failed = false
      const next = await captured(
        store,
        1,
        (all) => {
          if (all.size >= FIRST && !failed) {
            failed = true
            fail()
          }
          return [...all.values()].filter((d) => d === 'spool').length >= FIRST
        },
        acknowledged,
      )
      expect(store.health()).toMatchObject({ state: 'spooling' })
      await store.close()
      repair()
      const again = await openPartStore({ dataDir, spoolDir })
      expect(again.health()).toMatchObject({ spooled: 0 })
      expect(await again.capture(request(next, passVerdict()))).toMatchObject({ durable: 'store' })
      await again.close()
      await expectKept(dataDir, acknowledged)
    })

    it('acknowledges nothing more when the spool lies on it too, and loses nothing it acknowledged', async () => {
      const dataDir = join(disk, 'data')
      const store = await openPartStore({ dataDir, spoolAfterMs: 20_000 })
      const acknowledged = new Map<number, string>()
      await captured(store, 1, (all) => all.size >= FIRST, acknowledged)
      fail()
      for (let n = 1; n <= 4; n++)
        await expect(store.capture(request(10_000 + n, passVerdict()))).rejects.toMatchObject({
          code: expect.stringMatching(/^TRC_(WRITE|IMAGE|OPEN)$/) as string,
        })
      expect(store.health()).toMatchObject({ state: 'failed' })
      await store.close()
      repair()
      await (await openPartStore({ dataDir })).close()
      await expectKept(dataDir, acknowledged)
    })
  },
)
