import { asCoded, closeThread, type ReplicationState, spawnWorker, toFact } from '../../contracts/index.ts'
import type { ReplicatorWorkerData } from './replicator.worker.ts'
import { logName } from './replicator.ts'

export interface Replication {
  state(): ReplicationState
  /** Ends after the batch in work; what is left goes along at the next start. */
  close(): Promise<void>
}

export interface ReplicationOptions extends ReplicatorWorkerData {
  /** Hears of each change between taking over and not. */
  onChange: (state: ReplicationState) => void
}

/** A thread that waits for an answer of the network while it should end is given up, ms. */
const CLOSE_MS = 5_000

/** Replicates a data directory in a thread of its own; nothing that happens to it touches the line. */
export function startReplication({ onChange, ...data }: ReplicationOptions): Replication {
  let state: ReplicationState = {
    log: logName(data.where, data.spec.log),
    state: 'starting',
    received: 0,
    events: 0,
    imagesMissing: 0,
    fault: null,
    currentAt: null,
  }
  const worker = spawnWorker(new URL('./replicator.worker.ts', import.meta.url), { workerData: data })
  const take = (next: ReplicationState): void => {
    const changed =
      next.fault?.message !== state.fault?.message || (state.state === 'starting' && next.fault === null)
    state = next
    if (changed) onChange(state)
  }
  worker.on('message', take)
  worker.once('error', (error) =>
    take({ ...state, state: 'away', fault: toFact(asCoded(error, 'TRC_PLANT')) }),
  )
  return {
    state: () => state,
    close: () => closeThread(worker, 'close', CLOSE_MS),
  }
}
