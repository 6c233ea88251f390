import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openRetention } from '../../bin/line/retention.ts'
import { type LineSpec, newEvent, RETENTION_SUBJECT } from '../../contracts/index.ts'
import { openPartStore, openSql, type TraceStore, verifyDataDir } from '../../traceability/index.ts'
import { openTraceQuery } from '../../traceability/query/index.ts'
import { failVerdict, passVerdict, request, reviewed } from './samples/traceability-requests.ts'

let dataDir: string
let store: TraceStore
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'sightline-retention-'))
  store = await openPartStore({ dataDir, synchronous: 'normal' })
})
afterEach(async () => {
  await store.close()
  rmSync(dataDir, { recursive: true, force: true })
})

const spec = (keepFails: number): LineSpec =>
  ({ plant: 'p', line: 'l', retention: { minFreeBytes: 1_000, keepFails, everyMs: 20 } }) as LineSpec

interface Kept {
  trigger: number
  there: boolean
}

/** Whether the file of each part is there, by trigger. */
async function kept(): Promise<Kept[]> {
  const query = openTraceQuery(dataDir)
  try {
    const rows = await query.recentParts({ limit: 100 })
    const files = await Promise.all(rows.map((r) => query.path(r.image?.sha256 ?? '')))
    return rows
      .map((r, i) => ({ trigger: r.trigger, there: files[i] !== null && existsSync(files[i] ?? '') }))
      .sort((a, b) => a.trigger - b.trigger)
  } finally {
    query.close()
  }
}
const gone = async (): Promise<number[]> => (await kept()).filter((k) => !k.there).map((k) => k.trigger)

/** Runs retention until it has looked at all these free spaces and is in these degraded modes. */
async function run(
  keepFails: number,
  free: number[],
  modes: string[],
  drawn: readonly string[] = [],
): Promise<void> {
  const query = openTraceQuery(dataDir)
  const questions = {
    oldestImages: async (...args: Parameters<typeof query.oldestImages>) => query.oldestImages(...args),
  }
  let last = 0
  const freeOf = async (): Promise<number> => (last = free.shift() ?? last)
  const retention = openRetention(spec(keepFails), dataDir, questions, store, () => drawn, freeOf)
  await expect.poll(() => free.length, { timeout: 10_000, interval: 20 }).toBe(0)
  await expect.poll(() => retention?.degraded().map((d) => d.id)).toEqual(modes)
  await retention?.close()
  query.close()
}

describe('images when the disk gets full', () => {
  it('are gone when the deletion is answered, so that what became free is seen before more goes', async () => {
    for (let n = 1; n <= 3; n++) await store.capture(request(n, passVerdict()))
    const query = openTraceQuery(dataDir)
    const images = query.oldestImages('pass', 0, 10, []).map((i) => i.sha256)
    const files = await Promise.all(images.map((sha256) => query.path(sha256)))
    expect(files.map((f) => existsSync(f ?? ''))).toEqual([true, true, true])
    // Parts go on coming meanwhile.
    const coming = [4, 5, 6, 7].map((n) => store.capture(request(n, passVerdict())))
    await store.deleteImages(
      newEvent({
        type: 'qe.image.deleted.v1',
        source: '/plants/p/lines/l',
        subject: RETENTION_SUBJECT,
        partitionkey: 'l',
        data: { class: 'pass', images, bytes: 1, freeBytes: 1, minFreeBytes: 2 },
      }),
    )
    expect(files.map((f) => existsSync(f ?? ''))).toEqual([false, false, false])
    await Promise.all(coming)
    query.close()
  })

  it('stay when a part that did not pass showed them again after they were chosen as those of passed parts', async () => {
    for (let n = 1; n <= 3; n++) await store.capture(request(n, passVerdict()))
    const query = openTraceQuery(dataDir)
    const chosen = query.oldestImages('pass', 0, 10, [])
    await store.capture(request(4, failVerdict(), { image: request(1, passVerdict()).image }))
    const images = chosen.map((i) => i.sha256)
    const data = { class: 'pass' as const, images, bytes: 45, freeBytes: 1, minFreeBytes: 2 }
    const source = '/plants/p/lines/l'
    const about = { type: 'qe.image.deleted.v1', source, subject: RETENTION_SUBJECT, partitionkey: 'l' }
    await store.deleteImages(newEvent({ ...about, data }))
    expect(await gone()).toEqual([2, 3])
    const [told] = query.eventsAfter(4, 1)
    const less = 45 - (chosen[0]?.bytes ?? 0)
    expect(told?.event.data).toMatchObject({ images: images.slice(1), bytes: less })
    query.close()
  })

  it('are as new as the last failure that shows them, and failures only where one does', async () => {
    for (let n = 1; n <= 4; n++) await store.capture(request(n, failVerdict()))
    await store.capture(request(9, failVerdict(), { image: request(1, failVerdict()).image }))
    await run(2, [500, 500], ['retention'])
    expect(await gone()).toEqual([2, 3])
    // A passed one that was deleted, and comes again with another passed part.
    await store.capture(request(10, passVerdict()))
    await run(2, [500, 500], ['retention'])
    await store.capture(request(11, passVerdict(), { image: request(10, passVerdict()).image }))
    await run(2, [500, 500], ['retention'])
    expect(await gone()).toEqual([2, 3, 10, 11])
  })

  it('go by class, passed ones first; the newest failures stay, and the log proves what was deleted', async () => {
    for (let n = 1; n <= 4; n++) await store.capture(request(n, passVerdict()))
    for (let n = 5; n <= 8; n++) await store.capture(request(n, failVerdict()))
    const query = openTraceQuery(dataDir)
    const parts = await query.recentParts({ limit: 100 })
    const [seen, drawn] = [2, 1].map((trigger) => parts.find((p) => p.trigger === trigger))
    query.close()
    const audit = [drawn?.image?.sha256 ?? '', seen?.image?.sha256 ?? '']
    await store.emit(reviewed(seen?.inspectionId ?? '', { before: 'pass', after: 'pass', reason: 'audit' }))
    // Once short of room: the passed ones that nobody looked at, nor is asked to.
    await run(2, [500, 2_000], [], audit)
    expect(await gone()).toEqual([3, 4])
    // Then the audit sample that waits for a person, before what a person looked at.
    await run(2, [500, 2_000], [], audit)
    expect(await gone()).toEqual([1, 3, 4])
    const db = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
    const told = db.all<{ class: string }>(
      `select json_extract(json, '$.data.class') as class from event where type = 'qe.image.deleted.v1' order by position`,
    )
    db.close()
    expect(told.map((t) => t.class)).toEqual(['pass', 'audit'])
    // Again: the reviewed one, then failures, and at last only protected ones are left.
    await run(2, [500, 500, 500, 500], ['retention'], audit)
    expect(await gone()).toEqual([1, 2, 3, 4, 5, 6])
    // A part with the same picture brings it back.
    await store.capture(request(20, passVerdict(), { image: request(1, passVerdict()).image }))
    expect(await gone()).toEqual([2, 3, 4, 5, 6])
    await store.close()

    const report = await verifyDataDir(dataDir, {})
    expect(report.findings).toEqual([])
    expect(report.images).toMatchObject({ deletedByRetention: 5 })
    // A picture that is said to be deleted, by nobody.
    const altered = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal' })
    altered.exec(
      `update image set deleted_at = '2026-01-05T06:00:00.000Z' where deleted_at is null and retention = 'ng'`,
    )
    altered.close()
    const forged = await verifyDataDir(dataDir, {})
    expect(forged.findings.map((f) => f.kind)).toContain('image')
    expect(JSON.stringify(forged.findings)).toContain('no event says so')
  }, 60_000)
})
