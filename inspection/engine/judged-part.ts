import type {
  CaptureAck,
  CodeRead,
  ErrorFact,
  I18n,
  InspectOutcome,
  NoVerdict,
  Recipe,
  RejectAck,
  RejectCommand,
} from '../../contracts/index.ts'

/** What became of one trigger, for screens and metrics. */
export interface JudgedPart {
  station: string
  trigger: number
  inspectionId: string
  outcome: InspectOutcome
  command: RejectCommand
  ack: RejectAck
  /** Null when neither store nor spool took the record. */
  record: CaptureAck | null
  /** Why there is no record; it is owed and tried again. */
  recordFault: ErrorFact | null
  triggeredAtMs: number
  gateAtMs: number
  /** Passed by the rules, held because its record was not durable in time. */
  heldForRecord: boolean
}

/**
 * Establishes who the part is from the codes read, and whether it falls under a hold; injected, because both are the
 * business of traceability.
 */
export interface Identify {
  (codes: readonly CodeRead[], recipe: Recipe): { problem: NoVerdict | null; hold?: I18n | null }
}
