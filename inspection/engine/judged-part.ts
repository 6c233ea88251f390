import type {
  CaptureAck,
  CodeRead,
  DoubtfulIdentity,
  ErrorFact,
  I18n,
  InspectOutcome,
  PartPlace,
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

/** Who a part is, and whether it may go on. */
export interface PartIdentity {
  /** Why nobody can say who the part is, or who judged it; the part is held. */
  problem: DoubtfulIdentity | null
  /** Why the part must not go on at this moment (a hold, a failed canary), or null; asked again before the gate. */
  hold(): Promise<I18n | null>
}

/** Establishes the identity of a part, once; injected, because that is the business of traceability. */
export type Identify = (part: {
  trigger: number
  recipe: Recipe
  /** Of the image and of readers beside the camera. */
  codes: readonly CodeRead[]
  /** As readers or the frame name it, readers first. */
  place: PartPlace
  /** What is wrong with the reads beside the camera. */
  problem: DoubtfulIdentity | null
}) => PartIdentity
