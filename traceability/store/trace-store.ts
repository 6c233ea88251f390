import type {
  CodedError,
  EpcisCaptureAck,
  EpcisCaptureRequest,
  ImagesDeleted,
  PartStore,
  QEvent,
  TriggerBalance,
} from '../../contracts/index.ts'
import type { ConsumerLedger } from './consumer-ledger.ts'

export interface PartStoreOptions {
  /** Holds `trace.db` and `images/`; made when absent. */
  dataDir: string
  /** Default `<dataDir>/spool`; another disk makes the two paths independent. */
  spoolDir?: string
  /** A request not committed by then goes to the spool, ms. */
  spoolAfterMs?: number
  /** Pause between attempts to empty the spool, ms. */
  drainEveryMs?: number
  /** `full`: an acknowledged record survives a power cut. `normal`: it survives a crash of the program only. */
  synchronous?: 'full' | 'normal'
  /** PostgreSQL instead of `trace.db`; images and spool stay in `dataDir`. */
  database?: { url: string; schema: string }
  /** Hears of records the store refused while draining, of failed drains, and of a write-ahead log left at the end. */
  onAlarm?: (error: CodedError) => void
}

export interface TraceStore extends PartStore, ConsumerLedger {
  /** Checked EPCIS events into the log and the genealogy, in one synced transaction. */
  captureEpcis(request: EpcisCaptureRequest): Promise<EpcisCaptureAck>
  /** Calls back after new events are committed. */
  onAppend(listener: () => void): () => void
  /** Deletes images for want of room: the event first, then the files. */
  deleteImages(event: Omit<QEvent<ImagesDeleted>, 'sequence'>): Promise<void>
  /** The balances of this range with the triggers that neither store nor spool took yet. */
  withUnwritten(balances: readonly TriggerBalance[], fromIso?: string, toIso?: string): TriggerBalance[]
}
