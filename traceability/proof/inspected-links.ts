import type { SqlDatabase } from '../../contracts/index.ts'
import { TOO_MANY } from './match-query.ts'

/** What a piece of the log needs for the check of its links (`link-check.ts`). */
export interface InspectedLinksResult {
  /** Links that were made by an inspection that states them. */
  made: number
  /** Inspections whose links are not simply those that they state. */
  odd: number[]
  /** Members of `genealogy.lots` as they were stated, one character per byte, and the first event that did so. */
  lots: [text: string, position: number][]
}

const LOTS = '"genealogy":{"lots":['
const LOT = '{"lot":"'
/** A quote inside a string is escaped: it stands there as the name of a member, and behind the lots. */
const FIXTURE = '"fixture":'

/**
 * Looks whether the links unit → lot of inspections are there as their events state them. Runs over every inspection, so
 * that it compares texts; what is not plain is looked at by itself later.
 */
export class InspectedLinks {
  readonly #lots = new Map<string, number>()
  readonly #odd: number[] = []
  #made = 0
  /** Of the row before, whose part mostly came from the same lots. */
  #before = { lots: '', links: '', made: 0 as number | null }

  /**
   * @param json  text of the event, one character per byte
   * @param links of its unit, as `LINKS` of `match-query.ts` writes them
   */
  row(position: number, json: string, links: string): void {
    const start = json.indexOf(LOTS)
    const lots = start < 0 ? '' : json.slice(start + LOTS.length, json.indexOf(']', start))
    if (lots !== this.#before.lots || links !== this.#before.links) {
      this.#before = { lots, links, made: plain(lots, links) }
      if (lots !== '' && !this.#lots.has(lots)) this.#lots.set(lots, position)
    }
    // The link to the fixture has an end, and is looked at by itself.
    if (this.#before.made === null || json.includes(FIXTURE, start)) this.#odd.push(position)
    else this.#made += this.#before.made
  }

  /** Has to be looked at, whatever its links. */
  look(position: number): void {
    this.#odd.push(position)
  }

  result(): InspectedLinksResult {
    return { made: this.#made, odd: this.#odd, lots: [...this.#lots] }
  }
}

/** How many links the inspection made, each to a lot that it states, and all of those are linked; null = otherwise. */
function plain(lots: string, links: string): number | null {
  if (links === TOO_MANY) return null
  let [linked, made, before] = [0, 0, '']
  // Links to the same lot stand side by side.
  for (const link of links === '' ? [] : links.split(' ')) {
    const parent = link.slice(1)
    const named = lots.includes(`${LOT}${parent}"`)
    if (named && parent !== before) linked++
    before = parent
    if (link.startsWith('0')) continue
    if (!named || link.startsWith('2')) return null
    made++
  }
  return linked === lots.split(LOT).length - 1 ? made : null
}

/** For a piece of the log; null in a store of before version 3, whose links have no ends. */
export const inspectedLinks = (db: SqlDatabase): InspectedLinks | null =>
  db.get(`select 1 as found from sqlite_master where name = 'trace_fact'`) === undefined
    ? null
    : new InspectedLinks()
