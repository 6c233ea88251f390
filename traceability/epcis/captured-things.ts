import type { EpcisItem, EpcisThing } from '../../contracts/index.ts'
import { thingsOf } from './event-links.ts'
import type { JsonObject } from './faults.ts'
import { timeMs } from './uri.ts'

/** Type of a captured event in the log. */
export const CAPTURED = 'ext.epcis.captured.v1'

/**
 * Units and lots that a captured event names, and when it says so.
 *
 * @param data of the event in the log; of one that is altered beyond reading there are none
 */
export function capturedThings(data: Record<string, unknown>): { at: string; things: EpcisThing[] } {
  const nothing = { at: '', things: [] }
  try {
    const said = data['event'] as JsonObject
    if (said['errorDeclaration'] !== undefined) return nothing
    const at = new Date(Math.floor(timeMs(String(said['eventTime'])))).toISOString()
    return { at, things: thingsOf(said, data['lots'] as EpcisItem['lots'] | undefined) }
  } catch {
    return nothing
  }
}
