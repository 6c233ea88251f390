import { parentPort, workerData } from 'node:worker_threads'
import { openSession } from '../../../models/runtime/ort-session.ts'
import { openSessionPool } from '../../../models/runtime/session-pool.ts'
import { openSql } from '../../../traceability/store/open-sql.ts'
import { toyModel } from '../../suites/toy-graphs.ts'

/** Is in native code nearly all the time, for ever: `statements`, one `long-statement`, `inference`, or
 * `inference` on threads of its own (`pool`). */
export type NativeWork = 'statements' | 'long-statement' | 'inference' | 'pool'
const { work } = workerData as { work: NativeWork }

if (work === 'inference') {
  const model = toyModel({ toy: { kind: 'anomaly' }, slowMatMuls: 4 })
  const session = await openSession(model, { providers: ['cpu'], intraOpThreads: 1 })
  const image = { data: new Uint8Array(64), shape: [1, 8, 8, 1] }
  parentPort?.postMessage('busy')
  for (;;) await session.run({ image }, ['score'])
}
if (work === 'pool') {
  const pool = openSessionPool(2)
  const session = await pool.open(toyModel({ toy: { kind: 'anomaly' }, slowMatMuls: 4 }))
  const image = { data: new Uint8Array(64), shape: [1, 8, 8, 1] }
  const run = async (): Promise<never> => {
    for (;;) await session.run({ image }, ['score'])
  }
  const running = [run(), run(), run()]
  parentPort?.postMessage('busy')
  // its threads end with it, and before it
  await Promise.all(running).catch(() => process.exit())
}
const db = openSql(':memory:', { synchronous: 'normal' })
const count = (to: number): unknown =>
  db.get(
    'with recursive n(i) as (select 1 union all select i + 1 from n where i < ?) select count(*) from n',
    to,
  )
parentPort?.postMessage('busy')
if (work === 'long-statement') count(100_000_000_000)
for (;;) count(20_000)
