import {
  canonicalJson,
  CodedError,
  type FactAck,
  type QEvent,
  type SqlDatabase,
  type TraceFact,
} from '../../contracts/index.ts'
import { isStation } from '../genealogy/holds.ts'
import { thingUri } from '../genealogy/things.ts'
import { CompactRange, leafHash } from '../log/index.ts'
import { FactWriter } from '../store/fact-writer.ts'
import { ensureMonths } from './months.ts'
import { OWN_LOG, PlantLog } from './plant-log.ts'
import { stationInPlant } from './replica-rows.ts'

const WHERE = { plant: OWN_LOG, line: OWN_LOG }

/**
 * Holds and releases that are stated at the plant: events of a log of its own, checked and written as on a line, under
 * the lock of that log. The lines take them over (`holdOrders`).
 */
export class PlantDesk {
  readonly #db: SqlDatabase

  /** @param db of a role that may write */
  constructor(db: SqlDatabase) {
    this.#db = db
  }

  /**
   * A release ends the holds of the target that the plant knows now, wherever they were placed.
   *
   * @throws TRC_GENEALOGY for another fact, or a release of what is not on hold; TRC_NOT_FOUND for the hold of a station
   *   of no line that is known; TRC_DUPLICATE, TRC_PLANT, TRC_WRITE
   */
  record(fact: TraceFact): FactAck {
    if (fact.kind !== 'hold' && fact.kind !== 'release')
      throw new CodedError('TRC_GENEALOGY', {
        expected: 'a hold or a release: other facts are stated on the line where they happened',
        actual: fact.kind,
      })
    const month = ensureMonths(this.#db)
    return this.#db.transaction(() => {
      const log = new PlantLog(this.#db, OWN_LOG)
      log.lock()
      const append = (event: Omit<QEvent, 'sequence'>): { position: number; sequence: string } =>
        appendOwn(log, event, month)
      const writer = new FactWriter(this.#db, { append })
      const prepared = writer.prepare({ fact, source: WHERE })
      if ('resolved' in prepared && fact.kind === 'hold') this.#onALine(prepared.resolved.subject)
      const ack = writer.write(prepared)
      // Also of holds that lines placed: who released them, they hear by this.
      if (fact.kind === 'release' && !ack.repeated)
        this.#db.run(
          `update hold set release_log = ? where released_by = ? and released_at = ? and release_log is null`,
          OWN_LOG,
          fact.by,
          fact.at,
        )
      return ack
    })
  }

  /** No line would take over the hold of a station that has not the name of a line before it. */
  #onALine(target: string): void {
    if (!isStation(target)) return
    const lines = this.#db
      .all<{ line: string }>('select distinct line from line_log where log <> ? order by 1', OWN_LOG)
      .map((l) => l.line)
    if (lines.some((line) => target.startsWith(stationInPlant(thingUri('station', ''), line, true)))) return
    throw new CodedError('TRC_NOT_FOUND', {
      expected: `a station behind its line, as station/caps-a.st10; known lines: ${lines.join(', ') || 'none'}`,
      actual: target,
    })
  }
}

function appendOwn(
  log: PlantLog,
  event: Omit<QEvent, 'sequence'>,
  month: number,
): { position: number; sequence: string } {
  const before = log.received()
  const number = before.size + 1
  const sequence = String(number).padStart(20, '0')
  const json = canonicalJson({ ...event, sequence })
  const leaf = leafHash(json)
  const [place = 0] = log.places(1, month, before.lastPosition)
  const { id, source, type, subject, partitionkey, time } = event
  log.append(
    [
      {
        position: number,
        id,
        source,
        sequence: number,
        type,
        subject,
        partitionkey,
        time,
        json,
        leaf_hash: leaf,
      },
    ],
    [place],
  )
  const tree = new CompactRange(before.size, before.tree.nodes())
  tree.append(leaf)
  log.advance(before, tree, place, WHERE, 0)
  return { position: place, sequence }
}
