import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type CaptureRequest, type TraceFact, uuidv7, type VerdictReviewed } from '../../contracts/index.ts'
import { openPartStore, openSql, openTraceQuery, type TraceStore } from '../../traceability/index.ts'
import { at, context, failVerdict, gs1Code, passVerdict, request } from './samples/traceability-requests.ts'

let dataDir: string
let store: TraceStore
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'sightline-spool-order-'))
  // No round by itself: only what asks for one, and the end.
  store = await openPartStore({ dataDir, spoolAfterMs: 400, drainEveryMs: 600_000 })
})
afterEach(async () => {
  await store.close()
  rmSync(dataDir, { recursive: true, force: true })
})

/** Another program holds the database while `work` is done, which leaves what it wants stored in the spool. */
async function whileLocked(work: () => Promise<unknown>): Promise<void> {
  const other = openSql(join(dataDir, 'trace.db'), { synchronous: 'full' })
  other.exec('begin immediate')
  await work()
  await vi.waitFor(() => expect(store.health().queued).toBe(0), { timeout: 30_000 })
  expect(store.health().spooled).toBeGreaterThan(0)
  other.exec('rollback')
  other.close()
}

const passed = (trigger: number, serial = 'A', patch: Partial<CaptureRequest> = {}) =>
  request(trigger, passVerdict({ codes: [gs1Code(serial)] }), patch)
const failed = (trigger: number, serial = 'A', patch: Partial<CaptureRequest> = {}) =>
  request(trigger, failVerdict({ codes: [gs1Code(serial)] }), patch)
const behind: Partial<CaptureRequest> = { station: 'st20', context: { ...context, station: 'st20' } }

/** After all of the spool is delivered. */
async function whereIs(serial: string): Promise<[string, string | null]> {
  await store.close()
  const query = openTraceQuery(dataDir)
  const [life] = await query.unitLives(serial)
  query.close()
  return [life?.where.place ?? '', life?.where.disposition ?? null]
}

let clock = 1_000
const tell = (fact: object) =>
  store.recordFact({ id: uuidv7(), at: at(++clock), by: 'wang', ...fact } as TraceFact, {
    plant: 'p1',
    line: 'caps-a',
  })
const scrap = (rest: object = {}) =>
  tell({ kind: 'dispose', unit: 'unit/A', disposition: 'scrap', reason: 'cracked', ...rest })

describe('while records wait in the spool', () => {
  it('what is said of a part later stays behind them, and other parts wait for nothing', async () => {
    await whileLocked(() => store.capture(passed(1)))
    expect(await store.capture(failed(1, 'A', behind))).toMatchObject({ durable: 'spool' })
    expect(await store.capture(failed(2, 'B'))).toMatchObject({ durable: 'store' })
    // The last station failed it: what the one before found is no newer for having been stored later.
    expect(await whereIs('A')).toEqual(['scrapped', 'scrap'])
  }, 60_000)

  it('the newest review counts, and not the one that was stored last', async () => {
    const asked = passed(1)
    const { inspectionId } = asked
    await store.capture(asked)
    await whileLocked(() => store.emit(review(inspectionId, 'pass')))
    await store.emit(review(inspectionId, 'fail'))
    expect(await whereIs('A')).toEqual(['held', 'hold'])
  }, 60_000)

  it('a person who saw an earlier one is told, and decides about the last one', async () => {
    const first = failed(1)
    await store.capture(first)
    await whileLocked(() => store.capture(passed(2)))
    await expect(scrap({ inspection: first.inspectionId })).rejects.toMatchObject({
      code: 'TRC_GENEALOGY',
      message: expect.stringContaining('look at what was found since') as string,
    })
    await scrap()
    expect(await whereIs('A')).toEqual(['scrapped', 'scrap'])
  }, 60_000)

  it('that the store does not take, nobody decides by what is on record, but a hold stops the part at once', async () => {
    await store.capture(passed(1))
    renameSync(join(dataDir, 'images'), join(dataDir, 'away'))
    writeFileSync(join(dataDir, 'images'), 'no folder')
    const image = Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9)
    expect(await store.capture(failed(2, 'A', { image }))).toMatchObject({ durable: 'spool' })
    for (const fact of [
      { kind: 'ship', child: 'unit/A', shipment: 'S1' },
      { kind: 'use', target: 'unit/A' },
    ])
      await expect(tell(fact)).rejects.toMatchObject({
        code: 'TRC_SPOOLED',
        message: expect.stringMatching(/1 waiting in the spool: TRC_/) as string,
      })
    await expect(scrap()).rejects.toMatchObject({ code: 'TRC_SPOOLED' })
    await tell({ kind: 'hold', target: 'unit/A', reason: 'noise' })
    rmSync(join(dataDir, 'images'))
    renameSync(join(dataDir, 'away'), join(dataDir, 'images'))
    await expect(tell({ kind: 'ship', child: 'unit/A', shipment: 'S1' })).rejects.toMatchObject({
      code: 'TRC_HELD',
    })
    await scrap()
    expect(await whereIs('A')).toEqual(['scrapped', 'scrap'])
  }, 60_000)

  it('those of one part keep their order where the store takes some of them and not others', async () => {
    await store.capture(passed(1))
    renameSync(join(dataDir, 'images'), join(dataDir, 'away'))
    writeFileSync(join(dataDir, 'images'), 'no folder')
    const image = Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9)
    await store.capture(failed(2, 'A', { image }))
    expect(await store.capture(passed(3))).toMatchObject({ durable: 'spool' })
    await expect(scrap()).rejects.toMatchObject({ code: 'TRC_SPOOLED' })
    rmSync(join(dataDir, 'images'))
    renameSync(join(dataDir, 'away'), join(dataDir, 'images'))
    expect(await whereIs('A')).toEqual(['line', 'release'])
  }, 60_000)
})

it('facts that are stated in a row are taken in that order', async () => {
  await store.capture(passed(1))
  await Promise.all([
    tell({ kind: 'ship', child: 'unit/A', shipment: 'S1' }),
    tell({ kind: 'hold', target: 'unit/A', reason: 'noise' }),
  ])
  expect(await whereIs('A')).toEqual(['shipped', 'release'])
})

const review = (inspectionId: string, after: VerdictReviewed['after']) => ({
  specversion: '1.0' as const,
  id: uuidv7(),
  source: '/plants/p1/lines/caps-a/stations/st10',
  type: 'qe.verdict.reviewed.v1',
  subject: 'unit/A',
  time: at(900),
  datacontenttype: 'application/json' as const,
  dataschema: 'urn:x',
  partitionkey: 'caps-a',
  causationid: inspectionId,
  data: { inspectionId, reviewer: 'wang', before: 'pass', after, reason: 'by eye', labels: [] },
})
