import type { IdentityMap } from '../identity/index.ts'

/** Units by their place in a list, a list for each column. */
export interface Units {
  place: number[]
  serial: string[]
  product: string[]
  lot: (string | null)[]
  /** Of the inspection. */
  position: (number | null)[]
  station: (string | null)[]
  judged: (string | null)[]
  disposition: (string | null)[]
  /** Places of those that are in use. */
  used: number[]
}

/** Every name of each thing, and which thing it is of. */
export function withNames(
  uris: readonly string[],
  merged: IdentityMap,
): { names: string[]; thing: number[] } {
  const names: string[] = []
  const thing: number[] = []
  for (const [at, uri] of uris.entries())
    for (const name of merged.names(uri)) {
      names.push(name)
      thing.push(at)
    }
  return { names, thing }
}

/**
 * What is known under the names of one thing as one row: what it is by its canonical name where that one is on record,
 * what became of it by its last inspection, under whichever name, in the order of the log.
 *
 * @param thing of each name, which thing it is of
 */
export function unitsTogether(units: Units, thing: readonly number[]): Units {
  const ofThing = new Map<number, { first: number; last: number }>()
  const at = (row: number): number => units.place[row] ?? 0
  const position = (row: number): number => units.position[row] ?? 0
  for (const [row, place] of units.place.entries()) {
    const of = thing[place] ?? place
    const before = ofThing.get(of)
    if (before === undefined) ofThing.set(of, { first: row, last: row })
    else {
      if (place < at(before.first)) before.first = row
      if (position(row) > position(before.last)) before.last = row
    }
  }
  const rows = [...ofThing.values()]
  return {
    place: [...ofThing.keys()],
    serial: rows.map(({ first }) => units.serial[first] ?? ''),
    product: rows.map(({ first }) => units.product[first] ?? ''),
    lot: rows.map(({ first }) => units.lot[first] ?? null),
    position: rows.map(({ last }) => units.position[last] ?? null),
    station: rows.map(({ last }) => units.station[last] ?? null),
    judged: rows.map(({ last }) => units.judged[last] ?? null),
    disposition: rows.map(({ last }) => units.disposition[last] ?? null),
    used: units.used.map((place) => thing[place] ?? place),
  }
}

/**
 * Links outwards by canonical names, at both ends, in the order in which they began: kind and URI, a line each.
 *
 * @param rows of each name its links: kind, URI and begin, a line each
 */
export function linksTogether(
  rows: readonly (readonly [uri: string, out: string | null])[],
  merged: IdentityMap,
): Map<string, string> {
  const links = new Map<string, { since: string; text: string }[]>()
  for (const [name, out] of rows) {
    const uri = merged.canonical(name)
    const own = links.get(uri) ?? []
    const lines = out === null || out === '' ? [] : out.split('\n')
    for (let n = 0; n + 2 < lines.length; n += 3)
      own.push({ since: lines[n + 2] ?? '', text: `${lines[n]}\n${merged.canonical(lines[n + 1] ?? '')}` })
    links.set(uri, own)
  }
  return new Map([...links].map(([uri, own]) => [uri, inOrder(own)]))
}

/** Of those that began together the greatest URI is the last. */
const inOrder = (links: { since: string; text: string }[]): string =>
  links
    .sort((a, b) => (a.since < b.since || (a.since === b.since && a.text < b.text) ? -1 : 1))
    .map((l) => l.text)
    .join('\n')
