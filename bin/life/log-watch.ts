import {
  CodedError,
  type EventLog,
  type LineSpec,
  type PartStore,
  type ScoredPage,
} from '../../contracts/index.ts'
import { loadRecipe, type LoadedRecipe } from '../../inspection/index.ts'
import type { ModelTool, ModelWatch } from '../../models/index.ts'
import { diskStandsStill } from '../../traceability/index.ts'
import { log } from '../setup/log.ts'
import { stationEvent } from '../line/station-event.ts'

export interface LifeWatchParts {
  spec: LineSpec
  watch: ModelWatch
  recipesDir: string
  known: ReadonlyMap<string, LoadedRecipe>
  store: Pick<PartStore, 'emit'>
  scoredAfter(position: number, limit: number): Promise<ScoredPage>
  log: Pick<EventLog, 'read' | 'end' | 'onAppend'>
  /** Whether the disk takes what is written now: the watch writes on the thread that serves the gate. */
  diskAnswers(): Promise<boolean>
}

/** Events per page: what one page costs stays well below the margin kept back for the gate. */
const PAGE = 50
/** A watch that starts on an old log looks at so many events of it, not at years. */
const MAX_HISTORY = 50_000
/** Least pause between two looks at the log, ms; nothing about a model is so urgent. */
const EVERY_MS = 1_000

const toolsIn = ({ recipe }: LoadedRecipe): ModelTool[] =>
  recipe.tools.flatMap((t) => (t.use === 'model@1' ? [{ tool: t.id, model: t.model }] : []))

/** Follows the log for the watch over the models, away from the path of the parts. */
export class LifeWatch {
  readonly #parts: LifeWatchParts
  /** Model tools of recipes, also of those that are no longer loaded. */
  readonly #tools = new Map<string, readonly ModelTool[]>()
  readonly #release: () => void
  #timer: NodeJS.Timeout | null = null
  #turn: Promise<void> = Promise.resolve()
  #closed = false

  constructor(parts: LifeWatchParts) {
    this.#parts = parts
    this.#followOnlyThisLog()
    const { watch, log: events } = parts
    if (watch.position() === 0) watch.startAt(Math.max(0, events.end() - MAX_HISTORY))
    this.#release = events.onAppend(() => this.#wake())
    this.#wake()
  }

  /** Where the log was put back from an older copy, other events come at the places that were looked at already. */
  #followOnlyThisLog(): void {
    const { watch } = this.#parts
    const [seen, kept] = [watch.position(), watch.lastEvent()]
    if (seen === 0) return
    const there = this.#eventAt(seen)
    if (there !== null && (kept === null || kept === there)) return
    watch.beginAnew()
    const expected = `event ${kept === null ? '' : `${kept} at position `}${seen}`
    const actual = there === null ? 'a log that ends before it' : `event ${there}`
    const hint = 'the log was put back from an older copy; the watch over the models looks at it anew'
    const why = new CodedError('TRC_REBUILT', { expected, actual, hint })
    log.warn({ code: why.code }, why.message)
  }

  #eventAt(position: number): string | null {
    const there = this.#parts.log.read(position - 1, 1)[0]
    return there?.position === position ? there.event.id : null
  }

  /**
   * Resolves when everything that was in the log before the call has been looked at.
   *
   * @throws what reading fails with; TRC_WRITE where the disk stands still
   */
  catchUp(): Promise<void> {
    const turn = this.#turn.then(() => this.#read())
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#release()
    if (this.#timer) clearTimeout(this.#timer)
    await this.#turn
  }

  #wake(): void {
    if (this.#timer || this.#closed) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.catchUp().catch((error: unknown) => {
        log.warn({ error: String(error) }, 'the watch over the models could not follow the log; trying again')
        this.#wake()
      })
    }, EVERY_MS)
    this.#timer.unref()
  }

  async #read(): Promise<void> {
    const { watch, scoredAfter } = this.#parts
    for (;;) {
      const from = watch.position()
      if (this.#closed) return
      const page = await scoredAfter(from, PAGE)
      if (page.position === from) break
      for (const item of page.items) if (item.kind === 'part') await this.#learn(item.recipe)
      if (!(await this.#parts.diskAnswers())) throw diskStandsStill()
      if (this.#closed) return
      watch.take(page, (recipe) => this.#tools.get(recipe) ?? [], this.#eventAt(page.position))
      // Frames and gate commands first.
      await new Promise((resolve) => setImmediate(resolve))
    }
    await this.tell()
  }

  /** Writes the events of alarms into the log. */
  async tell(): Promise<void> {
    const { watch, store, spec } = this.#parts
    for (const { id, station, data, at } of watch.alarms.pending()) {
      await store.emit(stationEvent(spec, station, 'qe.station.health.v1', data, { id, at }))
      watch.alarms.sent(id)
    }
  }

  async #learn(id: string): Promise<void> {
    if (this.#tools.has(id)) return
    const { known, recipesDir } = this.#parts
    const loaded =
      known.get(id) ??
      (await loadRecipe(recipesDir, id).catch((error: unknown) => {
        log.warn({ recipe: id, error: String(error) }, 'a recipe cannot be read: its models are not watched')
        return null
      }))
    this.#tools.set(id, loaded ? toolsIn(loaded) : [])
  }
}
