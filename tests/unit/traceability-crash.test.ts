import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { openEventLog, openPartStore, openTraceQuery, verifyDataDir } from '../../traceability/index.ts'
import { killAfter, seeded } from './samples/crash-run.ts'
import { context, RECIPE } from './samples/traceability-requests.ts'

/** A hundred kills, which take minutes: `npm run test:long`. */
const ROUNDS = Number(process.env['SIGHTLINE_KILLS'] ?? 10)

it(`loses and doubles nothing over ${ROUNDS} kills`, { timeout: 60_000 + ROUNDS * 12_000 }, async () => {
  const seed = 20260105
  const random = seeded(seed)
  const dataDir = mkdtempSync(join(tmpdir(), 'sightline-crash-'))
  try {
    const acknowledged = new Map<number, string>()
    for (let round = 0; round < ROUNDS; round++) {
      const acks = 1 + random(60)
      const ms = random(3) === 0 ? random(40) : 0
      const lanes = 1 + random(64)
      for (const line of await killAfter(dataDir, { acks, lanes }, () => sleep(ms))) {
        const trigger = Number(line.split(' ')[0])
        expect(acknowledged.has(trigger), `trigger ${trigger} acknowledged twice, seed ${seed}`).toBe(false)
        acknowledged.set(trigger, line)
      }
    }
    expect(acknowledged.size).toBeGreaterThan(ROUNDS)

    const store = await openPartStore({ dataDir })
    const next = ((await store.lastTrigger('st10'))?.trigger ?? 0) + 1
    await store.closeInterrupted('st10', { trigger: next, attempt: 1 }, RECIPE, context)
    const [balance] = await store.balance()
    expect(balance).toMatchObject({ triggers: next - 1, open: 0, closed: true })
    await store.close()

    const log = openEventLog(dataDir)
    const events = log.read(0, 1_000_000)
    log.close()
    expect(events.map((e) => e.position)).toEqual(events.map((_, i) => i + 1))
    expect(events.map((e) => Number(e.event.sequence))).toEqual(events.map((_, i) => i + 1))
    const inspections = events.filter((e) => e.event.type === 'qe.inspection.completed.v1')
    expect(new Set(inspections.map((e) => e.event.id)).size).toBe(inspections.length)
    const logged = new Map(
      inspections.map((e) => {
        const data = e.event.data as { trigger: number; unit: { serial: string } }
        return [data.trigger, `${data.trigger} ${e.event.id} ${data.unit.serial} ${e.event.sequence}`]
      }),
    )
    expect([...acknowledged].filter(([trigger, line]) => logged.get(trigger) !== line)).toEqual([])

    const query = openTraceQuery(dataDir)
    const rows = await query.recentParts({ limit: 100_000 })
    for (const row of rows.slice(0, 200)) {
      if (row.image === null) continue
      const path = await query.path(row.image.sha256)
      const hash = createHash('sha256')
        .update(readFileSync(path ?? ''))
        .digest('hex')
      expect(hash).toBe(row.image.sha256)
    }
    expect(rows).toHaveLength(inspections.length)
    query.close()
    expect(await verifyDataDir(dataDir)).toMatchObject({ events: events.length, findings: [] })
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
})
