import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CaptureRequest, SqlDatabase, SqlRow } from '../../contracts/index.ts'
import { migrate, openPartStore, openSql, verifyDataDir } from '../../traceability/index.ts'
import { signNow } from '../unit/samples/signed-log.ts'
import { failVerdict, gs1Code, passVerdict, request } from '../unit/samples/traceability-requests.ts'
import { cpuOf, print } from './measure.ts'
import { benchEdges } from './trace-edges.ts'
import { benchPostgres } from './trace-postgres.ts'

/** Requests in flight at once in a burst. */
const BURST = 64
/** Events of the log that is verified, at least: threads must be up before their speed shows. */
const VERIFIED = 100_000

/** A part in three fails; every part has a code, a lot and a supplier. */
function capture(n: number): CaptureRequest {
  const codes = [gs1Code(`B${n}`, `L${Math.floor(n / 500)}`)]
  const asked = request(n, n % 3 === 0 ? failVerdict({ codes }) : passVerdict({ codes }))
  return {
    ...asked,
    image: null,
    context: { ...asked.context, lot: `M${Math.floor(n / 200)}`, supplier: 'S1' },
  }
}

/**
 * `npm run bench -- trace [parts] [edges...]`: durable capture against a bare insert of the same bytes with the same
 * syncs, the check of the whole log, and traces among 10^5 and 10^6 edges, or as many as are named.
 *
 * A part is one event. The bare loop is one table without any index and gets its bytes ready-made; ours makes
 * the event from the request, hashes it, and keeps 20 trees of tables and indices, many rows to a statement. What those
 * trees alone cost is told beside it, by the same rows ready-made: no more than that ratio can be reached with them.
 */
export async function benchTrace(args: string[]): Promise<void> {
  const parts = Number(args[0] ?? 20_000)
  const dir = mkdtempSync(join(tmpdir(), 'sightline-bench-'))
  try {
    await benchCapture(dir, parts)
    await benchVerify(dir, parts)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
  const url = process.env['SIGHTLINE_DATABASE_URL']
  if (url) await benchPostgres(url, Math.min(parts, 5_000), capture)
  const edges = args.slice(1).map(Number)
  for (const count of edges.length > 0 ? edges : [100_000, 1_000_000]) await benchEdges(count)
}

async function benchCapture(dir: string, parts: number): Promise<void> {
  const store = await openPartStore({ dataDir: dir, spoolAfterMs: 60_000 })
  const single = Math.min(1_000, Math.floor(parts / 8))
  // A line runs for days: its code has been compiled by then, which takes some thousand parts.
  const warm = Math.min(5_000, Math.floor(parts / 4))
  // Made before, as the bytes of the bare loop are: a line makes them anyway.
  const asked = captures(1, parts)
  const singly = async (requests: readonly CaptureRequest[]): Promise<void> => {
    for (const r of requests) await store.capture(r)
  }
  const first = await timed(() => singly(asked.slice(0, single)))
  await singly(asked.slice(single, warm))
  const one = await timed(() => singly(asked.slice(warm, warm + single)))
  const burst = await timed(() => bursts(store, asked.slice(warm + single)))
  await store.close()
  const bytes = storedBytes(dir)
  bare(bytes.slice(0, warm), 1)
  const bareOne = bare(bytes.slice(warm, warm + single), 1)
  const bareBurst = bare(bytes.slice(warm + single), BURST)
  rowsAlone(dir, 0, warm, 1)
  const rowsOne = rowsAlone(dir, warm, warm + single, 1)
  const rowsBurst = rowsAlone(dir, warm + single, parts, BURST)
  print(
    `${parts} parts, ${bytes.reduce((n, b) => n + b.event.length + b.record.length, 0) / parts} bytes of event and record each, synchronous = full; first ${single} ${(first.ms / single).toFixed(2)} ms each`,
  )
  tell('single', single, one, bareOne, rowsOne)
  tell(`bursts of ${BURST}`, parts - warm - single, burst, bareBurst, rowsBurst)
}

const captures = (first: number, last: number): CaptureRequest[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => capture(first + i))

async function bursts(
  store: Awaited<ReturnType<typeof openPartStore>>,
  asked: readonly CaptureRequest[],
): Promise<void> {
  for (let i = 0; i < asked.length; i += BURST)
    await Promise.all(asked.slice(i, i + BURST).map((r) => store.capture(r)))
}

/** More of the same without syncs, signed, then checked. */
async function benchVerify(dir: string, parts: number): Promise<void> {
  const store = await openPartStore({ dataDir: dir, synchronous: 'normal', spoolAfterMs: 60_000 })
  const TOGETHER = 100 * BURST
  for (let n = parts + 1; n <= VERIFIED; n += TOGETHER)
    await bursts(store, captures(n, Math.min(VERIFIED, n + TOGETHER - 1)))
  await store.close()
  await signNow(dir)
  let events = 0
  const checked = await timed(async () => {
    const report = await verifyDataDir(dir)
    events = report.events
    if (report.state !== 'intact') throw new Error(`the log does not verify: ${report.findings.length}`)
  })
  print(
    `verify: ${Math.round((1000 * events) / checked.ms).toLocaleString('en-US')} events/s of ${events}, CPU ${((1000 * checked.cpuMs) / events).toFixed(1)} µs per event with its record (target 100,000)`,
  )
}

interface Took {
  ms: number
  cpuMs: number
}

function tell(name: string, count: number, ours: Took, bareLoop: Took, rows: Took): void {
  const rate = (ms: number): string => Math.round((1000 * count) / ms).toLocaleString('en-US')
  const cpu = (t: Took): string => (t.cpuMs / count).toFixed(3)
  print(
    `capture, ${name}: ${rate(ours.ms)}/s, bare insert of the same bytes ${rate(bareLoop.ms)}/s, ratio ${(bareLoop.ms / ours.ms).toFixed(3)} (target 0.5); CPU per part ${cpu(ours)} ms, bare ${cpu(bareLoop)} ms, ratio ${(bareLoop.cpuMs / ours.cpuMs).toFixed(3)}`,
  )
  print(
    `  the same rows in the same tables, ready-made: ${rate(rows.ms)}/s, CPU ${cpu(rows)} ms; bare to that ${(bareLoop.ms / rows.ms).toFixed(3)}, CPU ${(bareLoop.cpuMs / rows.cpuMs).toFixed(3)}`,
  )
}

async function timed(work: () => Promise<void>): Promise<Took> {
  const cpu = cpuOf()
  const start = performance.now()
  await work()
  return { ms: performance.now() - start, cpuMs: cpu() }
}

/** Event and record of every part, as they lie on disk. */
function storedBytes(dir: string): { event: string; record: Uint8Array }[] {
  const db = openSql(join(dir, 'trace.db'), { synchronous: 'normal', readOnly: true })
  const rows = db.all<{ json: string; record: Uint8Array }>(
    'select e.json, i.record from inspection i join event e on e.position = i.position order by i.position',
  )
  db.close()
  return rows.map((r) => ({ event: r.json, record: r.record }))
}

/** One table, one row a part, `together` rows to a synced transaction. */
function bare(rows: readonly { event: string; record: Uint8Array }[], together: number): Took {
  const dir = mkdtempSync(join(tmpdir(), 'sightline-bench-'))
  const db = openSql(join(dir, 'bare.db'), { synchronous: 'full' })
  db.exec('create table part (id integer primary key, event text not null, record blob not null)')
  const cpu = cpuOf()
  const start = performance.now()
  for (let i = 0; i < rows.length; i += together)
    db.transaction(() => {
      for (const r of rows.slice(i, i + together))
        db.run('insert into part (event, record) values (?, ?)', r.event, r.record)
    })
  const took = { ms: performance.now() - start, cpuMs: cpu() }
  db.close()
  rmSync(dir, { recursive: true, force: true })
  return took
}

/** Tables of a part, and the column that has its position: a part is one event of one trigger here. */
const ROWS_OF: readonly (readonly [table: string, position: string])[] = [
  ['event', 'position'],
  ['inspection', 'position'],
  ['defect', 'position'],
  ['measurement', 'position'],
  ['carrier_read', 'position'],
  ['part_trigger', 'number'],
  ['identity', 'first_position'],
  ['edge', 'position'],
]

/** The rows that the store wrote for the parts (`after`, `end`], into the same tables with the same indices. */
function rowsAlone(from: string, after: number, end: number, together: number): Took {
  const dir = mkdtempSync(join(tmpdir(), 'sightline-bench-'))
  const db = openSql(join(dir, 'trace.db'), { synchronous: 'full' })
  migrate(db, dir)
  const source = openSql(join(from, 'trace.db'), { synchronous: 'normal', readOnly: true })
  // Rows of earlier parts that these refer to are not there.
  db.exec('pragma foreign_keys = off')
  const tables = ROWS_OF.map(([table, position]) => ({ table, ...byBatch(source, table, position) }))
  source.close()
  const cpu = cpuOf()
  const start = performance.now()
  for (let i = 0; i * together < end - after; i++)
    db.transaction(() => {
      for (const { table, columns, batches } of tables) db.insert(table, columns, batches[i] ?? [])
    })
  const took = { ms: performance.now() - start, cpuMs: cpu() }
  db.close()
  rmSync(dir, { recursive: true, force: true })
  return took

  function byBatch(of: SqlDatabase, table: string, position: string) {
    const rows = of.all<SqlRow>(
      `select * from ${table} where ${position} > ? and ${position} <= ? order by ${position}`,
      after,
      end,
    )
    const batches: SqlRow[string][][][] = []
    for (const row of rows) {
      const n = Math.floor((Number(row[position]) - after - 1) / together)
      ;(batches[n] ??= []).push(Object.values(row))
    }
    return { columns: Object.keys(rows[0] ?? {}).join(', '), batches }
  }
}
