import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openEventLog, openPartStore, openTraceQuery, verifyDataDir } from '../../traceability/index.ts'
import { context, RECIPE } from './samples/traceability-requests.ts'

const CHILD = join(import.meta.dirname, 'samples/traceability-crash-child.ts')
/** A hundred kills, which take minutes: `SIGHTLINE_KILLS=100`. */
const ROUNDS = Number(process.env['SIGHTLINE_KILLS'] ?? 10)

/**
 * Runs the child until it acknowledged `acks` captures, kills it `ms` later, and returns the lines it wrote whole.
 *
 * @param lanes captures in flight at once
 */
function killAfter(
  dataDir: string,
  { acks, ms, lanes }: { acks: number; ms: number; lanes: number },
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', CHILD, dataDir, String(lanes)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let waiting = false
    let out = ''
    let err = ''
    child.stderr.on('data', (d: Buffer) => (err += d.toString()))
    child.stdout.on('data', (d: Buffer) => {
      out += d.toString()
      if (waiting || out.split('\n').length <= acks) return
      waiting = true
      setTimeout(() => child.kill('SIGKILL'), ms)
    })
    child.on('exit', (_code, signal) => {
      if (signal === 'SIGKILL') resolve(out.split('\n').slice(0, -1))
      else reject(new Error(`the child ended by itself: ${err}`))
    })
  })
}

it(`loses and doubles nothing over ${ROUNDS} kills`, { timeout: 60_000 + ROUNDS * 12_000 }, async () => {
  const seed = 20260105
  let state = seed
  const random = (n: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state % n
  }
  const dataDir = mkdtempSync(join(tmpdir(), 'sightline-crash-'))
  try {
    const acknowledged = new Map<number, string>()
    for (let round = 0; round < ROUNDS; round++) {
      const kill = { acks: random(60), ms: random(3) === 0 ? random(40) : 0, lanes: 1 + random(64) }
      for (const line of await killAfter(dataDir, kill)) {
        const trigger = Number(line.split(' ')[0])
        expect(acknowledged.has(trigger), `trigger ${trigger} acknowledged twice, seed ${seed}`).toBe(false)
        acknowledged.set(trigger, line)
      }
    }
    expect(acknowledged.size).toBeGreaterThan(ROUNDS)

    const store = await openPartStore({ dataDir })
    const next = ((await store.lastTrigger('st10')) ?? 0) + 1
    await store.closeInterrupted('st10', next, RECIPE, context)
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
