import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { openEventLog, openPartStore } from '../../traceability/index.ts'
import { StoreThread } from '../../traceability/store/store-thread.ts'
import { passVerdict, request } from './samples/traceability-requests.ts'

/** The threads the product started. */
const threads: Worker[] = []
vi.mock('../../contracts/worker-entry.ts', async (original) => {
  const real = await original<typeof import('../../contracts/worker-entry.ts')>()
  return {
    ...real,
    spawnWorker: (...args: Parameters<typeof real.spawnWorker>) => {
      const worker = real.spawnWorker(...args)
      threads.push(worker)
      return worker
    },
  }
})

/** A message that the thread cannot read: it dies of an uncaught error, after what was sent before has arrived. */
const die = (thread: Worker | undefined): void => thread?.postMessage({ kind: 'requests', requests: null })

let dataDir: string
beforeEach(() => {
  threads.length = 0
  dataDir = mkdtempSync(join(tmpdir(), 'sightline-thread-'))
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

it('outlives the death of its thread: nothing acknowledged is lost, nothing doubled', async () => {
  const store = await openPartStore({ dataDir, spoolAfterMs: 20_000, drainEveryMs: 50 })
  await store.capture(request(1, passVerdict()))
  const requests = [2, 3, 4, 5, 6].map((n) => request(n, passVerdict()))
  const pending = requests.map((r) => store.capture(r))
  die(threads[0])
  const acks = await Promise.all(pending)
  expect(acks.map((a) => a.inspectionId)).toEqual(requests.map((r) => r.inspectionId))
  // While there is no thread the spool takes the records.
  expect((await store.capture(request(7, passVerdict()))).durable).toBe('spool')
  await expect.poll(() => store.health().spooled, { timeout: 15_000 }).toBe(0)
  expect(threads).toHaveLength(2)
  expect((await store.capture(request(8, passVerdict()))).durable).toBe('store')
  await store.close()
  const log = openEventLog(dataDir)
  const triggers = log.read(0, 100).map((e) => (e.event.data as { trigger: number }).trigger)
  log.close()
  expect(triggers.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
})

it('wakes listeners once per commit: what comes during a commit shares the next one', async () => {
  const store = await openPartStore({ dataDir, spoolAfterMs: 20_000 })
  let commits = 0
  store.onAppend(() => (commits += 1))
  await Promise.all(Array.from({ length: 120 }, (_, i) => store.capture(request(i + 1, passVerdict()))))
  await store.close()
  expect(commits).toBeGreaterThan(0)
  expect(commits).toBeLessThan(40)
})

it('ends by itself: close answers everything asked before', async () => {
  const store = await openPartStore({ dataDir, spoolAfterMs: 20_000 })
  const pending = [1, 2, 3].map((n) => store.capture(request(n, passVerdict())))
  await store.close()
  expect((await Promise.all(pending)).map((a) => a.durable)).toEqual(['store', 'store', 'store'])
  expect(threads[0]?.threadId).toBe(-1)
})

it('closes while its thread is being started again', async () => {
  const store = await openPartStore({ dataDir, spoolAfterMs: 20_000 })
  die(threads[0])
  await expect.poll(() => threads.length, { timeout: 15_000, interval: 1 }).toBe(2)
  await store.close()
  expect(threads[1]?.threadId).toBe(-1)
})

it('does not wait for ever for a thread that hangs: what it owes is refused', async () => {
  const thread = await StoreThread.start({ dataDir, synchronous: 'full' })
  // Its messages no longer arrive, as when the disk holds it.
  const worker = threads[0]
  if (worker !== undefined) worker.postMessage = () => undefined
  const owed = thread.call('lastTrigger', 'st10')
  const refused = expect(owed).rejects.toMatchObject({ code: 'TRC_WRITE' })
  await thread.close(200)
  await refused
  await expect.poll(() => worker?.threadId).toBe(-1)
})
