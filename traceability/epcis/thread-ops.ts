import type { EpcisException, EpcisFault } from '../../contracts/index.ts'
import { asCoded, EpcisError } from '../../contracts/thread.ts'
import { fromWire, toWire, type WireError } from '../store/store-ops.ts'
import type { Answers } from './answers.ts'
import type { Checks } from './checks.ts'
import type { EventStore } from './event-store.ts'
import type { EpcisState } from './state.ts'

type Methods<T> = { [K in keyof T]: T[K] extends (...args: never[]) => unknown ? K : never }[keyof T]

/** A call into the thread: which part, which method, with what. */
export type DeskCall =
  | { half: 'events'; method: Methods<EventStore>; args: unknown[] }
  | { half: 'state'; method: Methods<EpcisState>; args: unknown[] }
  | { half: 'answers'; method: Methods<Answers>; args: unknown[] }
  /** Needs no projection and is answered at once. */
  | { half: 'checks'; method: Methods<Checks>; args: unknown[] }

export type DeskAsk = ({ id: number } & DeskCall) | 'news' | 'close'

export type DeskReply =
  | { kind: 'ready' }
  | { kind: 'broken'; error: WireError }
  /** A damaged projection was set aside. */
  | { kind: 'aside'; error: WireError }
  | { kind: 'answer'; id: number; value: unknown }
  | { kind: 'refusal'; id: number; error: DeskError }
  /** The projection has reached the end of the log. */
  | { kind: 'reached'; skipped: number }
  /** The projection stopped short of the end of the log. */
  | { kind: 'stuck'; error: WireError }

export type DeskError = { epcis: EpcisException; faults: EpcisFault[]; hint?: string } | { coded: WireError }

export function packError(error: unknown): DeskError {
  if (error instanceof EpcisError)
    return {
      epcis: error.exception,
      faults: [...error.faults],
      ...(error.detail.hint !== undefined && { hint: error.detail.hint }),
    }
  return { coded: toWire(asCoded(error, 'API_INTERNAL')) }
}

export const unpackError = (error: DeskError): Error =>
  'epcis' in error ? new EpcisError(error.epcis, error.faults, error.hint) : fromWire(error.coded)
