import type { LoggedEvent } from '../../contracts/index.ts'

/**
 * `refused`: this event will never be taken, however often it is sent. `failed`: the receiver looked at it and could
 * not take it. `away`: nobody has looked at it; the next one would fare no better.
 */
export type Delivery =
  | {
      ok: true
      /** The receiver took it and throws it away: why. */
      unheard?: string
    }
  | {
      ok: false
      why: 'refused' | 'failed' | 'away'
      reason: string
      /** Less at once may be taken. */
      tooLarge?: boolean
      /** The receiver asks for this pause before the next try. */
      afterMs?: number
    }

/** Somebody outside who gets events, in order, at least once. */
export interface EventSink {
  /** Names the cursor: unique and stable across restarts. */
  readonly name: string
  /** Never rejects. Ends early when `signal` fires. */
  deliver(event: LoggedEvent, signal: AbortSignal): Promise<Delivery>
}
