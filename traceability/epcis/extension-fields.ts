import { addPrefixes, writtenOut } from './event-hash.ts'
import { bareWord } from './vocabulary.ts'
import { isObject, type JsonObject } from './faults.ts'

/** An event as queries look at it. */
export interface SeenEvent {
  event: JsonObject
  /** `@context` of the document it came in. */
  context: unknown
  recordMs: number
}

/** The forms in which a query may name the extension field of an event. */
function namesOf(name: string, prefixes: ReadonlyMap<string, string>): string[] {
  const colon = name.indexOf(':')
  const namespace = prefixes.get(name.slice(0, colon))
  const local = name.slice(colon + 1)
  return namespace === undefined ? [name] : [name, `${namespace}${local}`, `${namespace}#${local}`]
}

/** Compares names of extension fields: as written, or written out by the contexts of event and query. */
export class FieldName {
  readonly #name: string
  readonly #iri: string | null

  constructor(name: string, queryContext: unknown) {
    const prefixes = new Map<string, string>()
    addPrefixes(prefixes, queryContext)
    const namespace = prefixes.get(name.slice(0, name.indexOf(':')))
    this.#name = name
    this.#iri = namespace === undefined ? null : `${namespace}${name.slice(name.indexOf(':') + 1)}`
  }

  is(name: string, prefixes: ReadonlyMap<string, string>): boolean {
    if (this.#iri === null) return namesOf(name, prefixes).includes(this.#name)
    return namesOf(name, prefixes).includes(this.#iri)
  }
}

export function prefixesOf({ event, context }: Pick<SeenEvent, 'event' | 'context'>): Map<string, string> {
  const prefixes = new Map<string, string>()
  addPrefixes(prefixes, context)
  addPrefixes(prefixes, event['@context'])
  return prefixes
}

/** A word of a vocabulary as it stands, and last as a bare word or URI if its prefix is declared. */
export const wordForms = (word: string, seen: Pick<SeenEvent, 'event' | 'context'>): string[] =>
  word.includes(':') ? [bareWord(word), bareWord(writtenOut(word, prefixesOf(seen)))] : [word]

/** Values of a field that stands directly in one of the objects. */
export const valuesIn = (
  objects: readonly unknown[],
  field: FieldName,
  prefixes: ReadonlyMap<string, string>,
): unknown[] =>
  objects.filter(isObject).flatMap((o) =>
    Object.entries(o)
      .filter(([key]) => key.includes(':') && field.is(key, prefixes))
      .flatMap(([, value]) => (Array.isArray(value) ? value : [value])),
  )

/** Values of a field anywhere inside the extensions of the objects, but not directly in them (`INNER`). */
export function innerValues(
  objects: readonly unknown[],
  field: FieldName,
  prefixes: ReadonlyMap<string, string>,
): unknown[] {
  const found: unknown[] = []
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(walk)
    if (!isObject(value)) return
    found.push(...valuesIn([value], field, prefixes))
    Object.values(value).forEach(walk)
  }
  for (const o of objects)
    if (isObject(o)) for (const [key, value] of Object.entries(o)) if (key.includes(':')) walk(value)
  return found
}

/** Text of a JSON-LD value: `{ "@value": … }` and `{ "id": … }` stand for what is in them. */
export const plain = (value: unknown): unknown =>
  isObject(value) ? (value['@value'] ?? value['@id'] ?? value['id'] ?? value) : value
