import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { plantStoreSchema, type ReplicationState } from '../../contracts/index.ts'
import {
  openPlant,
  openPostgres,
  plantLogs,
  type Replication,
  startReplication,
  verifyPlantLog,
} from '../../traceability/index.ts'
import { describeWith } from '../services/require-service.ts'
import { PlantLine } from '../unit/samples/plant-line.ts'
import { CLI, runCli } from './line-process.ts'
import { postgresServerPresent, PrivatePostgres } from './private-postgres.ts'

describeWith(
  'a PostgreSQL server (initdb, pg_ctl)',
  postgresServerPresent(),
  'replication under faults',
  () => {
    let cluster: PrivatePostgres
    let schema = ''
    let n = 0
    const lines: PlantLine[] = []
    const replications: Replication[] = []

    beforeAll(async () => {
      cluster = await PrivatePostgres.start()
    }, 60_000)
    afterAll(() => cluster.dispose())
    beforeEach(() => {
      schema = `plant_${++n}`
    })
    afterEach(async () => {
      for (const r of replications.splice(0)) await r.close()
      for (const l of lines.splice(0)) await l.dispose()
    })

    const newLine = (name: string): PlantLine => {
      const line = new PlantLine(name)
      lines.push(line)
      return line
    }
    const replicate = (line: PlantLine): Replication => {
      const r = startReplication({
        dataDir: line.dir,
        url: cluster.url,
        spec: plantStoreSchema.parse({ schema }),
        where: { plant: 'p1', line: line.line },
        onChange: () => undefined,
      })
      replications.push(r)
      return r
    }
    const until = async (r: Replication, done: (s: ReplicationState) => boolean): Promise<void> => {
      for (let tries = 0; tries < 1_200 && !done(r.state()); tries++) await sleep(50)
      expect(r.state()).toSatisfy(done)
    }
    /** Every event of the lines is there once, in order, under the tree that the line counted. */
    const expectWhole = async (events: Record<string, number>): Promise<void> => {
      const db = await openPlant(cluster.url, schema)
      try {
        expect(Object.fromEntries(plantLogs(db).map((l) => [l.log, l.events]))).toEqual(events)
        for (const [log, count] of Object.entries(events)) {
          expect(verifyPlantLog(db, schema, log)).toMatchObject({
            findings: [],
            events: count,
            records: count,
          })
          const line = lines.find((l) => l.log === log)
          const root = (of: { get: (sql: string) => unknown } | undefined, sql: string): unknown =>
            of?.get(sql)
          expect(root(db, `select root from line_log where log = '${log}'`)).toEqual(
            root(line?.source(), 'select root from log_tree'),
          )
        }
        const twice = `select log, log_position from event group by log, log_position having count(*) > 1`
        expect(db.all(twice)).toEqual([])
      } finally {
        db.close()
      }
    }

    it('loses and doubles nothing when PostgreSQL is killed and restarted in the middle, with two lines', async () => {
      const [a, b] = [newLine('line-a'), newLine('line-b')]
      await a.judge(400)
      await b.judge(400)
      const [ra, rb] = [replicate(a), replicate(b)]
      for (let k = 0; k < 3; k++) {
        await until(ra, (s) => s.received > 0)
        await Promise.all([a.judge(150), b.judge(150)])
        cluster.stop('immediate')
        await Promise.all([a.judge(50), b.judge(50)])
        await until(ra, (s) => s.state === 'away')
        expect(ra.state().fault?.code).toBe('TRC_PLANT')
        cluster.start()
        await until(ra, (s) => s.state === 'current' && s.received === 400 + 200 * (k + 1))
      }
      await until(rb, (s) => s.state === 'current' && s.received === 1_000)
      await expectWhole({ 'p1/line-a': 1_000, 'p1/line-b': 1_000 })
    }, 240_000)

    it('catches up with an hour of events that came while the link was cut, through broken connections', async () => {
      const a = newLine('line-a')
      await a.judge(10)
      const r = replicate(a)
      await until(r, (s) => s.state === 'current')
      cluster.stop('fast')
      // One part a second.
      await a.judge(3_600)
      await until(r, (s) => s.state === 'away' && s.events - s.received === 3_600)
      cluster.start()
      const admin = await openPostgres(cluster.url, { schema: 'public' })
      for (let k = 0; k < 20 && r.state().state !== 'current'; k++) {
        admin.all(
          `select pg_terminate_backend(pid) as ended from pg_stat_activity where pid <> pg_backend_pid() and
         application_name = 'sightline'`,
        )
        await sleep(250)
      }
      admin.close()
      await until(r, (s) => s.state === 'current' && s.received === 3_610)
      await expectWhole({ 'p1/line-a': 3_610 })
    }, 240_000)

    it('brings what lies beside the log again to a server that took over and lacks it, told of nothing', async () => {
      const a = newLine('line-a')
      await a.judge(3)
      const gate = { command: { action: 'hold' } as never, ack: { ok: true } as never }
      const source = a.source()
      const ids = source.all<{ id: string }>('select inspection_id as id from inspection')
      source.close()
      for (const { id } of ids) await (await a.store()).annotate(id, { gate })
      const r = replicate(a)
      await until(r, (s) => s.state === 'current' && s.received === 3)
      const admin = await openPostgres(cluster.url, { schema })
      try {
        const gates = async (n: number): Promise<void> => {
          const seen = (): number => admin.get<{ n: number }>('select count(*) as n from gate')?.n ?? 0
          for (let tries = 0; tries < 200 && seen() !== n; tries++) await sleep(50)
          expect(seen()).toBe(n)
        }
        await gates(3)
        // As a replica that was one moment behind; what its router cuts, it connects to again.
        admin.run('delete from gate')
        admin.all(
          `select pg_terminate_backend(pid) as ended from pg_stat_activity where pid <> pg_backend_pid() and
             application_name = 'sightline'`,
        )
        await gates(3)
      } finally {
        admin.close()
      }
      await expectWhole({ 'p1/line-a': 3 })
    }, 240_000)

    it('goes on where it was when the replicator is killed again and again', async () => {
      const a = newLine('line-a')
      await a.judge(1)
      const env = { SIGHTLINE_DATABASE_URL: cluster.url }
      // Who asks makes no schema.
      await runCli(['plant', 'replicate', '--data', a.dir, '--schema', schema], env)
      const db = await openPlant(cluster.url, schema)
      await a.judge(1_499)
      const received = (): number => plantLogs(db)[0]?.events ?? 0
      let seen = received()
      for (let k = 0; k < 5; k++) {
        const args = ['plant', 'replicate', '--data', a.dir, '--schema', schema, '--follow']
        const child = spawn(process.execPath, [CLI, ...args], {
          env: { ...process.env, ...env },
          stdio: 'ignore',
        })
        const gone = once(child, 'exit')
        const started = Date.now()
        // Killed in the middle of a batch as well as before the first one.
        while (received() <= seen && Date.now() - started < 20_000) await sleep(20)
        seen = received()
        child.kill('SIGKILL')
        await gone
        await a.judge(300)
      }
      db.close()
      const last = await runCli(['plant', 'replicate', '--data', a.dir, '--schema', schema], env)
      expect(last).toMatchObject({ code: 0, stdout: expect.stringContaining('"received":3000') as string })
      await expectWhole({ 'p1/line-a': 3_000 })
    }, 240_000)
  },
)
