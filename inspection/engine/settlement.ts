import {
  asCoded,
  type AssociatedRead,
  CodedError,
  type ErrorFact,
  errorText,
  type CaptureAck,
  type CaptureRequest,
  type ChallengeCheck,
  type FrameMeta,
  GATE_MARGIN_MS,
  type GateFailed,
  type GateHeld,
  type GateNote,
  type I18n,
  type InspectOutcome,
  monoMs,
  newEvent,
  NO_VERDICT_TEXT,
  type PartContext,
  type PartPlace,
  type PartStore,
  type RejectAck,
  type RejectCommand,
  type RejectOutput,
  type StationSpec,
  toFact,
  uuidv7,
  wallTime,
} from '../../contracts/index.ts'
import type { LoadedRecipe } from '../recipes/index.ts'
import type { EngineLog } from './alarm-board.ts'
import type { JudgedPart } from './judged-part.ts'
import { identityTools } from './naming.ts'
import { withoutVerdict } from './outcome.ts'
import { OwedRecords } from './owed-records.ts'

/** An output has this long after the deadline to say what became of its command, ms. */
const ACK_LIMIT_MS = 5_000

/** One judged trigger on its way to record and gate. */
export interface Judgement {
  /** In force when the trigger came. */
  recipe: LoadedRecipe
  context: PartContext
  trigger: number
  /** 1, or the epoch of a counter that started again. */
  attempt: number
  triggeredAtMs: number
  meta: FrameMeta | null
  /** Bytes to keep; borrowed until `settle` returns its promise. */
  image: Uint8Array | null
  /** Golden template that came with the frame, borrowed alike; absent = none did. */
  template?: CaptureRequest['template']
  outcome: InspectOutcome
  /** Given to the part beside the camera. */
  reads: AssociatedRead[]
  /** Named by readers; comes before what the frame and the line file say. */
  place?: PartPlace
  /** It is no product. */
  challenge?: ChallengeCheck
  /** Why the part must not go on at this moment, or null. */
  hold(): Promise<I18n | null>
  /** See `PartIdentity.stopped`. */
  stopped(inspectionId: string): void
}

/**
 * Records judged triggers and serves the gate, in this order, so that no acknowledged verdict can be lost. When the
 * record is not durable in time, the gate is served without it: to divert a part, never to release it.
 */
export class Settlement {
  readonly #spec: StationSpec
  readonly #store: PartStore
  readonly #output: RejectOutput
  readonly #log: EngineLog
  readonly #owed: OwedRecords

  constructor(spec: StationSpec, ports: { store: PartStore; output: RejectOutput; log: EngineLog }) {
    this.#spec = spec
    this.#store = ports.store
    this.#output = ports.output
    this.#log = ports.log
    this.#owed = new OwedRecords(ports.store, ports.log)
  }

  /** Never rejects: what fails here ends in a held part and a logged code. */
  async settle(judgement: Judgement): Promise<JudgedPart> {
    const { trigger, triggeredAtMs, outcome } = judgement
    const inspectionId = uuidv7()
    const deadlineMs = triggeredAtMs + this.#spec.budgetMs
    if (outcome.verdict.disposition !== 'release') judgement.stopped(inspectionId)
    let refusal: CodedError | null = null
    const durable = this.#store.capture(this.#request(inspectionId, judgement)).catch((error: unknown) => {
      refusal = asCoded(error, 'TRC_WRITE')
      this.#log.error({ trigger, error: refusal.message }, 'a record could not be stored')
      return null
    })
    const { disposition, result } = outcome.verdict
    let action: RejectCommand['action'] =
      disposition === 'release' ? 'release' : disposition === 'hold' ? 'hold' : 'reject'
    const recorded = await before(durable, deadlineMs - GATE_MARGIN_MS)
    const heldForRecord = action === 'release' && !recorded
    // A hold that was placed while the record was on its way to disk still stops the part.
    const reason = heldForRecord
      ? NO_VERDICT_TEXT['no-record']
      : action === 'release'
        ? await heldBy(judgement)
        : null
    if (reason !== null) {
      action = 'hold'
      judgement.stopped(inspectionId)
    }
    const command: RejectCommand = {
      station: this.#spec.id,
      trigger,
      inspectionId,
      action,
      result,
      disposition: action === 'hold' ? 'hold' : disposition,
      ...(reason !== null && { reason }),
      deadlineMs,
    }
    const ack = await this.#serve(command)
    if (!ack.ok) this.#log.error({ trigger, code: ack.code, message: ack.message }, 'the gate was not served')
    const record = await durable
    const unrecorded = record ? null : toFact(refusal ?? new CodedError('TRC_WRITE'))
    const kept = unrecorded ? withoutRecord(judgement, unrecorded) : outcome
    const gate = gateNote(command, ack, judgement)
    if (record) {
      this.#annotate(inspectionId, { gate })
      if (reason !== null) this.#tellHeld(inspectionId, judgement, reason)
    }
    // The image is not waited with: memory must hold out until the disk is mended.
    else this.#owed.add(this.#request(inspectionId, { ...judgement, image: null, outcome: kept }), gate)
    return {
      station: this.#spec.id,
      trigger,
      inspectionId,
      outcome: kept,
      command,
      ack,
      record,
      recordFault: unrecorded,
      triggeredAtMs,
      gateAtMs: ack.atMs,
      heldForRecord,
    }
  }

  /** The record says release and the part did not go on: the log says why, where nobody can change it. */
  #tellHeld(inspectionId: string, { context, trigger }: Judgement, reason: I18n): void {
    const data: GateHeld = { inspectionId, station: context.station, trigger, reason }
    this.#store.emit(gateEvent('qe.gate.held.v1', context, data)).catch((error: unknown) => {
      this.#log.warn({ inspectionId, error: String(error) }, 'why a part was held could not be stored')
    })
  }

  /** An output that throws or never answers is a gate that was not served: the PLC diverts the part. */
  async #serve(command: RejectCommand): Promise<RejectAck> {
    const failed = (message: string): RejectAck => ({ ok: false, code: 'CAM_IO', message, atMs: monoMs() })
    const limitMs = Math.max(0, command.deadlineMs - monoMs()) + ACK_LIMIT_MS
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<RejectAck>((resolve) => {
      timer = setTimeout(() => resolve(failed('the output did not answer')), limitMs)
    })
    try {
      return await Promise.race([this.#output.apply(command), late])
    } catch (error) {
      return failed(asCoded(error, 'CAM_IO').message)
    } finally {
      clearTimeout(timer)
    }
  }

  /** Records that neither store nor spool took. */
  get owed(): number {
    return this.#owed.count
  }

  /** Tries once more to store what is owed. */
  async settleOwed(): Promise<void> {
    await this.#owed.pay()
  }

  /** Keeps a result that came after its no-verdict. */
  late(inspectionId: string, outcome: InspectOutcome): void {
    this.#annotate(inspectionId, { late: outcome })
  }

  #annotate(inspectionId: string, note: Parameters<PartStore['annotate']>[1]): void {
    this.#store.annotate(inspectionId, note).catch((error: unknown) => {
      this.#log.warn({ inspectionId, error: String(error) }, 'a note on a record could not be stored')
    })
  }

  #request(inspectionId: string, j: Judgement): CaptureRequest {
    const { product, identity } = j.recipe.recipe
    const place = { ...this.#spec.place, ...j.meta?.place, ...j.place }
    return {
      inspectionId,
      station: this.#spec.id,
      trigger: j.trigger,
      attempt: j.attempt,
      runType: j.challenge ? 'golden-sample' : 'production',
      meta: j.meta,
      image: j.image,
      ...(j.image !== null && j.template && { template: j.template }),
      context: j.context,
      product: {
        id: product.id,
        revision: product.revision,
        ...(product.gtin === undefined ? {} : { gtin: product.gtin }),
      },
      identity,
      identityTools: identityTools(j.recipe.recipe, j.outcome.verdict.codes),
      ...(j.reads.length > 0 && { reads: j.reads }),
      ...(Object.keys(place).length > 0 && { place }),
      outcome: j.outcome,
      budgetMs: this.#spec.budgetMs,
      startedAt: wallTime(j.triggeredAtMs),
      endedAt: wallTime(monoMs()),
    }
  }
}

/** What the gate said; that it did not take the command goes into the log, too. */
function gateNote(command: RejectCommand, ack: RejectAck, { context }: Judgement): GateNote {
  if (ack.ok) return { command, ack }
  const { inspectionId, station, trigger, action } = command
  const data: GateFailed = {
    inspectionId,
    station,
    trigger,
    action,
    code: ack.code,
    message: ack.message,
  }
  return { command, ack, failed: gateEvent('qe.gate.failed.v1', context, data) }
}

function gateEvent<T extends { inspectionId: string }>(
  type: string,
  { plant, line, station }: PartContext,
  data: T,
) {
  const source = `/plants/${plant}/lines/${line}/stations/${station}`
  return newEvent({ type, source, subject: `inspection/${data.inspectionId}`, partitionkey: line, data })
}

/** A part that would have passed is held for want of its record, and that is what the record will say. */
function withoutRecord({ outcome, recipe }: Judgement, fact: ErrorFact): InspectOutcome {
  if (outcome.verdict.disposition !== 'release') return outcome
  return withoutVerdict(outcome, recipe, { reason: 'no-record', ...fact })
}

/** Why a part that would go on must not, found just before the gate: who cannot be asked about does not go on. */
async function heldBy({ hold }: Judgement): Promise<I18n | null> {
  try {
    return await hold()
  } catch (error) {
    return errorText(asCoded(error, 'TRC_OPEN'))
  }
}

/** The acknowledgement if it is there by `atMs` (monotonic), else null. */
async function before(durable: Promise<CaptureAck | null>, atMs: number): Promise<CaptureAck | null> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), Math.max(0, atMs - monoMs()))
  })
  try {
    return await Promise.race([durable, timeout])
  } finally {
    clearTimeout(timer)
  }
}
