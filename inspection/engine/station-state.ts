import type { NoVerdictReason, VerdictResult } from '../../contracts/index.ts'
import type { JudgedPart } from './judged-part.ts'
import type { StandingAlarm, StandingFault } from './alarm-board.ts'

/** Counters of one station since the engine started: triggers = verdicts + noVerdicts + open. */
export interface StationCounters {
  triggers: number
  open: number
  results: Record<VerdictResult, number>
  noVerdicts: Partial<Record<NoVerdictReason, number>>
  /** Verdicts that came after their no-verdict; recorded, never actuated. */
  late: number
  gate: { release: number; reject: number; hold: number; failed: number }
  /** Passed by the rules but held at the gate because no durable record existed in time. */
  heldForRecord: number
}

export interface StationState {
  station: string
  recipe: string
  budgetMs: number
  counters: StationCounters
  alarms: StandingAlarm[]
  /** Trigger to actuated gate, ms, of the last parts, oldest first. */
  latenciesMs: number[]
  /** Of source, record or gate; empty = none. */
  faults: StandingFault[]
  running: boolean
}

export function emptyCounters(): StationCounters {
  return {
    triggers: 0,
    open: 0,
    results: { pass: 0, fail: 0, inconclusive: 0 },
    noVerdicts: {},
    late: 0,
    gate: { release: 0, reject: 0, hold: 0, failed: 0 },
    heldForRecord: 0,
  }
}

/** Adds a part whose gate was served. */
export function countPart(c: StationCounters, part: JudgedPart): void {
  const { verdict } = part.outcome
  c.results[verdict.result] += 1
  if (verdict.noVerdict)
    c.noVerdicts[verdict.noVerdict.reason] = (c.noVerdicts[verdict.noVerdict.reason] ?? 0) + 1
  if (part.heldForRecord) c.heldForRecord += 1
  if (part.ack.ok) c.gate[part.command.action] += 1
  else c.gate.failed += 1
}

/** Keeps the last values in order of arrival. */
export class LastValues {
  readonly #values: number[] = []
  readonly #capacity: number

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  push(value: number): void {
    this.#values.push(value)
    if (this.#values.length > this.#capacity) this.#values.shift()
  }

  list(): number[] {
    return [...this.#values]
  }
}
