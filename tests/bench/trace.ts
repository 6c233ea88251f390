import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CaptureRequest, canonicalJson } from '../../contracts/index.ts'
import { openPartStore, openSql, openTraceQuery, verifyDataDir } from '../../traceability/index.ts'
import { failVerdict, gs1Code, passVerdict, request } from '../unit/samples/traceability-requests.ts'

/** Requests in flight at once in a burst. */
const BURST = 64
const print = (line: string): void => void process.stdout.write(`${line}\n`)
const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))] ?? NaN

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
 * `npm run bench -- trace [parts]`: durable capture against a bare insert of the same bytes with the same syncs, part
 * lookups, and the check of the whole log.
 */
export async function benchTrace(args: string[]): Promise<void> {
  const parts = Number(args[0] ?? 20_000)
  const dir = mkdtempSync(join(tmpdir(), 'sightline-bench-'))
  try {
    const store = await openPartStore({ dataDir: dir, spoolAfterMs: 60_000 })
    const single = Math.min(1_000, Math.floor(parts / 4))
    let next = 1
    const one = await timed(async () => {
      for (; next <= single; next++) await store.capture(capture(next))
    })
    const burst = await timed(async () => {
      while (next <= parts) {
        const together = Array.from({ length: Math.min(BURST, parts - next + 1) }, () =>
          store.capture(capture(next++)),
        )
        await Promise.all(together)
      }
    })
    await store.close()
    const bytes = storedBytes(dir)
    const bareOne = bare(bytes.slice(0, single), 1)
    const bareBurst = bare(bytes.slice(single), BURST)
    print(`${parts} parts, ${bytes.length} records with their events, synchronous = full`)
    tell('single', single, one, bareOne)
    tell(`bursts of ${BURST}`, parts - single, burst, bareBurst)
    await lookups(dir, parts)
    const db = openSql(join(dir, 'trace.db'), { synchronous: 'normal', readOnly: true })
    const events = db.get<{ size: number }>('select size from log_tree')?.size ?? 0
    db.close()
    const checked = await timed(async () => {
      const report = await verifyDataDir(dir)
      if (report.findings.length > 0) throw new Error(`the log does not verify: ${report.findings.length}`)
    })
    print(`verify: ${Math.round((1000 * events) / checked)} events/s of ${events} (target 100,000)`)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function tell(name: string, count: number, oursMs: number, bareMs: number): void {
  const rate = (ms: number): string => Math.round((1000 * count) / ms).toLocaleString('en-US')
  print(
    `capture, ${name}: ${rate(oursMs)}/s, bare insert of the same bytes ${rate(bareMs)}/s, ratio ${(bareMs / oursMs).toFixed(3)} (target 0.5)`,
  )
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** Event and record of every part, as they lie on disk. */
function storedBytes(dir: string): { event: string; record: Uint8Array }[] {
  const db = openSql(join(dir, 'trace.db'), { synchronous: 'normal', readOnly: true })
  const rows = db.all<{ json: string; record: Uint8Array }>(
    'select e.json, i.record from inspection i join event e on e.position = i.position order by i.position',
  )
  db.close()
  return rows.map((r) => ({ event: canonicalJson(JSON.parse(r.json)), record: r.record }))
}

/** One table, one row a part, `together` rows to a synced transaction. */
function bare(rows: readonly { event: string; record: Uint8Array }[], together: number): number {
  const dir = mkdtempSync(join(tmpdir(), 'sightline-bench-'))
  const db = openSql(join(dir, 'bare.db'), { synchronous: 'full' })
  db.exec('create table part (id integer primary key, event text not null, record blob not null)')
  const start = performance.now()
  for (let i = 0; i < rows.length; i += together)
    db.transaction(() => {
      for (const r of rows.slice(i, i + together))
        db.run('insert into part (event, record) values (?, ?)', r.event, r.record)
    })
  const ms = performance.now() - start
  db.close()
  rmSync(dir, { recursive: true, force: true })
  return ms
}

/** The life of random parts. */
async function lookups(dir: string, parts: number): Promise<void> {
  const query = openTraceQuery(dir)
  const times: number[] = []
  for (let k = 0; k < 300; k++) {
    const serial = `B${1 + ((k * 7919) % parts)}`
    const start = performance.now()
    const life = await query.bySerial(serial)
    times.push(performance.now() - start)
    if (life?.inspections.length !== 1)
      throw new Error(`${serial} has ${life?.inspections.length} inspections`)
  }
  query.close()
  const ms = (q: number): string => quantile(times, q).toFixed(2)
  print(`life of a part among ${parts}: p50 ${ms(0.5)}, p99 ${ms(0.99)} ms`)
}
