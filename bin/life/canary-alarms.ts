import {
  asCoded,
  type CodedError,
  type ErrorFact,
  errorText,
  type ModelDeployed,
  toWordedFact,
} from '../../contracts/index.ts'
import type { LifeAlarm } from '../../models/index.ts'
import { log } from '../setup/log.ts'
import type { RunningWatch } from './model-watch.ts'
import { recipeAlarm } from './recipe-alarm.ts'

/** What became of a recipe in force whose canary failed, for the people at the line. Never fails. */
export class CanaryAlarms {
  readonly #raise: (alarm: LifeAlarm) => Promise<void>
  /** By station, the failure that no rollback mended and that was told. */
  readonly #told = new Map<string, string>()

  /** @param raise may throw TRC_WRITE: the alarm stands, and is told to the log later */
  constructor(raise: (alarm: LifeAlarm) => Promise<void>) {
    this.#raise = raise
  }

  rolledBack(station: string, from: string, to: string, fact: ErrorFact): Promise<void> {
    const what = { en: `${from} was rolled back to ${to}`, zh: `${from} 已退回到 ${to}` }
    return this.#tell(recipeAlarm(station, 'canary-rollback', fact, what))
  }

  /**
   * The station goes on with the recipe, and its parts are held while the canary fails. It may be judged right once more,
   * and what passed before is gone: somebody has to look.
   */
  async stays(station: string, recipe: string, fact: ErrorFact, why: CodedError): Promise<void> {
    // It says since when, and is asked every minute.
    if (this.#told.get(station) === fact.message) return
    this.#told.set(station, fact.message)
    const { en, zh } = errorText(toWordedFact(why))
    const what = { en: `${recipe} could not be rolled back (${en})`, zh: `${recipe} 无法退回 (${zh})` }
    await this.#tell(recipeAlarm(station, 'canary-failed', fact, what))
  }

  /**
   * A line that died right behind a rollback: the log has it, and nobody was told.
   *
   * @param told the newest change in the log
   */
  async afterStart(
    told: { data: ModelDeployed; time: string } | null,
    alarms: Pick<RunningWatch, 'raisedSince'>,
  ): Promise<void> {
    if (told?.data.cause !== 'canary') return
    const { station, before, after, reason: message } = told.data
    if (alarms.raisedSince(`canary-rollback/${station}`, told.time)) return
    await this.rolledBack(station, before.id, after.id, { code: 'INS_CANARY', message })
  }

  async #tell(alarm: LifeAlarm): Promise<void> {
    try {
      await this.#raise(alarm)
    } catch (error) {
      const { code, message } = asCoded(error, 'TRC_WRITE')
      log.error({ alarm: alarm.id, code, message }, 'an alarm stands, and the log will be told of it later')
    }
  }
}
