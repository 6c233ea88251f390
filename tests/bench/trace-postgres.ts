import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CaptureRequest } from '../../contracts/index.ts'
import {
  migratePostgres,
  openPartStore,
  openPostgres,
  openSql,
  placeOf,
  Replicator,
} from '../../traceability/index.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)
const BURST = 64
const rate = (count: number, ms: number): string => Math.round((1_000 * count) / ms).toLocaleString('en-US')

/**
 * The same durable capture on PostgreSQL, against bare inserts of the same bytes with the same syncs; and a log of that
 * many parts replicated into a plant store. In two schemas of their own, dropped at the end.
 */
export async function benchPostgres(
  url: string,
  parts: number,
  capture: (n: number) => CaptureRequest,
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'sightline-bench-'))
  const [line, plant] = [`bench_line_${process.pid}`, `bench_plant_${process.pid}`]
  const db = await openPostgres(url, { schema: plant })
  try {
    const single = Math.min(500, Math.floor(parts / 4))
    const onLine = join(dir, 'postgres')
    const store = await openPartStore({
      dataDir: onLine,
      spoolAfterMs: 60_000,
      database: { url, schema: line },
    })
    let next = 1
    const one = await timed(async () => {
      while (next <= single) await store.capture(capture(next++))
    })
    const burst = await timed(async () => {
      while (next <= parts)
        await Promise.all(
          Array.from({ length: Math.min(BURST, parts - next + 1) }, () => store.capture(capture(next++))),
        )
    })
    await store.close()
    db.exec(
      `create schema if not exists ${plant}; create table ${plant}.bare (id bigserial primary key, event text, record bytea)`,
    )
    const bytes = db.all<{ event: string; record: Uint8Array }>(
      `select e.json as event, i.record from ${line}.inspection i join ${line}.event e on e.position = i.position order by 1`,
    )
    const bare = (rows: typeof bytes, together: number): Promise<number> =>
      timed(() => {
        for (let i = 0; i < rows.length; i += together)
          db.transaction(() => {
            for (const r of rows.slice(i, i + together))
              db.run('insert into bare (event, record) values (?, ?)', r.event, r.record)
          })
      })
    const [bareOne, bareBurst] = [
      await bare(bytes.slice(0, single), 1),
      await bare(bytes.slice(single), BURST),
    ]
    print(`PostgreSQL at ${placeOf(url)}, synchronous_commit = on`)
    print(
      `capture, single: ${rate(single, one)}/s, bare insert ${rate(single, bareOne)}/s, ratio ${(bareOne / one).toFixed(3)}`,
    )
    print(
      `capture, bursts of ${BURST}: ${rate(parts - single, burst)}/s, bare insert ${rate(parts - single, bareBurst)}/s, ratio ${(bareBurst / burst).toFixed(3)}`,
    )
    await replicate(join(dir, 'line'), db, plant, parts, capture)
  } finally {
    db.exec(`drop schema if exists ${line} cascade; drop schema if exists ${plant} cascade`)
    db.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

async function replicate(
  dataDir: string,
  plant: Awaited<ReturnType<typeof openPostgres>>,
  schema: string,
  parts: number,
  capture: (n: number) => CaptureRequest,
): Promise<void> {
  const store = await openPartStore({ dataDir, spoolAfterMs: 60_000, synchronous: 'normal' })
  for (let n = 1; n <= parts; n += BURST)
    await Promise.all(
      Array.from({ length: Math.min(BURST, parts - n + 1) }, (_, i) => store.capture(capture(n + i))),
    )
  await store.close()
  plant.exec(`drop table ${schema}.bare`)
  migratePostgres(plant, schema, 'plant')
  const source = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
  const where = { plant: 'p1', line: 'caps-a' }
  const replicator = new Replicator({ source, dataDir, plant, log: 'bench', where, images: 'none' })
  let events = 0
  const cpu = process.cpuUsage()
  const ms = await timed(() => {
    for (let done = false; !done;) {
      const p = replicator.step()
      events = p.events
      done = p.received >= p.events
    }
  })
  const { user, system } = process.cpuUsage(cpu)
  source.close()
  print(
    `replication: ${rate(events, ms)} events/s of ${events}, ${((user + system) / events).toFixed(0)} µs of CPU of the line each`,
  )
}

async function timed(work: () => Promise<void> | void): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}
