import type { Worker } from 'node:worker_threads'
import {
  asCoded,
  closeThread,
  type ErrorFact,
  type ProofSpec,
  spawnWorker,
  toFact,
} from '../../contracts/index.ts'
import type { KeeperMessage, KeeperWorkerData } from './keeper.worker.ts'
import type { ProofState } from './proof-state.ts'

export interface LogProof {
  state(): ProofState
  /** Signs what is in the log now, and ends. Call it after the store is closed, so that nothing stays unsigned. */
  close(): Promise<void>
}

export interface LogProofOptions {
  dataDir: string
  spec: ProofSpec
  fallbackOrigin: string
  /** Hears of a new fault, a helper that stopped answering, and errors that pass; each once until it changes. */
  onAlarm: (fact: ErrorFact) => void
}

/** A thread that stays silent for so long while it should end is given up, ms. */
const CLOSE_MS = 30_000

/**
 * Starts signing the log of a data directory in a thread of its own. A log that cannot be signed does not stop the
 * line: it is a fault in `state()`.
 */
export async function startLogProof(o: LogProofOptions): Promise<LogProof> {
  let state: ProofState = {
    origin: o.spec.origin ?? o.fallbackOrigin,
    vkey: '',
    size: 0,
    signedAt: null,
    cosigned: [],
    fault: null,
    clock: null,
    setAside: null,
    forgot: null,
    unreachable: [],
  }
  const told = new Set<string>()
  const tell = (facts: ErrorFact[]): void => {
    for (const fact of facts) if (!told.has(fact.message)) o.onAlarm(fact)
    told.clear()
    for (const fact of facts) told.add(fact.message)
  }
  const data: KeeperWorkerData = { dataDir: o.dataDir, spec: o.spec, fallbackOrigin: o.fallbackOrigin }
  const worker: Worker = spawnWorker(new URL('./keeper.worker.ts', import.meta.url), { workerData: data })
  const started = new Promise<void>((resolve) => {
    worker.on('message', (message: KeeperMessage) => {
      if (message.kind === 'ready') state = { ...state, ...message.state }
      if (message.kind === 'state') state = message.state
      if (message.kind === 'broken') state = { ...state, fault: message.error }
      const passing = message.kind === 'error' ? [message.error] : []
      const silent = state.unreachable.map(({ name, reason }): ErrorFact => ({
        code: 'TRC_WITNESS',
        message: `${name}: ${reason}`,
      }))
      const { fault, clock, setAside, forgot } = state
      tell([fault, clock, setAside, forgot, ...silent, ...passing].filter((fact) => fact !== null))
      resolve()
    })
    worker.once('error', (error) => {
      state = { ...state, fault: toFact(asCoded(error, 'TRC_PROOF')) }
      tell(state.fault === null ? [] : [state.fault])
      resolve()
    })
  })
  await started
  return {
    state: () => state,
    close: () => closeThread(worker, 'close', CLOSE_MS),
  }
}
