import type { QEvent, SqlDatabase } from '../../contracts/index.ts'
import { namesEverOf } from '../genealogy/identity-names.ts'
import { INSPECTION } from './match-query.ts'
import { type Data, eventsAt } from './stated-events.ts'
import { LINKING, type StatedEnd, type StatedLink, stating, takenBackBy } from './stated-links.ts'

type Ends = Pick<StatedLink, 'child' | 'parent' | 'kind'>
interface Gone extends Ends {
  /** Of the event that stated it, and of the one that took that back. */
  position: number
  by: number
}

/** What a link joins, and how. */
export const keyOf = ({ child, parent, kind }: Ends): string => `${child} ${parent} ${kind}`

/** The events that later ones took back, and what they had said. */
export class TakenBack {
  readonly #db: SqlDatabase
  /** Position of the one that took it back, by that of the event. */
  readonly #by = new Map<number, number>()
  readonly #keys = new Set<string>()
  /** By each of their ends. */
  readonly #gone = new Map<string, Gone[]>()

  /** @param linking positions of the events that make links, and of those that take back */
  constructor(db: SqlDatabase, linking: readonly number[]) {
    this.#db = db
    for (const { position, event } of eventsAt(db, linking)) {
      const corrected = this.#corrected(event)
      // A declaration of an error takes back what was there when it came.
      if (corrected === undefined || corrected >= position) continue
      this.#by.set(corrected, position)
    }
    for (const { position, event } of eventsAt(db, [...this.#by.keys()])) this.#take(position, event)
  }

  has(position: number): boolean {
    return this.#by.has(position)
  }

  /** Inspections make no link where there is one; other events none where one of the same beginning is. */
  said(link: StatedLink, inspected: boolean): boolean {
    if (this.#keys.has(inspected ? keyOf(link) : `${keyOf(link)} ${link.from}`)) return true
    // Customer and order go with the last thing in a shipment that was taken back.
    return (link.kind === 'deliver' || link.kind === 'order') && this.#keys.has(`${link.child} ship`)
  }

  /** A link of that thing, under any of its names, was taken back. */
  names(uri: string): boolean {
    return namesEverOf(this.#db, uri).some((name) =>
      ['associate', 'transform', 'aggregate', 'ship'].some((kind) => this.#gone.has(`${kind} ${name}`)),
    )
  }

  /** What the event at that position ended may have been taken back since. */
  ended({ child, parent, kind }: StatedEnd, position: number): boolean {
    const [parents, uri] = [parent === null ? null : namesEverOf(this.#db, parent), child ?? parent ?? '']
    return namesEverOf(this.#db, uri).some((name) =>
      this.#gone
        .get(`${kind} ${name}`)
        ?.some(
          (gone) =>
            gone.position < position &&
            position < gone.by &&
            (child === null || gone.child === name) &&
            (parents === null || parents.includes(gone.parent)),
        ),
    )
  }

  #take(position: number, event: QEvent<Data>): void {
    if (!LINKING.some((type) => type === event.type)) return
    const { links, perhaps } = stating(event) ?? { links: [], perhaps: [] }
    const by = this.#by.get(position) ?? position
    for (const link of links) {
      const { child, parent, kind } = link
      this.#keys.add(keyOf(link)).add(`${keyOf(link)} ${link.from}`)
      if (kind === 'ship') this.#keys.add(`${parent} ship`)
      for (const end of [child, parent]) {
        const others = this.#gone.get(`${kind} ${end}`) ?? []
        others.push({ child, parent, kind, position, by })
        this.#gone.set(`${kind} ${end}`, others)
      }
    }
    for (const { child, parent } of perhaps)
      if (parent !== null) this.#keys.add(keyOf({ child, parent, kind: 'associate' }))
  }

  #corrected(event: QEvent<Data>): number | undefined {
    const corrected = takenBackBy(event)
    if (corrected === null) return undefined
    if ('fact' in corrected)
      return this.#db.get<{ position: number }>(
        'select position from trace_fact where id = ?',
        corrected.fact,
      )?.position
    return this.#db.get<{ position: number }>(
      `select position from event where id = ? and source = ? and type <> '${INSPECTION}'`,
      corrected.id,
      corrected.source,
    )?.position
  }
}
