import { at, type Faults, isObject, type JsonObject } from './faults.ts'
import { writtenOut } from './event-hash.ts'
import { EPCIS_NAMESPACES } from './own-context.ts'
import { isIri, isName, isUri } from './uri.ts'

/** Where the context of EPCIS 2.0 is published, in its versions and former places. */
const EPCIS_CONTEXT = /^https?:\/\/[^?#]+\/epcis-context(?:-root)?\.jsonld$/

/** What a JSON-LD context declares, as far as it can be known without fetching anything. */
export class Namespaces {
  readonly #prefixes: ReadonlyMap<string, string>
  /** A further context is named by its address: it may declare anything. */
  readonly #open: boolean

  private constructor(prefixes: ReadonlyMap<string, string>, open: boolean) {
    this.#prefixes = prefixes
    this.#open = open
  }

  static readonly own = new Namespaces(new Map(Object.entries(EPCIS_NAMESPACES)), false)

  /**
   * What holds inside an object that has this `@context`, on top of what holds around it.
   *
   * @param required whether the context of EPCIS must be among it
   */
  within(context: unknown, pointer: string, faults: Faults, required: boolean): Namespaces {
    if (context === undefined) {
      if (required) faults.add(pointer, 'an @context', undefined)
      return this
    }
    const prefixes = new Map(this.#prefixes)
    let open = this.#open
    let epcis = false
    const parts: unknown[] = Array.isArray(context) ? context : [context]
    for (const [i, part] of parts.entries()) {
      const here = Array.isArray(context) ? at(pointer, i) : pointer
      if (typeof part === 'string') {
        if (!isUri(part)) faults.add(here, 'the URI of a context', part)
        else if (EPCIS_CONTEXT.test(part)) epcis = true
        else open = true
      } else if (isObject(part)) this.#declared(part, here, prefixes, faults)
      else faults.add(here, 'the URI of a context, or an object of prefixes', part)
    }
    if (Array.isArray(context) && new Set(parts.map((p) => JSON.stringify(p))).size < parts.length)
      faults.add(pointer, 'each context once', context)
    if (required && !epcis)
      faults.add(pointer, 'the context of EPCIS (…/epcis-context.jsonld) among the contexts', context)
    return new Namespaces(prefixes, open)
  }

  #declared(part: JsonObject, pointer: string, prefixes: Map<string, string>, faults: Faults): void {
    for (const [name, meaning] of Object.entries(part)) {
      if (name.startsWith('@') || name.includes(':')) continue
      const iri = isObject(meaning) ? meaning['@id'] : meaning
      // A namespace may end in a colon: names are put behind it.
      if (typeof iri === 'string' && isIri(`${iri}x`)) prefixes.set(name, iri)
      else if (!isObject(meaning) && meaning !== null)
        faults.add(at(pointer, name), 'the URI or IRI of a namespace', meaning)
    }
  }

  /** Whether a name is an extension: `prefix:name` of a declared prefix, or the whole URI. */
  holds(name: string): boolean {
    if (!isName(name)) return false
    const prefix = name.slice(0, name.indexOf(':'))
    if (this.#prefixes.has(prefix)) return name.length > prefix.length + 1
    return this.#open || /^(https?:\/\/|urn:)./.test(name)
  }

  /** A name with the namespace of its prefix. */
  writtenOut(name: string): string {
    return writtenOut(name, this.#prefixes)
  }
}

/** Names inside extensions: what looks like a prefixed name must have its prefix declared, too. */
export function checkExtension(value: unknown, pointer: string, names: Namespaces, faults: Faults): void {
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) checkExtension(item, at(pointer, i), names, faults)
    return
  }
  if (!isObject(value)) return
  const inner = names.within(value['@context'], at(pointer, '@context'), faults, false)
  for (const [key, item] of Object.entries(value)) {
    if (key === '@context') continue
    const here = at(pointer, key)
    if (key.includes(':') && !inner.holds(key)) faults.add(here, 'a prefix that the @context declares', key)
    checkExtension(item, here, inner, faults)
  }
}
