import { asCoded, CodedError, type ErrorFact, type LineSpec, toFact } from '../../contracts/index.ts'
import {
  loadRecipe,
  type LoadedRecipe,
  type LocalInspector,
  type RecipeRack,
  Shadow,
  type ShadowComparison,
  type ShadowCounts,
} from '../../inspection/index.ts'
import type { LifeAlarm, ShadowReport, ShadowReports } from '../../models/index.ts'
import { refOf } from './changeover.ts'
import { diskStandsStill } from '../../traceability/index.ts'
import { log } from '../setup/log.ts'
import { recipeAlarm } from './recipe-alarm.ts'

export interface ShadowRunParts {
  spec: LineSpec
  /** @throws TRC_WRITE */
  raise(alarm: LifeAlarm): Promise<void>
  recipesDir: string
  rack: RecipeRack
  local: LocalInspector
  reports: ShadowReports
  /** By station id. */
  active: ReadonlyMap<string, LoadedRecipe>
  /** Whether the disk takes what is written now: reports are written on the thread that serves the gate. */
  diskAnswers(): Promise<boolean>
  onLoaded(recipe: LoadedRecipe): void
}

/** The report of a station and, while its shadow runs, what it did since the line was started. */
export interface ShadowState {
  running: ShadowCounts | null
  report: ShadowReport | null
}

/**
 * Starts and ends shadows; those that ran when the line was stopped run again. One that ran when it died does not: a
 * model that ends the process in native code would do so again and again, and with it the line.
 */
export class ShadowRuns {
  readonly shadow: Shadow
  readonly #parts: ShadowRunParts
  readonly #running = new Map<string, string>()
  /** The last report of a part could be written. */
  #keeps = true
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: ShadowRunParts) {
    this.#parts = parts
    this.shadow = new Shadow(
      parts.local,
      parts.active.size,
      (seen) => this.#keep(seen),
      () => this.#mayKeep(),
    )
    for (const { station, recipe, sha256, lost } of parts.reports.left())
      (lost ? this.#lost(station, recipe) : this.set(station, recipe, null, sha256)).catch((error: unknown) =>
        log.warn({ station, recipe, error: String(error) }, 'a shadow could not be started again'),
      )
  }

  /** The line is stopped in order. */
  close(): void {
    this.#parts.reports.suspend()
  }

  state(station: string): ShadowState {
    const { reports, active } = this.#parts
    const inForce = active.get(station)
    return {
      running: this.shadow.counts(station),
      report: inForce ? reports.report(station, inForce.id) : null,
    }
  }

  /** The recipe a station took needs no shadow any more. */
  activated(station: string, recipe: string): void {
    if (this.#running.get(station) === recipe)
      this.set(station, null, null).catch((error: unknown) =>
        log.warn({ station, error: String(error) }, 'a shadow could not be ended'),
      )
  }

  /**
   * @param by who asks; null = the program goes on with what was asked before
   * @param sha256 content the recipe must have
   * @throws API_NOT_FOUND, MDL_LIFE; CFG_*, MDL_*, INS_* of the recipe; the shadow before goes on then
   */
  set(station: string, recipe: string | null, by: string | null, sha256?: string): Promise<ShadowState> {
    return this.#inTurn(() => this.#set(station, recipe, by, sha256))
  }

  /**
   * Ends every shadow that judges its own golden template differently: it says nothing about the parts.
   *
   * @param wrong by `id@version`; what is no shadow is left to others
   */
  async canaryFailed(wrong: ReadonlyMap<string, ErrorFact>): Promise<void> {
    for (const [station, recipe] of this.#running) {
      const fact = wrong.get(recipe)
      if (!fact) continue
      try {
        const ended = await this.#inTurn(async () => {
          if (this.#running.get(station) !== recipe) return false
          await this.#set(station, null, null, undefined)
          return true
        })
        if (!ended) continue
        await this.#tell(station, recipe, 'canary-shadow', fact)
      } catch (error) {
        const why = asCoded(error, 'MDL_LIFE')
        log.error({ station, recipe, code: why.code }, `a shadow could not be ended: ${why.message}`)
      }
    }
  }

  /** @throws TRC_WRITE, TRC_DISK_FULL; said once for each time of trouble */
  #keep({ station, part, outcome }: ShadowComparison): void {
    try {
      this.#parts.reports.add({
        inspectionId: part.inspectionId,
        station,
        active: part.outcome.verdict.recipe,
        at: new Date().toISOString(),
        activeResult: part.outcome.verdict.result,
        candidateResult: outcome.verdict.result,
        candidateMs: outcome.timing.totalMs,
        reasons: outcome.verdict.reasons,
      })
      this.#keeps = true
    } catch (error) {
      this.#saidOnce(error)
      throw error
    }
  }

  /** @throws TRC_WRITE where the disk stands still */
  async #mayKeep(): Promise<void> {
    if (await this.#parts.diskAnswers()) return
    const why = diskStandsStill()
    this.#saidOnce(why)
    throw why
  }

  #saidOnce(error: unknown): void {
    const { code, message } = asCoded(error, 'TRC_WRITE')
    if (this.#keeps) log.warn({ code, message }, 'what a shadow saw could not be kept')
    this.#keeps = false
  }

  #lost(station: string, recipe: string): Promise<void> {
    this.#parts.reports.stop(station)
    const why = new CodedError('INS_WORKER_LOST', {
      expected: 'a line that is stopped in order while a shadow runs',
      actual: 'it died, or the machine did',
      hint: 'start the shadow again if something else than its model ended it',
    })
    return this.#tell(station, recipe, 'shadow-lost', toFact(why))
  }

  #tell(
    station: string,
    recipe: string,
    alarm: 'canary-shadow' | 'shadow-lost',
    fact: ErrorFact,
  ): Promise<void> {
    const what = { en: `the shadow ${recipe} was ended`, zh: `影子运行 ${recipe} 已结束` }
    log.error({ station, recipe, code: fact.code }, what.en)
    return this.#parts.raise(recipeAlarm(station, alarm, fact, what))
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #set(
    station: string,
    id: string | null,
    by: string | null,
    sha256: string | undefined,
  ): Promise<ShadowState> {
    const { rack, reports, active, recipesDir, onLoaded } = this.#parts
    const inForce = active.get(station)
    if (!inForce)
      throw new CodedError('API_NOT_FOUND', { expected: [...active.keys()].join(', '), actual: station })
    const before = this.#running.get(station)
    if (id !== null) {
      const recipe = await loadRecipe(recipesDir, id)
      if (recipe.id === inForce.id || (sha256 ?? recipe.sha256) !== recipe.sha256)
        throw new CodedError('MDL_LIFE', {
          expected: 'another recipe than the one in force, as it was',
          actual: id,
          zh: { expected: '在用配方之外、未被改动的配方' },
        })
      await rack.take(recipe)
      onLoaded(recipe)
      reports.start(station, refOf(recipe), by ?? '')
      this.#running.set(station, id)
    } else {
      reports.stop(station)
      this.#running.delete(station)
    }
    this.shadow.set(station, id)
    if (before !== undefined) await rack.give(before)
    return this.state(station)
  }
}
