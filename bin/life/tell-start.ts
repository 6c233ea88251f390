import {
  asCoded,
  type LineSpec,
  type ModelDeployed,
  type PartStore,
  type RecipeRef,
} from '../../contracts/index.ts'
import type { LoadedRecipe } from '../../inspection/index.ts'
import type { Activations } from '../../models/index.ts'
import { log } from '../setup/log.ts'
import { stationEvent } from '../line/station-event.ts'
import { refOf } from './changeover.ts'

export interface StartParts {
  spec: LineSpec
  /** By station id. */
  active: ReadonlyMap<string, LoadedRecipe>
  activations: Pick<Activations, 'history'>
  /** The newest change at a station in the log. */
  told(station: string): { data: ModelDeployed } | null
  store: Pick<PartStore, 'emit'>
}

/**
 * Puts on record which recipe a station starts with where the log says another one: the line file names it since. Never
 * fails; the next start tries it again.
 */
export async function tellStart({ spec, active, activations, told, store }: StartParts): Promise<void> {
  for (const [station, loaded] of active)
    try {
      const after = refOf(loaded)
      // Of a line file that was changed before any other recipe was put in force the log knows nothing.
      const before: RecipeRef | undefined =
        told(station)?.data.after ?? activations.history(station, 2)[1]?.recipe
      if (before === undefined || before.sha256 === after.sha256) continue
      const said: ModelDeployed = {
        station,
        cause: 'line',
        before,
        after,
        by: 'sightline',
        reason: 'the line was started with it',
        gate: null,
        override: false,
      }
      await store.emit(stationEvent(spec, station, 'qe.model.deployed.v1', said))
      log.info(
        { station, before: before.id, after: after.id },
        'the log now says what the line was started with',
      )
    } catch (error) {
      const { code, message } = asCoded(error, 'MDL_LIFE')
      log.error({ station, code, message }, 'the log does not say which recipe the line was started with')
    }
}
