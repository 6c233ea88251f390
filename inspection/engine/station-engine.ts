import {
  type ArrivedPart,
  asCoded,
  type CameraItem,
  type Frame,
  GATE_MARGIN_MS,
  type ExpectedReads,
  type InspectOutcome,
  type LateOutcome,
  noVerdict,
  type PartContext,
  type StationSpec,
  wallTime,
} from '../../contracts/index.ts'
import type { LoadedRecipe } from '../recipes/index.ts'
import { AlarmBoard } from './alarm-board.ts'
import { CameraWatch } from './camera-watch.ts'
import { GateWatch } from './gate-watch.ts'
import type { JudgedPart } from './judged-part.ts'
import { named, type NamedPart } from './naming.ts'
import { inBudget, missedOutcome, unjudgedOutcome } from './outcome.ts'
import { type Judgement, Settlement } from './settlement.ts'
import { allWithin, contextAt, followCount, lostTrigger, type Missed, slotPixels, unframed } from './items.ts'
import type { StationPorts } from './station-ports.ts'
import { restartedCounter, StationCount } from './station-count.ts'
import { countPart, emptyCounters, LastValues, type StationState } from './station-state.ts'

const WATCH_MS = 500
/** Time after the last budget that parts in flight get when the station stops, ms. */
const STOP_GRACE_MS = 5_000

/**
 * Drives one station: trigger → frame → verdict → record → gate. Every trigger ends in exactly one record and one
 * gate command; everything but a recorded pass in time diverts the part.
 */
export class StationEngine {
  readonly #spec: StationSpec
  #recipe: LoadedRecipe
  #context: PartContext
  readonly #ports: StationPorts
  readonly #alarms: AlarmBoard
  readonly #settlement: Settlement
  readonly #gate: GateWatch
  readonly #counters = emptyCounters()
  readonly #latencies = new LastValues(300)
  readonly #inFlight = new Set<Promise<void>>()
  #running = false
  readonly #count = new StationCount()

  constructor(spec: StationSpec, recipe: LoadedRecipe, context: PartContext, ports: StationPorts) {
    this.#spec = spec
    this.#recipe = recipe
    this.#context = context
    this.#ports = ports
    this.#alarms = new AlarmBoard(spec.interlock, context, ports)
    this.#settlement = new Settlement(spec, ports)
    this.#gate = new GateWatch(ports.output)
  }

  state(): StationState {
    return {
      station: this.#spec.id,
      recipe: this.#recipe.id,
      budgetMs: this.#spec.budgetMs,
      counters: structuredClone(this.#counters),
      alarms: this.#alarms.standing,
      latenciesMs: this.#latencies.list(),
      faults: this.#alarms.faults,
      running: this.#running,
    }
  }

  /** Records that neither store nor spool took. */
  get owed(): number {
    return this.#settlement.owed
  }

  /** Judges by another recipe from the next trigger on. Resolves when no part in work needs the old one any more. */
  async switchTo(recipe: LoadedRecipe): Promise<void> {
    this.#recipe = recipe
    this.#context = { ...this.#context, product: recipe.recipe.product.id }
    await Promise.all(this.#inFlight)
  }

  /** Runs until the source ends or `signal` aborts, then waits for the parts in flight. */
  async run(signal: AbortSignal): Promise<void> {
    const { source, output, last } = this.#ports
    if (last !== null) {
      this.#count.resume(last)
      await this.#closeInterrupted(last.trigger + 1)
    }
    const unfollow = followCount(output, source)
    this.#running = true
    const camera = new CameraWatch(source, output, this.#alarms)
    camera.look()
    // Between parts: a gate or a camera that went away, and records that could be stored after all.
    const watch = setInterval(() => [camera.look(), this.#watchGate(), this.#watchRecords()], WATCH_MS)
    try {
      for await (const item of source.items(signal)) {
        if (item.kind === 'end') break
        if (item.kind === 'fault') this.#alarms.setFault('source', item)
        else await this.#accept(item)
      }
    } catch (error) {
      this.#alarms.setFault('source', asCoded(error, 'CAM_GONE'))
    } finally {
      camera.end()
      unfollow()
      await this.#finish()
      clearInterval(watch)
      await this.#settlement.settleOwed()
      if (this.#settlement.owed > 0)
        this.#ports.log.error(
          { station: this.#spec.id, owed: this.#settlement.owed },
          'records could not be stored; the next start closes their triggers as interrupted',
        )
      this.#running = false
    }
  }

  /** Waits for the parts in flight, but not for ever: a thread stuck in native code must not keep the line from stopping. */
  async #finish(): Promise<void> {
    await allWithin(this.#inFlight, this.#spec.budgetMs + STOP_GRACE_MS)
    if (this.#inFlight.size > 0)
      this.#ports.log.error(
        { station: this.#spec.id, open: this.#inFlight.size },
        'parts were still in work when the station stopped; the next start closes their triggers as interrupted',
      )
  }

  #watchRecords(): void {
    this.#alarms.watchStore(this.#settlement.owed)
  }

  #watchGate(): void {
    const fault = this.#gate.fault()
    if (fault === null) this.#alarms.clearFault('gate')
    else this.#alarms.setFault('gate', fault)
  }

  /** Puts the trigger into its place in the count, closing what was lost before it, then starts its work. */
  async #accept(item: Missed | Extract<CameraItem, { kind: 'frame' }>): Promise<void> {
    const trigger = item.kind === 'frame' ? item.frame.meta.trigger : item.trigger
    const step = this.#count.next(trigger)
    if (step.kind === 'anew') this.#counterRestarted(trigger, step.expected)
    else if (step.kind === 'gap') {
      // The store closes what is open: parts in work must have their records first.
      if (!step.interrupted) await this.#finish()
      await this.#closeInterrupted(trigger)
    } else
      for (let lost = step.from; lost < trigger; lost++) this.#start(lost, this.#missed(lostTrigger(lost)))
    if (item.kind === 'frame') this.#alarms.clearFault('source')
    this.#start(trigger, item.kind === 'frame' ? this.#frame(item.frame) : this.#missed(item))
  }

  /** The device counts anew: its numbers start a new epoch, so that no record takes another's place. */
  #counterRestarted(trigger: number, expected: number): void {
    const fault = restartedCounter(trigger, expected)
    this.#ports.log.warn({ station: this.#spec.id, attempt: this.#count.attempt }, fault.message)
    this.#alarms.setFault('source', { code: fault.code, message: fault.message })
  }

  async #closeInterrupted(nextTrigger: number): Promise<void> {
    try {
      const closed = await this.#ports.store.closeInterrupted(
        this.#spec.id,
        { trigger: nextTrigger, attempt: this.#count.attempt },
        this.#recipe,
        this.#context,
        this.#ports.shifts?.spec,
      )
      if (closed > 0)
        this.#ports.log.warn(
          { station: this.#spec.id, closed },
          'triggers of the interrupted run closed as no-verdicts',
        )
    } catch (error) {
      this.#alarms.setFault('record', asCoded(error, 'TRC_WRITE'))
    }
  }

  #start(trigger: number, part: Promise<void>): void {
    this.#counters.triggers += 1
    this.#counters.open += 1
    const work = part.catch((error: unknown) => {
      this.#alarms.setFault('judging', {
        code: 'INS_TOOL',
        message: `trigger ${trigger} failed outside judging: ${String(error)}`,
      })
    })
    this.#inFlight.add(work)
    void work.finally(() => {
      this.#counters.open -= 1
      this.#inFlight.delete(work)
    })
  }

  async #missed(item: Missed): Promise<void> {
    const [recipe, attempt] = [this.#recipe, this.#count.attempt]
    const context = contextAt(this.#context, this.#ports, item.triggeredAtMs)
    const reading = this.#reading(unframed(item))
    const verdict = noVerdict(recipe, { reason: 'missed', code: item.code, message: item.message })
    await this.#settle({
      ...item,
      recipe,
      context,
      attempt,
      meta: null,
      image: null,
      ...(await this.#named(missedOutcome(verdict), { ...item, recipe }, reading)),
    })
  }

  async #frame(frame: Frame): Promise<void> {
    const { meta } = frame
    // A changeover in between does not touch a part that is in work.
    const [recipe, attempt] = [this.#recipe, this.#count.attempt]
    const context = contextAt(this.#context, this.#ports, meta.triggeredAtMs)
    const at = wallTime(meta.triggeredAtMs)
    const reading = this.#reading({ ...meta, encoder: meta.encoder ?? null })
    this.#ports.store
      .openTrigger({ station: this.#spec.id, trigger: meta.trigger, attempt, at })
      .catch((error: unknown) => {
        this.#ports.log.warn(
          { trigger: meta.trigger, error: String(error) },
          'a trigger could not be announced; its record will stand for it',
        )
      })
    let settled: Promise<LateOutcome | null> = Promise.resolve(null)
    let judged: InspectOutcome
    try {
      const run = this.#ports.inspector.inspect({
        meta,
        pixels: slotPixels(frame),
        recipe: recipe.id,
        context,
        deadlineMs: meta.triggeredAtMs + this.#spec.budgetMs - GATE_MARGIN_MS,
      })
      settled = run.settled
      judged = await run.outcome
    } catch (error) {
      // An inspector that breaks its promise not to fail still costs the part no more than a hold.
      judged = unjudgedOutcome(recipe, asCoded(error, 'INS_TOOL'))
    }
    const part = await this.#named(judged, { ...meta, recipe }, reading)
    const settling = this.#settle({
      recipe,
      context,
      trigger: meta.trigger,
      attempt,
      triggeredAtMs: meta.triggeredAtMs,
      meta,
      // The store has its own copy of these when `#settle` returns.
      image: frame.bytes,
      ...(frame.reference && { template: frame.reference }),
      ...part,
    })
    const seen = this.#ports.shadow?.after(settling, frame, context)
    const released = Promise.all([settled.catch(() => null), seen]).then(([late]) => {
      frame.release()
      return late
    })
    released.catch((error: unknown) => this.#alarms.setFault('judging', asCoded(error, 'CAM_SLOT')))
    const { inspectionId } = await settling
    const late = (await released) ?? part.late
    if (late) {
      this.#counters.late += 1
      this.#settlement.late(inspectionId, late.outcome)
    }
  }

  /** To be asked at the trigger, in the order of the triggers. */
  #reading(part: Omit<ArrivedPart, 'attempt'>): ExpectedReads | undefined {
    return this.#ports.reads?.arrived({ ...part, attempt: this.#count.attempt })
  }

  async #named(
    outcome: InspectOutcome,
    part: { triggeredAtMs: number } & Parameters<typeof named>[1],
    reading: ExpectedReads | undefined,
  ): Promise<NamedPart & { late?: LateOutcome }> {
    const endMs = part.triggeredAtMs + this.#spec.budgetMs
    const it = await named(outcome, part, this.#ports.identify, reading, endMs - GATE_MARGIN_MS)
    return inBudget(it, part.recipe, endMs)
  }

  async #settle(judgement: Judgement): Promise<JudgedPart> {
    const part = await this.#settlement.settle(judgement)
    countPart(this.#counters, part)
    this.#gate.answered(part)
    this.#watchGate()
    if (part.recordFault) this.#alarms.setFault('record', part.recordFault)
    else this.#watchRecords()
    this.#latencies.push(part.gateAtMs - part.triggeredAtMs)
    if (!judgement.challenge) this.#alarms.judge(part.outcome.verdict)
    this.#ports.onPart(part)
    return part
  }
}
