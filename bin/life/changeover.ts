import { dirname } from 'node:path'
import {
  type ActivationCause,
  asCoded,
  CodedError,
  type ErrorFact,
  type LineSpec,
  type ModelDeployed,
  modelPins,
  type PartStore,
  type RecipeRef,
} from '../../contracts/index.ts'
import {
  checkNaming,
  loadRecipe,
  type LoadedRecipe,
  type RecipeRack,
  type StationEngine,
} from '../../inspection/index.ts'
import { type Activation, type Activations, gateResultFor, type LifeAlarm } from '../../models/index.ts'
import type { CanaryWatch } from '../line/canary.ts'
import { checkChallenge } from '../line/challenge-parts.ts'
import { CanaryAlarms } from './canary-alarms.ts'
import { log } from '../setup/log.ts'
import { stationEvent } from '../line/station-event.ts'

/** A recipe as events and gate results name it. */
export const refOf = ({ id, sha256, recipe }: LoadedRecipe): RecipeRef => ({
  id,
  sha256,
  models: recipe.tools.flatMap(modelPins).map((pin) => ({ id: pin.id, sha256: pin.sha256 })),
})

export interface ChangeoverParts {
  spec: LineSpec
  recipesDir: string
  gatesDir: string
  /** By station id, changed here. */
  active: Map<string, LoadedRecipe>
  engines: ReadonlyMap<string, Pick<StationEngine, 'switchTo'>>
  rack: RecipeRack
  canary: Pick<CanaryWatch, 'check' | 'refuseWrong'>
  activations: Activations
  store: Pick<PartStore, 'emit'>
  /** @throws TRC_WRITE */
  raise(alarm: LifeAlarm): Promise<void>
  /** A recipe is in force. */
  onActive(station: string, recipe: LoadedRecipe): void
}

export interface RollbackRequest {
  by: string
  reason: string
  /**
   * Activation that was in force when it was asked for, so that nobody replaces one unseen, and a wish that is sent twice
   * is done once; absent = any.
   */
  from?: number | undefined
}

export interface ActivationRequest extends RollbackRequest {
  recipe: string
  /** Activate without an accepted gate result. */
  override: boolean
}

/**
 * Changes the recipe of a running station: load on every worker and judge the canary, write down who and why, switch
 * between two triggers, free the old one when its last part is through.
 */
export class Changeover {
  readonly #parts: ChangeoverParts
  readonly #alarms: CanaryAlarms
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: ChangeoverParts) {
    this.#parts = parts
    this.#alarms = new CanaryAlarms(parts.raise)
  }

  /**
   * @throws MDL_GATE without an accepted gate result, MDL_LIFE (also when `from` is not in force any more), API_REQUEST; CFG_*, MDL_*, INS_* of the recipe. The
   * station goes on as before then.
   */
  activate(station: string, request: ActivationRequest): Promise<Activation> {
    return this.#inTurn(async () => {
      const { recipe: id, by, reason, override, from } = request
      const before = this.#active(station)
      this.#mustStand(station, from)
      if (override && reason.trim() === '')
        throw new CodedError('API_REQUEST', {
          path: 'reason',
          expected: 'why the gate is passed by',
          actual: '',
          zh: { expected: '越过验收的理由' },
        })
      const next = await loadRecipe(this.#parts.recipesDir, id)
      const at = this.#parts.spec.stations.find((s) => s.id === station)
      checkNaming(next, (at?.association ?? []).length > 0)
      checkChallenge(next)
      if (next.sha256 === before.sha256)
        throw new CodedError('MDL_LIFE', {
          expected: 'another recipe',
          actual: `${id} is in force`,
          zh: { expected: '另一个配方', actual: `${id} 已在用` },
        })
      const { widthPx, heightPx } = before.recipe.view
      if (next.recipe.view.widthPx !== widthPx || next.recipe.view.heightPx !== heightPx)
        throw new CodedError('MDL_LIFE', {
          expected: `a view of ${widthPx} × ${heightPx} px, as the camera delivers`,
          actual: `${next.recipe.view.widthPx} × ${next.recipe.view.heightPx} px`,
          zh: { expected: `与相机一致的图像尺寸 ${widthPx} × ${heightPx} px` },
        })
      const gate = await gateResultFor(this.#parts.gatesDir, next.sha256, before.sha256)
      if (!gate?.accepted && !override)
        throw new CodedError('MDL_GATE', {
          expected: `an accepted gate result of ${id} against ${before.id}`,
          actual: gate ? `refused for ${gate.refusals.join(', ')} (${gate.id})` : 'none',
          hint: `run: ${this.#gateCommand(next, before)}`,
          zh: {
            expected: `${id} 相对 ${before.id} 的验收通过结果`,
            actual: gate ? `因 ${gate.refusals.join(', ')} 被拒 (${gate.id})` : '无',
            hint: `请运行: ${this.#gateCommand(next, before)}`,
          },
        })
      return this.#change(station, next, 'activate', {
        by,
        reason,
        gate: gate?.id ?? null,
        override: !gate?.accepted,
      })
    })
  }

  /** As it works in any folder: recipes and results of a line seldom lie where commands look by default. */
  #gateCommand(next: LoadedRecipe, before: LoadedRecipe): string {
    const [recipe, against, data] = [next.file, before.file, dirname(this.#parts.gatesDir)].map((path) =>
      /\s/.test(path) ? `"${path}"` : path,
    )
    return `sightline models gate --recipe ${recipe} --against ${against} --data ${data} --acceptance DIR --takt-ms MS`
  }

  /**
   * @throws MDL_LIFE when there is nothing to return to, or what is `from` is not in force any more; CFG_*, MDL_*, INS_*
   *   when the earlier recipe does not load
   */
  rollback(station: string, { by, reason, from }: RollbackRequest): Promise<Activation> {
    return this.#inTurn(() => {
      this.#active(station)
      this.#mustStand(station, from)
      return this.#back(station, by, reason, 'rollback')
    })
  }

  #mustStand(station: string, from: number | undefined): void {
    const { n, recipe } = this.#parts.activations.current(station)
    if (from === undefined || from === n) return
    throw new CodedError('MDL_LIFE', {
      expected: `activation ${from} in force`,
      actual: `activation ${n}, ${recipe.id}`,
      hint: 'look at the station again',
      zh: {
        expected: `第 ${from} 次启用仍在用`,
        actual: `第 ${n} 次启用 ${recipe.id} 在用`,
        hint: '请重新查看该工位',
      },
    })
  }

  /**
   * Every station whose recipe judges its own golden template differently goes back to the recipe before.
   *
   * @param wrong by `id@version`; recipes that are not in force are left to others
   */
  async canaryFailed(wrong: ReadonlyMap<string, ErrorFact>): Promise<void> {
    let changed = false
    for (const [station, failed] of this.#parts.active) {
      const fact = wrong.get(failed.id)
      if (!fact) continue
      try {
        changed = (await this.#inTurn(() => this.#backFrom(failed, station, fact))) || changed
      } catch (error) {
        const why = asCoded(error, 'MDL_LIFE')
        log.error({ station, code: why.code }, `no automatic rollback: ${why.message}`)
        await this.#alarms.stays(station, failed.id, fact, why)
      }
    }
    // What made the canary fail is gone with its recipe; this is looked at now, not in a minute.
    if (changed) setImmediate(() => void this.#parts.canary.check())
  }

  /** Returns false when another recipe came into force while this waited for its turn: that one has not failed. */
  async #backFrom(failed: LoadedRecipe, station: string, fact: ErrorFact): Promise<boolean> {
    const { id, sha256 } = this.#active(station)
    if (sha256 !== failed.sha256) {
      log.warn(
        { station, recipe: failed.id, inForce: id },
        'no rollback: the recipe is not in force any more',
      )
      return false
    }
    const to = await this.#back(station, 'sightline', fact.message, 'canary')
    await this.#alarms.rolledBack(station, failed.id, to.recipe.id, fact)
    return true
  }

  async #back(
    station: string,
    by: string,
    reason: string,
    cause: 'rollback' | 'canary',
  ): Promise<Activation> {
    this.#active(station)
    const { recipe } = this.#parts.activations.previous(station)
    const next = await loadRecipe(this.#parts.recipesDir, recipe.id, { sha256: recipe.sha256 })
    return this.#change(station, next, cause, { by, reason, gate: null, override: false })
  }

  #active(station: string): LoadedRecipe {
    const active = this.#parts.active.get(station)
    if (active) return active
    throw new CodedError('API_NOT_FOUND', {
      expected: [...this.#parts.active.keys()].join(', '),
      actual: station,
    })
  }

  async #change(
    station: string,
    next: LoadedRecipe,
    cause: ActivationCause,
    facts: Pick<ModelDeployed, 'by' | 'reason' | 'gate' | 'override'>,
  ): Promise<Activation> {
    const { rack, canary, activations, active, engines, onActive } = this.#parts
    const before = this.#active(station)
    await rack.take(next)
    let recorded: Activation
    const change = { station, before: refOf(before), after: refOf(next) }
    try {
      // A shadow, or another station, may have had it loaded long before.
      canary.refuseWrong(next.id)
      // Written before it acts: no part is judged by a recipe that the log does not know of.
      await this.#deployed({ ...change, cause, ...facts })
      try {
        recorded = activations.record(station, change.after, { ...facts, cause })
      } catch (error) {
        await this.#takeBack(change, asCoded(error, 'MDL_LIFE').message)
        throw error
      }
    } catch (error) {
      await rack.give(next.id)
      throw error
    }
    active.set(station, next)
    onActive(station, next)
    const free = engines.get(station)?.switchTo(next) ?? Promise.resolve()
    log.info({ station, before: before.id, after: next.id, cause, by: facts.by }, 'recipe changed')
    // Nobody waits for the parts in work: the new recipe is in force.
    free
      .then(() => rack.give(before.id))
      .catch((error: unknown) =>
        log.warn({ recipe: before.id, error: String(error) }, 'a recipe was not freed'),
      )
    return recorded
  }

  #deployed(said: ModelDeployed): Promise<void> {
    return this.#parts.store.emit(stationEvent(this.#parts.spec, said.station, 'qe.model.deployed.v1', said))
  }

  /** The log tells of a change that could not be made, as on a full disk: it tells of the way back, too. */
  async #takeBack(
    { station, before, after }: Pick<ModelDeployed, 'station' | 'before' | 'after'>,
    reason: string,
  ): Promise<void> {
    const facts = { cause: 'rollback', by: 'sightline', reason, gate: null, override: false } as const
    await this.#deployed({ station, before: after, after: before, ...facts }).catch((lost: unknown) =>
      log.error({ station, error: String(lost) }, 'the log does not say that a recipe is not in force'),
    )
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => undefined)
    return turn
  }
}
