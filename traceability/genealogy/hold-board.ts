import { join } from 'node:path'
import { asCoded, CodedError, type I18n, type SqlDatabase, timeLimit } from '../../contracts/index.ts'
import { type Identification, lotUri, supplierUri } from '../identity/index.ts'
import type { FlowStart } from './flow.ts'
import { openSql } from '../store/open-sql.ts'
import { activeHolds, byTarget, heldBy, type Hold } from './holds.ts'
import { type StationsBefore, StoppedBefore } from './stopped-before.ts'
import { shortName, thingUri } from './things.ts'

/** What a station knows of a part besides its codes. */
export interface StationFacts extends StationsBefore {
  station: string
  recipe: string
  product: { id: string; gtin?: string | undefined }
  lot?: string | undefined
  supplier?: string | undefined
  /** Part holder that the part lies in. */
  fixture?: string | undefined
}

/** Links followed on the thread of the line: some 4 ms of CPU at most. A real part has a few dozen. */
const QUICK_WAYS = 400

export interface HoldBoardOptions {
  /** Walks further than that in another thread. */
  walk(starts: FlowStart[]): Promise<Hold | null>
  /** Longest time to wait for it, ms; then the part is held. */
  walkMs: number
}

/**
 * The holds in force, in memory: asked for every part, between verdict and gate. Without a hold a question costs
 * nothing; with one, a short walk over the origins of the one part, or a long one elsewhere. When the records cannot
 * be asked in time, the part is held.
 */
export class HoldBoard {
  readonly #db: SqlDatabase
  readonly #options: HoldBoardOptions
  readonly #stop: () => void
  readonly #stopped: StoppedBefore
  #holds = new Map<string, Hold>()
  #seen = -1
  #fault: I18n | null = null

  constructor(db: SqlDatabase, onAppend: (listener: () => void) => () => void, options: HoldBoardOptions) {
    this.#db = db
    this.#options = options
    this.#stopped = new StoppedBefore(db)
    this.#refresh()
    this.#stop = onAppend(() => this.#refresh())
  }

  get holds(): readonly Hold[] {
    return [...this.#holds.values()]
  }

  /**
   * Why the part must be held, or null. Never throws.
   *
   * @param seen also by codes that do not name the part, as they may be those of one beside it: a hold of theirs counts, but
   *   no station has judged what they name
   */
  async over(found: Identification, facts: StationFacts, seen = found): Promise<I18n | null> {
    if (this.#fault !== null) return this.#fault
    try {
      const stopped = this.#stopped.before(found.uri, facts)
      if (found.uri !== null) this.#stopped.judged(found.uri, facts.station)
      if (stopped !== null || this.#holds.size === 0) return stopped
      const starts = [...partStarts(found, facts), ...(seen === found ? [] : partStarts(seen, facts))]
      const quick = heldBy(this.#db, this.#holds, starts, QUICK_WAYS)
      const hold = quick.cut ? await this.#far(starts) : quick.hold
      return hold === null ? null : holdReason(hold)
    } catch (error) {
      return unknown(error)
    }
  }

  close(): void {
    this.#stop()
    this.#db.close()
  }

  /** A station stops this part by an inspection that may not be on disk yet. */
  stopped({ uri }: Identification, { station }: StationFacts, inspectionId: string): void {
    if (uri !== null) this.#stopped.add(uri, station, inspectionId)
  }

  async #far(starts: FlowStart[]): Promise<Hold | null> {
    const { walk, walkMs } = this.#options
    const limit = timeLimit(walkMs)
    const late = new Promise<never>((_, reject) => {
      limit.signal.addEventListener('abort', () =>
        reject(new CodedError('TRC_BUSY', { expected: `an answer within ${walkMs} ms`, actual: 'none' })),
      )
    })
    try {
      return await Promise.race([walk(starts), late])
    } finally {
      limit.clear()
    }
  }

  /** Facts are numbered by the log: nothing new, nothing to read. */
  #refresh(): void {
    try {
      const last =
        this.#db.get<{ last: number | null }>('select max(position) as last from trace_fact')?.last ?? 0
      if (last !== this.#seen) this.#holds = byTarget(activeHolds(this.#db))
      this.#seen = last
      this.#fault = null
    } catch (error) {
      this.#fault = unknown(error)
    }
  }
}

/** @throws TRC_OPEN when no store has been opened in the directory yet */
export const openHoldBoard = (
  dataDir: string,
  onAppend: (listener: () => void) => () => void,
  options: HoldBoardOptions,
): HoldBoard =>
  new HoldBoard(
    openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true }),
    onAppend,
    options,
  )

/** Everything about a part that a hold can name: itself, its lots, supplier, product, recipe, station and fixture. */
function partStarts(found: Identification, facts: StationFacts): FlowStart[] {
  const { product, lot, supplier, station, fixture } = facts
  const named = { id: product.id, gtin: found.gtin ?? product.gtin }
  const now = new Date().toISOString()
  const uris = new Set([
    ...(found.uri === null ? [] : [found.uri]),
    ...(found.lot === null ? [] : [lotUri(named, found.lot)]),
    ...(lot === undefined || lot === '' ? [] : [lotUri(product, lot)]),
    // As whoever received it named it, before a part said with which item number.
    ...[found.lot, lot].flatMap((name) => (name ? [lotUri({ id: product.id }, name)] : [])),
    ...(supplier === undefined || supplier === '' ? [] : [supplierUri(supplier)]),
    thingUri('product', product.id),
    thingUri('recipe', facts.recipe),
  ])
  const holders = [
    thingUri('station', station),
    ...(fixture === undefined ? [] : [thingUri('fixture', fixture)]),
  ]
  // What is on them at this moment; just after it is before anything later in RFC 3339 text.
  return [...[...uris].map((uri) => ({ uri })), ...holders.map((uri) => ({ uri, from: now, to: `${now}~` }))]
}

const holdReason = ({ target, reason, by, originLog }: Hold): I18n => ({
  en: `${shortName(target)} is on hold: ${reason} (${by}${originLog === null ? '' : `, ${originLog}`})`,
  zh: `${shortName(target)} 已隔离:${reason}(${by}${originLog === null ? '' : `,${originLog}`})`,
})

const unknown = (error: unknown): I18n => {
  const { message } = asCoded(error, 'TRC_OPEN')
  return {
    en: `Whether the part is on hold cannot be found out: ${message}`,
    zh: `无法确认工件是否被隔离:${message}`,
  }
}
