import type {
  CaptureAck,
  ChallengeCheck,
  CodeRead,
  Disposition,
  DoubtfulIdentity,
  ErrorFact,
  I18n,
  InspectOutcome,
  PartPlace,
  Recipe,
  RejectAck,
  RejectCommand,
  Verdict,
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
  /**
   * Why the part must not go on at this moment (a hold, a failed canary, a station before that stopped it), or null; asked
   * again before the gate.
   *
   * @param disposition where it goes otherwise: what does not go on anyway keeps that, whatever a station before said
   */
  hold(disposition: Disposition): Promise<I18n | null>
  /**
   * By this inspection the part does not go on; said before its record is on disk, as other stations may have the part by
   * then. Absent = nobody can say who it is.
   */
  stopped?(inspectionId: string): void
  /** It is no product but a known part that checks the station: takes note of how it was judged. Absent = a product. */
  challenge?(verdict: Verdict): ChallengeCheck
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
