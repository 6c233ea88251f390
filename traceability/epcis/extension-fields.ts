import { addPrefixes, writtenOut } from './event-hash.ts'
import { bareWord } from './vocabulary.ts'
import { isObject, type JsonObject } from './faults.ts'
import { EPCIS_NAMESPACES } from './own-context.ts'

/** An event as queries look at it. */
export interface SeenEvent {
  event: JsonObject
  /** `@context` of the document it came in. */
  context: unknown
  recordMs: number
}

/** The prefixes that hold where these contexts do, those of EPCIS among them. */
export function prefixesIn(...contexts: unknown[]): Map<string, string> {
  const prefixes = new Map(Object.entries(EPCIS_NAMESPACES))
  for (const context of contexts) addPrefixes(prefixes, context)
  return prefixes
}

/**
 * Attributes of the CBV (section 9) are written with `#` where they come from XML, or with `:`; the GS1 Web Vocabulary
 * has two addresses, as `bareWord` knows.
 */
const oneName = (name: string): string =>
  name
    .replace(/^urn:epcglobal:cbv:mda#/, EPCIS_NAMESPACES['cbvmda'] ?? '')
    .replace(/^https?:\/\/(?:www\.|ref\.)?gs1\.org\/voc[/#]/, EPCIS_NAMESPACES['gs1'] ?? '')

/**
 * The forms in which a query may name the extension field of an event. A name of XML is its namespace, `#` and the local
 * name; namespaces of JSON-LD have a separator at their end that those of XML lack.
 */
function namesOf(name: string, prefixes: ReadonlyMap<string, string>): string[] {
  const colon = name.indexOf(':')
  const namespace = prefixes.get(name.slice(0, colon))
  if (namespace === undefined) return [oneName(name)]
  const local = name.slice(colon + 1)
  const ofXml = `${namespace.replace(/[/:#]$/, '')}#${local}`
  return [name, `${namespace}${local}`, `${namespace}#${local}`, ofXml].map(oneName)
}

/** Compares names of extension fields: as written, or written out by the contexts of event and query. */
export class FieldName {
  readonly #forms: readonly string[]

  constructor(name: string, queryContext: unknown) {
    const prefix = name.slice(0, name.indexOf(':'))
    const declared = new Map<string, string>()
    addPrefixes(declared, queryContext)
    const namespace = declared.get(prefix) ?? EPCIS_NAMESPACES[prefix]
    const local = name.slice(prefix.length + 1)
    const forms = namespace === undefined ? [] : [`${namespace}${local}`]
    if (namespace !== undefined && !/[/:#]$/.test(namespace)) forms.push(`${namespace}#${local}`)
    // What the query itself does not declare means what it means in the event, too.
    if (!declared.has(prefix)) forms.push(name)
    this.#forms = forms.map(oneName)
  }

  is(name: string, prefixes: ReadonlyMap<string, string>): boolean {
    return namesOf(name, prefixes).some((form) => this.#forms.includes(form))
  }
}

export const prefixesOf = ({ event, context }: Pick<SeenEvent, 'event' | 'context'>): Map<string, string> =>
  prefixesIn(context, event['@context'])

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
