import type { SqlDatabase } from '../../contracts/index.ts'
import { namesEverOf } from '../genealogy/identity-names.ts'
import { ENDED_BY_RETURN } from '../genealogy/returns.ts'
import { eventsAt } from './stated-events.ts'
import { type EdgeRow, LINKING, type StatedEnd, stating } from './stated-links.ts'
import type { TakenBack } from './taken-back.ts'

/** Ending events kept in mind: one may have ended thousands of links. */
const KEPT = 8

interface Ending {
  at: string
  ends: ReadonlySet<string>
}
const NONE: Ending = { at: '', ends: new Set() }
/** Ended at an earlier time, which was told later, or by a return of before. */
const EARLIER = `valid_to < ? and (closed_by > ? or ${ENDED_BY_RETURN})`
/** It began before and is open, or ended later. */
const BEYOND = `valid_from < ? and (valid_to is null or valid_to > ?)`
const endKey = (kind: string, child: string | null, parent: string | null): string =>
  `${kind} ${child ?? ''} ${parent ?? ''}`

/** Holds links that have an end to the events that end something, under all names that a thing ever had, and the other way round. */
export class EndedLinks {
  readonly #db: SqlDatabase
  readonly #takenBack: TakenBack
  readonly #kept = new Map<number, Ending>()

  constructor(db: SqlDatabase, takenBack: TakenBack) {
    this.#db = db
    this.#takenBack = takenBack
  }

  /** When the link ended by the word of the event that is said to have ended it; null = that one says no such thing. */
  endOf({ child, parent, kind, valid_from, closed_by }: EdgeRow): string | null {
    if (closed_by === null) return null
    const { at, ends } = this.#ending(closed_by)
    // Facts and events overtake each other: one may end what another one behind it states, but nothing of later.
    if (ends.size === 0 || at < valid_from) return null
    const parents = [null, ...namesEverOf(this.#db, parent)]
    const named = [null, ...namesEverOf(this.#db, child)].some((c) =>
      parents.some((p) => ends.has(endKey(kind, c, p))),
    )
    return named ? at : null
  }

  /**
   * Whether the event at that position ended something of what it says, or that was taken back since; also where
   * something of before it, told later, ended that, and nothing that it names by that name goes on beyond it.
   */
  ended(end: StatedEnd, position: number): boolean {
    const isThere = (
      names: (uri: string) => string[],
      by: string,
      ...values: (number | string)[]
    ): boolean => {
      const named = (['child', 'parent'] as const).flatMap((name) => {
        const uri = end[name]
        return uri === null ? [] : [{ name, names: JSON.stringify(names(uri)) }]
      })
      return (
        this.#db.get(
          `select 1 as found from edge where kind = ? and ${by}${named
            .map(({ name }) => ` and ${name} in (select value from json_each(?))`)
            .join('')} limit 1`,
          end.kind,
          ...values,
          ...named.map(({ names }) => names),
        ) !== undefined
      )
    }
    const ever = (uri: string): string[] => namesEverOf(this.#db, uri)
    if (isThere(ever, 'closed_by = ?', position) || this.#takenBack.ended(end, position)) return true
    const { at } = this.#ending(position)
    return isThere(ever, EARLIER, at, position) && !isThere((uri) => [uri], BEYOND, at, at)
  }

  #ending(position: number): Ending {
    let ending = this.#kept.get(position)
    if (ending === undefined) {
      if (this.#kept.size >= KEPT) this.#kept.clear()
      this.#kept.set(position, (ending = this.#read(position)))
    }
    return ending
  }

  #read(position: number): Ending {
    if (this.#takenBack.has(position)) return NONE
    const [told] = eventsAt(this.#db, [position])
    if (told === undefined || !LINKING.some((type) => type === told.event.type)) return NONE
    const said = stating(told.event)
    if (said === null) return NONE
    return {
      at: said.at,
      ends: new Set(said.ends.map((e) => endKey(e.kind, e.child, e.parent))),
    }
  }
}
