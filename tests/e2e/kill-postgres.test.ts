import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  CompactRange,
  openPartStore,
  openPostgres,
  type PostgresDatabase,
  SqliteEventLog,
} from '../../traceability/index.ts'
import { checkRange } from '../../traceability/proof/range-check.ts'
import { canMountTmpfs, mountTmpfs, unmount } from '../services/mounts.ts'
import { describeWith } from '../services/require-service.ts'
import { killAfter, seeded } from '../unit/samples/crash-run.ts'
import { context, gs1Code, passVerdict, RECIPE, request } from '../unit/samples/traceability-requests.ts'
import { postgresServerPresent, PrivatePostgres } from './private-postgres.ts'

/** A hundred kills take a quarter of an hour: `npm run test:long`. */
const ROUNDS = Number(process.env['SIGHTLINE_KILLS'] ?? 6)
const SEED = 20260712
const SCHEMA = 'line'
const HASH = 32

describeWith(
  'a PostgreSQL server (initdb, pg_ctl)',
  postgresServerPresent(),
  'the store of a line on PostgreSQL',
  () => {
    let cluster: PrivatePostgres
    let dataDir = ''
    beforeAll(async () => {
      cluster = await PrivatePostgres.start()
      dataDir = mkdtempSync(join(tmpdir(), 'sightline-kill-pg-'))
    }, 60_000)
    afterAll(() => {
      cluster.dispose()
      rmSync(dataDir, { recursive: true, force: true })
    })

    /** The server goes as in a power cut while captures are on their way; `back`: it returns before the line dies. */
    const cutPower = async (back: boolean, acknowledged: () => string[]): Promise<void> => {
      cluster.stop('immediate')
      // Until the second path acknowledges what the server does not take.
      await expect.poll(() => acknowledged().at(-1), { timeout: 30_000 }).toMatch(/ null$/)
      if (!back) return
      cluster.start()
      await expect.poll(() => acknowledged().at(-1), { timeout: 60_000 }).toMatch(/ \d{20}$/)
    }

    it(
      `loses and doubles nothing over ${ROUNDS} kills of the line, of the server, and of both (seed ${SEED})`,
      { timeout: 120_000 + ROUNDS * 30_000 },
      async () => {
        const random = seeded(SEED)
        const acknowledged = new Map<number, string>()
        let spooled = 0
        for (let round = 0; round < ROUNDS; round++) {
          const run = {
            acks: 1 + random(60),
            lanes: 1 + random(32),
            database: { url: cluster.url, schema: SCHEMA },
          }
          const lines = await killAfter(dataDir, run, (_child, so) =>
            round % 3 === 0 ? sleep(random(40)) : cutPower(round % 3 === 1, so),
          )
          if (round % 3 === 2) cluster.start()
          for (const line of lines) {
            const trigger = Number(line.split(' ')[0])
            expect(acknowledged.has(trigger), `trigger ${trigger} acknowledged twice`).toBe(false)
            acknowledged.set(trigger, line)
            if (line.endsWith(' null')) spooled += 1
          }
        }
        expect(acknowledged.size).toBeGreaterThan(ROUNDS)
        expect(spooled).toBeGreaterThan(0)

        const events = await expectKept(dataDir, cluster.url, acknowledged)
        console.info(`${acknowledged.size} acknowledged, ${spooled} of them by the spool, ${events} events`)
      },
    )
  },
)

describeWith(
  'a PostgreSQL server and mounting a tmpfs (root on Linux)',
  postgresServerPresent() && canMountTmpfs(),
  'a PostgreSQL server whose disk fills up',
  () => {
    let base = ''
    let cluster: PrivatePostgres | undefined
    const disk = (): string => join(base, 'disk')
    beforeAll(async () => {
      base = mkdtempSync(join(tmpdir(), 'sightline-full-pg-'))
      // The user of the server looks in.
      chmodSync(base, 0o755)
      mkdirSync(disk())
      mountTmpfs(disk(), 'size=160m')
      cluster = await PrivatePostgres.start(disk())
    }, 60_000)
    afterAll(() => {
      cluster?.dispose()
      unmount(disk())
      rmSync(base, { recursive: true, force: true })
    })

    it('is bypassed by the spool, and caught up with when there is room again', async () => {
      const url = cluster?.url ?? ''
      const dataDir = join(base, 'data')
      const store = await openPartStore({
        dataDir,
        spoolAfterMs: 20_000,
        drainEveryMs: 200,
        database: { url, schema: SCHEMA },
      })
      const acknowledged = new Map<number, string>()
      const capture = async (trigger: number): Promise<string> => {
        const r = request(trigger, passVerdict({ codes: [gs1Code(`F${trigger}`, 'L1')] }))
        const ack = await store.capture(r)
        acknowledged.set(trigger, `${trigger} ${ack.inspectionId} ${ack.serial} ${ack.sequence}`)
        return ack.durable
      }
      let n = 1
      expect(await capture(n)).toBe('store')
      const { bavail, bsize } = statfsSync(disk())
      const ballast = join(disk(), 'ballast')
      execFileSync('sh', ['-c', `head -c ${(bavail + 64) * bsize} /dev/zero > ${ballast} || true`], {
        stdio: 'ignore',
      })
      expect(statfsSync(disk()).bavail).toBe(0)
      for (let spooled = 0; spooled < 50;) {
        n += 1
        expect(n, 'captures until the disk refused one').toBeLessThan(20_000)
        if ((await capture(n)) === 'spool') spooled += 1
      }
      expect(store.health()).toMatchObject({ state: 'spooling' })
      rmSync(ballast)
      // Without room for its own log the server ends.
      if (!(await answers(url))) cluster?.start()
      await expect.poll(() => store.health().spooled, { timeout: 60_000 }).toBe(0)
      n += 1
      expect(await capture(n)).toBe('store')
      await store.close()
      await expectKept(dataDir, url, acknowledged)
    }, 240_000)
  },
)

async function answers(url: string): Promise<boolean> {
  try {
    const db = await openPostgres(url, { schema: SCHEMA })
    db.close()
    return true
  } catch {
    return false
  }
}

/** After a start the triggers balance, what was acknowledged is in the log once, and the log verifies. */
async function expectKept(
  dataDir: string,
  url: string,
  acknowledged: ReadonlyMap<number, string>,
): Promise<number> {
  const store = await openPartStore({ dataDir, database: { url, schema: SCHEMA } })
  const next = ((await store.lastTrigger('st10'))?.trigger ?? 0) + 1
  await store.closeInterrupted('st10', { trigger: next, attempt: 1 }, RECIPE, context)
  const [balance] = await store.balance()
  expect(balance).toMatchObject({ triggers: next - 1, open: 0, closed: true })
  expect(store.health()).toMatchObject({ state: 'ok', spooled: 0 })
  await store.close()

  const db = await openPostgres(url, { schema: SCHEMA })
  try {
    expect(unlike(acknowledged, db)).toEqual([])
    const end = db.get<{ size: number }>('select size from log_tree')?.size ?? 0
    const piece = checkRange(db, { after: 0, end }, { dir: '', size: 0 }, null)
    const { count, records, findings, sequenceBreaks, leaves } = piece
    expect({ count, records, findings, sequenceBreaks }).toEqual({
      count: end,
      records: next - 1,
      findings: [],
      sequenceBreaks: [],
    })
    const tree = new CompactRange()
    for (let at = 0; at < leaves.length; at += HASH) tree.append(leaves.subarray(at, at + HASH))
    const root = db.get<{ root: Uint8Array }>('select root from log_tree')?.root
    expect(tree.root()).toEqual(Buffer.from(root ?? []))
    return end
  } finally {
    db.close()
  }
}

/** Acknowledgements that the log does not bear out, and events of one inspection that are there twice. */
function unlike(acknowledged: ReadonlyMap<number, string>, db: PostgresDatabase): string[] {
  const events = new SqliteEventLog(db, () => () => undefined).read(0, 1_000_000)
  const logged = new Map<number, string>()
  const wrong: string[] = []
  for (const { event } of events) {
    if (event.type !== 'qe.inspection.completed.v1') continue
    const { trigger, unit } = event.data as { trigger: number; unit: { serial: string } }
    if (logged.has(trigger)) wrong.push(`trigger ${trigger} is there twice`)
    logged.set(trigger, `${trigger} ${event.id} ${unit.serial} ${event.sequence}`)
  }
  for (const [trigger, line] of acknowledged) {
    // What the spool took had no number yet.
    const [said, has] = line.endsWith(' null')
      ? [line.slice(0, -5), logged.get(trigger)?.slice(0, -21)]
      : [line, logged.get(trigger)]
    if (said !== has) wrong.push(`acknowledged ${said}, there is ${has ?? 'nothing'}`)
  }
  return wrong
}
