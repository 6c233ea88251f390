import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { CodedError } from '../../contracts/index.ts'
import { openPartStore, type TraceStore } from '../../traceability/index.ts'
import { UnwrittenTriggers } from '../../traceability/store/unwritten-triggers.ts'
import { describeWith } from '../services/require-service.ts'
import { canMountTmpfs, mountTmpfs, unmount } from '../services/mounts.ts'
import { at, missed, passVerdict, request } from './samples/traceability-requests.ts'

describeWith(
  'mounting a tmpfs (root on Linux)',
  canMountTmpfs(),
  'triggers that neither store nor spool takes',
  () => {
    let base: string
    let disk: string
    let store: TraceStore
    beforeEach(async () => {
      base = mkdtempSync(join(tmpdir(), 'sightline-unwritten-'))
      disk = join(base, 'disk')
      mkdirSync(disk)
      mountTmpfs(disk, 'size=2m')
      store = await openPartStore({ dataDir: disk, drainEveryMs: 60_000 })
    })
    afterEach(async () => {
      await store.close()
      unmount(disk)
      rmSync(base, { recursive: true, force: true })
    })

    const fill = (): void => {
      for (const size of [65_536, 4_096, 64])
        for (let n = 0; ; n++)
          try {
            writeFileSync(join(disk, `ballast-${size}-${n}`), Buffer.alloc(size))
          } catch {
            break
          }
    }
    const balance = async (from?: string, to?: string) =>
      store.withUnwritten(await store.balance(from, to), from, to)
    const refused = (written: Promise<unknown>): Promise<CodedError> =>
      written.then(
        () => Promise.reject(new Error('it was written')),
        (error: CodedError) => error,
      )

    it('leave the balance open until one of them takes them', async () => {
      await store.openTrigger({ station: 'st10', trigger: 1, attempt: 1, at: at(1) })
      await store.capture(request(1, passVerdict()))
      await store.openTrigger({ station: 'st10', trigger: 2, attempt: 1, at: at(2) })
      const closed = { station: 'st10', triggers: 2, verdicts: 1, noVerdicts: 0, open: 1, closed: true }
      expect(await balance()).toEqual([closed])
      fill()
      // The second one is open in the balance; of the third and the missed one nothing is written.
      const early = refused(store.openTrigger({ station: 'st10', trigger: 3, at: at(3) }))
      const announced = refused(store.openTrigger({ station: 'st10', trigger: 3, attempt: 1, at: at(3) }))
      const image = Buffer.alloc(100_000, 7)
      for (const n of [2, 3]) {
        const asked = request(n, passVerdict(), { image })
        if (asked.meta) asked.meta.format = { kind: 'raw', pixel: 'mono8', widthPx: 1_000, heightPx: 100 }
        expect(await refused(store.capture(asked))).toMatchObject({ code: 'TRC_DISK_FULL' })
      }
      expect(await refused(store.capture({ ...missed(1), station: 'st20' }))).toMatchObject({
        code: 'TRC_DISK_FULL',
      })
      expect(await announced).toMatchObject({ code: 'TRC_DISK_FULL' })
      expect(await early).toMatchObject({ code: 'TRC_DISK_FULL' })
      expect(store.health().state).toBe('failed')
      await expect
        .poll(() => balance(), { timeout: 10_000, interval: 100 })
        .toEqual([
          { ...closed, closed: false, unwritten: 1 },
          { station: 'st20', triggers: 0, verdicts: 0, noVerdicts: 0, open: 0, closed: false, unwritten: 1 },
        ])
      expect(await balance(at(2), at(3))).toMatchObject([{ triggers: 1, open: 1, closed: true }])
      expect(await balance(at(3))).toMatchObject([
        { station: 'st10', triggers: 0, closed: false, unwritten: 1 },
      ])

      execFileSync('mount', ['-o', 'remount,size=32m', disk])
      for (const n of [2, 3]) await store.capture(request(n, passVerdict()))
      await store.capture({ ...missed(1), station: 'st20' })
      expect(await balance()).toEqual([
        { ...closed, triggers: 3, verdicts: 3, open: 0 },
        { station: 'st20', triggers: 1, verdicts: 0, noVerdicts: 1, open: 0, closed: true },
      ])
    })
  },
)

it('is no longer unwritten when the store says that it has the record already', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  try {
    const triggers = new UnwrittenTriggers()
    const trigger = { station: 'st10', trigger: 1, attempt: 1, at: at(1) }
    const refused = (code: 'TRC_WRITE' | 'TRC_DUPLICATE') => Promise.reject(new CodedError(code))
    const counted = async (): Promise<(number | undefined)[]> => {
      await Promise.resolve()
      vi.advanceTimersByTime(3_000)
      return triggers.beside([]).map((b) => b.unwritten)
    }
    triggers.announcing(trigger, refused('TRC_WRITE'))
    triggers.recording(trigger, refused('TRC_WRITE'))
    expect(await counted()).toEqual([1])
    triggers.recording(trigger, refused('TRC_DUPLICATE'))
    expect(await counted()).toEqual([])
  } finally {
    vi.useRealTimers()
  }
})
