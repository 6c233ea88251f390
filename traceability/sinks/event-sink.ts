import type { LoggedEvent } from '../../contracts/index.ts'

/** `permanent`: this event will never be taken, however often it is sent. */
export type Delivery = { ok: true } | { ok: false; permanent: boolean; reason: string }

/** Somebody outside who gets every event, in order, at least once. */
export interface EventSink {
  /** Names the cursor: unique and stable across restarts. */
  readonly name: string
  /** Never rejects. Ends early when `signal` fires. */
  deliver(event: LoggedEvent, signal: AbortSignal): Promise<Delivery>
}
