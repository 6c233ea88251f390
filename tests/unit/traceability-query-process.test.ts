import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openPartStore, openSql, openTraceQuery, type TraceStore } from '../../traceability/index.ts'
import { QueryProcess } from '../../traceability/query/index.ts'
import { failVerdict, passVerdict, request } from './samples/traceability-requests.ts'

let dataDir: string
let store: TraceStore
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'sightline-query-process-'))
  store = await openPartStore({ dataDir, spoolAfterMs: 20_000 })
})
afterEach(async () => {
  await store.close()
  rmSync(dataDir, { recursive: true, force: true })
})

/** A statement that runs for many seconds, as a question on far too many records does. */
function addSlowView(): void {
  const db = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal' })
  db.exec('alter table hold rename to hold_kept')
  db.exec(
    `create view hold as with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000000)
     select hold_kept.* from hold_kept, (select count(*) as c from n) where c > 0`,
  )
  db.close()
}

it('answers what the same question gets on this thread', async () => {
  await store.capture(request(1, passVerdict()))
  await store.capture(request(2, failVerdict()))
  const here = openTraceQuery(dataDir)
  const queries = new QueryProcess({ dataDir })
  const q = queries.questions
  const [row] = await q.recentParts({ limit: 1 })
  expect(row?.trigger).toBe(2)
  expect(await q.recentParts({ limit: 10 })).toEqual(await here.recentParts({ limit: 10 }))
  const id = row?.inspectionId ?? ''
  expect(JSON.parse(JSON.stringify(await q.part(id)))).toEqual(
    JSON.parse(JSON.stringify(await here.part(id))),
  )
  expect(await q.counters()).toEqual(here.counters())
  expect(await q.defectPareto()).toEqual(here.defectPareto())
  here.close()
  await queries.close()
})

it('carries the code of a refusal across', async () => {
  const queries = new QueryProcess({ dataDir })
  await expect(queries.questions.recallText({ target: 'lot/none' }, 'json')).rejects.toMatchObject({
    code: 'TRC_NOT_FOUND',
  })
  await queries.close()
})

it('gives up a question that takes too long, leaves the event loop free, and answers the next one', async () => {
  await store.capture(request(1, passVerdict()))
  const queries = new QueryProcess({ dataDir, limitMs: 300 })
  const { questions } = queries
  await questions.holds()
  addSlowView()
  let beats = 0
  const beat = setInterval(() => (beats += 1), 5)
  const slow = questions.holds()
  const next = questions.counters()
  await expect(slow).rejects.toMatchObject({ code: 'TRC_BUSY' })
  clearInterval(beat)
  expect(beats).toBeGreaterThan(10)
  expect((await next).map((c) => c.pass)).toEqual([1])
  await queries.close()
})

it('refuses a crowd, and everything after it was closed', async () => {
  const queries = new QueryProcess({ dataDir, maxWaiting: 2 })
  const { questions } = queries
  const asked = [1, 2, 3, 4].map(() =>
    questions.counters().then(
      () => 'answered',
      (e: { code: string }) => e.code,
    ),
  )
  expect((await Promise.all(asked)).filter((a) => a === 'TRC_BUSY').length).toBeGreaterThan(0)
  await queries.close()
  await expect(questions.counters()).rejects.toMatchObject({ code: 'TRC_BUSY' })
})

it('says what is wrong with a file that is no database', async () => {
  const broken = mkdtempSync(join(tmpdir(), 'sightline-query-process-'))
  writeFileSync(join(broken, 'trace.db'), 'no database')
  const queries = new QueryProcess({ dataDir: broken })
  await expect(queries.questions.counters()).rejects.toMatchObject({ code: 'TRC_OPEN' })
  await queries.close()
  rmSync(broken, { recursive: true })
})
