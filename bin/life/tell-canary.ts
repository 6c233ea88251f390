import {
  type ErrorFact,
  errorText,
  type LineSpec,
  type PartStore,
  type StationHealth,
} from '../../contracts/index.ts'
import { stationEvent } from '../line/station-event.ts'

/** Puts on record what became of a recipe whose canary was judged differently, or of a shadow that was lost. @throws TRC_WRITE */
export function tellCanary(
  { spec, store }: { spec: LineSpec; store: Pick<PartStore, 'emit'> },
  { station, alarm, fact, what }: { station: string; alarm: string; fact: ErrorFact; what: string },
): Promise<void> {
  const data: StationHealth = {
    station,
    alarm,
    active: true,
    code: fact.code,
    message: `${what}: ${errorText(fact).en}`,
  }
  return store.emit(stationEvent(spec, station, 'qe.station.health.v1', data))
}
