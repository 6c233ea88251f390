import { asCoded, CodedError, type ErrorFact, type LineSpec, type PartStore } from '../../contracts/index.ts'
import {
  loadRecipe,
  type LoadedRecipe,
  type LocalInspector,
  type RecipeRack,
  Shadow,
  type ShadowCounts,
} from '../../inspection/index.ts'
import type { ShadowReport, ShadowReports } from '../../models/index.ts'
import { refOf } from './changeover.ts'
import { log } from '../setup/log.ts'
import { tellCanary } from './tell-canary.ts'

export interface ShadowRunParts {
  spec: LineSpec
  store: Pick<PartStore, 'emit'>
  recipesDir: string
  rack: RecipeRack
  local: LocalInspector
  reports: ShadowReports
  /** By station id. */
  active: ReadonlyMap<string, LoadedRecipe>
  onLoaded(recipe: LoadedRecipe): void
}

/** The report of a station and, while its shadow runs, what it did since the line was started. */
export interface ShadowState {
  running: ShadowCounts | null
  report: ShadowReport | null
}

/** Starts and ends shadows; those that ran when the line stopped run again. */
export class ShadowRuns {
  readonly shadow: Shadow
  readonly #parts: ShadowRunParts
  readonly #running = new Map<string, string>()
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: ShadowRunParts) {
    this.#parts = parts
    this.shadow = new Shadow(parts.local, parts.active.size, ({ station, part, outcome }) =>
      parts.reports.add({
        inspectionId: part.inspectionId,
        station,
        active: part.outcome.verdict.recipe,
        at: new Date().toISOString(),
        activeResult: part.outcome.verdict.result,
        candidateResult: outcome.verdict.result,
        candidateMs: outcome.timing.totalMs,
        reasons: outcome.verdict.reasons,
      }),
    )
    for (const { station, recipe, sha256 } of parts.reports.running())
      this.set(station, recipe, null, sha256).catch((error: unknown) =>
        log.warn({ station, recipe, error: String(error) }, 'a shadow could not be started again'),
      )
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
        const what = `the shadow ${recipe} was ended`
        log.error({ station, recipe, code: fact.code }, what)
        await tellCanary(this.#parts, { station, alarm: 'canary-shadow', fact, what })
      } catch (error) {
        const why = asCoded(error, 'MDL_LIFE')
        log.error({ station, recipe, code: why.code }, `a shadow could not be ended: ${why.message}`)
      }
    }
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
