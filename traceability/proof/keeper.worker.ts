import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import type { ProofSpec, SqlDatabase } from '../../contracts/index.ts'
import { asCoded, type ErrorFact, toFact } from '../../contracts/thread.ts'
import { openSql } from '../store/open-sql.ts'
import { ProofKeeper } from './keeper.ts'
import { openLogKey } from './log-key.ts'
import type { ProofState } from './proof-state.ts'

export interface KeeperWorkerData {
  dataDir: string
  spec: ProofSpec
  /** Name of a new log when the line file gives none. */
  fallbackOrigin: string
}

export type KeeperMessage =
  | { kind: 'ready'; state: Pick<ProofState, 'origin' | 'vkey'> }
  | { kind: 'state'; state: ProofState }
  | { kind: 'error'; error: ErrorFact }
  | { kind: 'broken'; error: ErrorFact }

/** How often the thread looks for new events, ms: one query of one row. */
const LOOK_EVERY_MS = 1_000

/** The thread that signs. Reads the log over its own connection; the store never waits for it. */
async function run(): Promise<void> {
  const port = parentPort
  if (port === null) return
  const { dataDir, spec, fallbackOrigin } = workerData as KeeperWorkerData
  const say = (message: KeeperMessage): void => port.postMessage(message)
  const stop = new AbortController()
  port.once('message', () => stop.abort())
  let db: SqlDatabase | undefined
  try {
    const signer = openLogKey({
      dataDir,
      keyFile: spec.keyFile ?? null,
      origin: spec.origin ?? null,
      fallback: fallbackOrigin,
    })
    db = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
    const keeper = new ProofKeeper({
      db,
      dataDir,
      signer,
      spec,
      onState: (state) => say({ kind: 'state', state }),
    })
    say({ kind: 'ready', state: { origin: signer.key.name, vkey: signer.key.vkey } })
    while (!stop.signal.aborted) {
      await guarded(() => keeper.step(), say)
      await sleep(LOOK_EVERY_MS, undefined, { signal: stop.signal }).catch(() => undefined)
    }
    await guarded(() => keeper.finish(), say)
  } catch (error) {
    say({ kind: 'broken', error: toFact(asCoded(error, 'TRC_PROOF')) })
  } finally {
    db?.close()
    port.close()
  }
}

/** A full disk must not end the thread: what it could not write is tried again at the next look. */
async function guarded(work: () => Promise<void>, say: (message: KeeperMessage) => void): Promise<void> {
  try {
    await work()
  } catch (error) {
    say({ kind: 'error', error: toFact(asCoded(error, 'TRC_WRITE')) })
  }
}

void run()
