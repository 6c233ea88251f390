import type { SqlDatabase } from '../../contracts/index.ts'
import type { IdentityMap } from '../identity/index.ts'
import { ORIGIN_KINDS } from './cycle-guard.ts'
import { columnsOf } from './json-rows.ts'
import { END } from './no-end.ts'
import { isHolder } from './things.ts'

interface Link {
  /** Number of the thing it leads to. */
  thing: number
  since: string
  until: string
  /** Of the event that states it. */
  position: number
}
interface LinkColumns {
  at: number[]
  uri: string[]
  since: string[]
  until: (string | null)[]
  position: number[]
}

/** Generations that count as a cause; real products have fewer. */
const MAX_DEPTH = 16
/** Things whose links are asked for by one statement. */
const CHUNK = 5_000
/** Links read at most: some 150 MB of memory. */
const MAX_LINKS = 1_000_000

const LINKS = `select json_group_array(at) as at, json_group_array(uri) as uri, json_group_array(since) as since,
    json_group_array(until) as until, json_group_array(position) as position from (select v.key as at, e.parent as uri, e.valid_from as since, e.valid_to as until, e.position
     from json_each(?1) v cross join edge e on e.child = v.value
       and e.kind in (${ORIGIN_KINDS.map((k) => `'${k}'`).join(', ')}) limit ?2)`

/**
 * What things are made of and what they lay in, with the windows of `flow.ts`, for many units at once: what is shared by
 * them (lots, fixtures, oven runs) is read and followed once. Probable links count like certain ones.
 */
export class MetThings {
  /** URI of each thing, by its number; canonical. */
  readonly uris: string[] = []
  /** More links than are read, or a way longer than is followed. */
  cut = false
  readonly #db: SqlDatabase
  readonly #merged: IdentityMap
  readonly #numbers = new Map<string, number>()
  readonly #links: (readonly Link[] | undefined)[] = []
  readonly #holds: boolean[] = []
  readonly #within = new Map<number, readonly number[]>()
  #read = 0

  constructor(db: SqlDatabase, merged: IdentityMap) {
    this.#db = db
    this.#merged = merged
  }

  /** Reads the links of these things and of all that they lead to. */
  load(uris: Iterable<string>): void {
    let asked = [...new Set([...uris].map((uri) => this.number(uri)))]
    while (asked.length > 0 && !this.cut) {
      const before = this.uris.length
      for (let i = 0; i < asked.length && !this.cut; i += CHUNK) this.#ask(asked.slice(i, i + CHUNK))
      asked = this.uris.slice(before).map((_, i) => before + i)
    }
  }

  number(name: string): number {
    const uri = this.#merged.canonical(name)
    let number = this.#numbers.get(uri)
    if (number === undefined) {
      number = this.uris.push(uri) - 1
      this.#numbers.set(uri, number)
      this.#holds.push(isHolder(uri))
    }
    return number
  }

  #ask(things: readonly number[]): void {
    const names = things.flatMap((thing) =>
      this.#merged.names(this.uris[thing] ?? '').map((name) => ({ name, thing })),
    )
    const left = MAX_LINKS - this.#read
    const links = columnsOf<LinkColumns>(this.#db.get(LINKS, JSON.stringify(names.map((n) => n.name)), left))
    this.#read += links.at.length
    this.cut ||= links.at.length >= left
    const found = new Map<number, Link[]>()
    for (const [n, at] of links.at.entries()) {
      const thing = names[at]?.thing ?? -1
      const own = found.get(thing) ?? []
      own.push({
        thing: this.number(links.uri[n] ?? ''),
        since: links.since[n] ?? '',
        until: links.until[n] ?? END,
        position: links.position[n] ?? 0,
      })
      found.set(thing, own)
    }
    for (const [thing, own] of found) this.#links[thing] = own
  }

  /**
   * Everything that a unit had met when it was judged.
   *
   * @param judged  when, and the position of its inspection
   * @param visits  its judgements up to then: what the stations were loaded with then
   * @param take    called with the number of each thing, some more than once
   * @returns links that began only after the judgement: they cannot be its cause; where it lay later is not counted
   */
  of(
    unit: number,
    judged: { at: string; position: number },
    visits: readonly { station: number; at: string }[],
    take: (thing: number) => void,
  ): number {
    let later = 0
    for (const link of this.#links[unit] ?? []) {
      if (link.since > judged.at && link.position > judged.position) {
        if (this.#holds[link.thing] !== true) later += 1
      } else this.#reach(link.thing, link.since, least(link.until, judged.at), take, 0)
    }
    // Just after it began is before anything later in RFC 3339 text.
    for (const { station, at } of visits)
      for (const link of this.#links[station] ?? [])
        if (link.since <= at && link.until > at) this.#reach(link.thing, at, `${at}~`, take, 0)
    return later
  }

  #reach(thing: number, from: string, to: string, take: (thing: number) => void, depth: number): void {
    if (this.#holds[thing] !== true) {
      for (const within of this.#made(thing, depth)) take(within)
      return
    }
    take(thing)
    for (const link of this.#linksAt(thing, depth))
      if (link.since <= to && link.until > from)
        this.#reach(link.thing, link.since > from ? link.since : from, least(link.until, to), take, depth + 1)
  }

  /** What went into a thing stays there, whenever: found once. Itself is among it. */
  #made(thing: number, depth: number): readonly number[] {
    const known = this.#within.get(thing)
    if (known !== undefined) return known
    const links = this.#linksAt(thing, depth)
    // Not for good: from nearer there may be more.
    if (links.length === 0) return [thing]
    const found = new Set([thing])
    for (const link of links)
      this.#reach(link.thing, link.since, link.until, (within) => found.add(within), depth + 1)
    const list = [...found]
    this.#within.set(thing, list)
    return list
  }

  /** Links that are followed; none that far, which is said. */
  #linksAt(thing: number, depth: number): readonly Link[] {
    const links = this.#links[thing] ?? []
    if (depth < MAX_DEPTH || links.length === 0) return links
    this.cut = true
    return []
  }
}

const least = (a: string, b: string): string => (a < b ? a : b)
