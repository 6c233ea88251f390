import {
  CodedError,
  type InterlockSpec,
  newEvent,
  type PartContext,
  type PartStore,
  type RejectOutput,
  type StationHealth,
  toFact,
  type Verdict,
} from '../../contracts/index.ts'
import { type Alarm, Interlock } from './interlock.ts'

export interface StandingAlarm {
  id: string
  message: Alarm['message']
  since: string
}

export interface StandingFault {
  code: string
  message: string
  since: string
}

/** What is out of order: each kind is set and cleared by itself, so that a good frame hides no full disk. */
export type FaultKind = 'source' | 'record' | 'gate' | 'judging'

export interface EngineLog {
  warn(fact: object, message: string): void
  error(fact: object, message: string): void
}

/**
 * Alarms and faults of one station: raised and cleared once, told to the PLC as its fault bit, kept as events.
 * Interlock alarms follow the verdicts; faults come from the source, the record or the gate,
 * and each kind clears when that works again.
 */
export class AlarmBoard {
  readonly #interlock: Interlock
  readonly #context: PartContext
  readonly #store: PartStore
  readonly #output: RejectOutput
  readonly #log: EngineLog
  readonly #standing = new Map<string, StandingAlarm>()
  readonly #faults = new Map<FaultKind, StandingFault>()

  constructor(
    spec: InterlockSpec,
    context: PartContext,
    ports: { store: PartStore; output: RejectOutput; log: EngineLog },
  ) {
    this.#interlock = new Interlock(spec)
    this.#context = context
    this.#store = ports.store
    this.#output = ports.output
    this.#log = ports.log
  }

  get standing(): StandingAlarm[] {
    return [...this.#standing.values()]
  }

  get faults(): StandingFault[] {
    return [...this.#faults.values()]
  }

  fault(kind: FaultKind): StandingFault | undefined {
    return this.#faults.get(kind)
  }

  /** Feeds the interlocks with the next verdict of the station. */
  judge(verdict: Verdict): void {
    const now = new Map<string, Alarm>(this.#interlock.next(verdict).map((a) => [a.id, a]))
    for (const [id, old] of this.#standing) {
      if (now.has(id)) continue
      this.#standing.delete(id)
      this.#emit(id, false, old.message.en)
    }
    for (const [id, alarm] of now) {
      const old = this.#standing.get(id)
      this.#standing.set(id, { ...alarm, since: old?.since ?? new Date().toISOString() })
      if (!old) this.#emit(id, true, alarm.message.en)
    }
    this.#tellPlc()
  }

  /** A fault of one kind stands until a newer one of its kind replaces it or `clearFault` takes it away. */
  setFault(kind: FaultKind, fact: { code: string; message: string }): void {
    const old = this.#faults.get(kind)
    const news = old?.code !== fact.code
    if (news && old) this.#emit(old.code, false, old.message)
    const since = news ? new Date().toISOString() : old.since
    this.#faults.set(kind, { code: fact.code, message: fact.message, since })
    if (!news) return
    this.#log.error({ station: this.#context.station, code: fact.code }, fact.message)
    this.#emit(fact.code, true, fact.message)
    this.#tellPlc()
  }

  /** @param codes only where it is one of these; absent = whatever it is */
  clearFault(kind: FaultKind, codes?: readonly string[]): void {
    const old = this.#faults.get(kind)
    if (!old || codes?.includes(old.code) === false) return
    this.#faults.delete(kind)
    this.#emit(old.code, false, old.message)
    this.#tellPlc()
  }

  /**
   * Between parts: a store that keeps nothing is a fault, also where no record came back refused, as from a disk that
   * stands still.
   *
   * @param owed records that it did not take; while there are any the fault stands
   */
  watchStore(owed: number): void {
    const { state, lastError } = this.#store.health()
    if (state !== 'failed') {
      if (owed === 0) this.clearFault('record')
    } else if (!this.#faults.has('record'))
      this.setFault('record', lastError ?? toFact(new CodedError('TRC_WRITE')))
  }

  #tellPlc(): void {
    this.#output.setFault(this.#faults.size > 0 || this.#standing.size > 0)
  }

  #emit(alarm: string, active: boolean, message: string): void {
    const data: StationHealth = { station: this.#context.station, alarm, active, code: alarm, message }
    const { plant, line, station } = this.#context
    const event = newEvent({
      type: 'qe.station.health.v1',
      source: `/plants/${plant}/lines/${line}/stations/${station}`,
      subject: `station/${station}`,
      partitionkey: line,
      data,
    })
    this.#store.emit(event).catch((error: unknown) => {
      this.#log.error({ alarm, error: String(error) }, 'an alarm event could not be stored')
    })
  }
}
