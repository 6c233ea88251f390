import { asCoded, closeThread, type ReplicationState, spawnWorker, toFact } from '../../contracts/index.ts'
import type { HoldOrder } from './hold-orders.ts'
import type {
  ReplicatorHears,
  ReplicatorSays,
  ReplicatorStart,
  ReplicatorWorkerData,
} from './replicator.worker.ts'
import { keptHeardAt } from './heard-at.ts'
import { logName } from './replicator.ts'

export interface Replication {
  state(): ReplicationState
  /** Ends after the batch in work; what is left goes along at the next start. */
  close(): Promise<void>
}

export interface ReplicationOptions extends ReplicatorWorkerData {
  /** Hears of each change between taking over and not, of events as of holds. */
  onChange: (state: ReplicationState, before: ReplicationState) => void
  /**
   * Records a hold or a release that the plant passes on; absent = the plant is not asked for any. One that is refused
   * comes again; no release is recorded as long as a hold is refused.
   */
  onOrder?: (order: HoldOrder) => Promise<unknown>
}

/** A thread that waits for an answer of the network while it should end is given up, ms. */
const CLOSE_MS = 5_000

/** Replicates a data directory in a thread of its own; nothing that happens to it touches the line. */
export function startReplication({ onChange, onOrder, ...data }: ReplicationOptions): Replication {
  let state: ReplicationState = {
    log: logName(data.where, data.spec.log),
    state: 'starting',
    received: 0,
    events: 0,
    imagesMissing: 0,
    fault: null,
    currentAt: null,
    holds: onOrder === undefined ? null : { heardAt: keptHeardAt(data.dataDir), fault: null },
  }
  const workerData: ReplicatorStart = { ...data, asksHolds: onOrder !== undefined }
  const worker = spawnWorker(new URL('./replicator.worker.ts', import.meta.url), { workerData })
  const take = (next: ReplicationState): void => {
    const before = state
    state = next
    if (
      next.fault?.message !== before.fault?.message ||
      next.holds?.fault?.message !== before.holds?.fault?.message ||
      (before.state === 'starting' && next.state !== 'starting')
    )
      onChange(next, before)
  }
  const record = async (orders: HoldOrder[]): Promise<ReplicationState['fault']> => {
    let fault: ReplicationState['fault'] = null
    let unheld = false
    for (const order of orders) {
      // It may take over from the hold that is to be released.
      if (unheld && order.kind === 'release') break
      try {
        await onOrder?.(order)
      } catch (error) {
        const { code, message } = asCoded(error, 'TRC_WRITE')
        fault ??= { code, message }
        unheld ||= order.kind === 'hold'
      }
    }
    return fault
  }
  worker.on('message', (said: ReplicatorSays) => {
    if (said.kind === 'state') return take(said.state)
    void record(said.orders).then((fault) =>
      worker.postMessage({ taken: true, fault } satisfies ReplicatorHears),
    )
  })
  worker.once('error', (error) =>
    take({ ...state, state: 'away', fault: toFact(asCoded(error, 'TRC_PLANT')) }),
  )
  return {
    state: () => state,
    close: () => closeThread(worker, 'close', CLOSE_MS),
  }
}
