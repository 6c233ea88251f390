import { type EpcFormat, inFormat } from './epc-format.ts'
import { prefixesOf, type SeenEvent } from './extension-fields.ts'
import { isObject, type JsonObject } from './faults.ts'
import { EPCIS_CONTEXT, EPCIS_NAMESPACES } from './own-context.ts'

export interface AnswerOptions {
  queryName: string
  subscriptionID?: string
  format: EpcFormat
  prefixes: readonly string[]
}

/**
 * Query document of some events. Their contexts are put together at the top; an event whose context would give a name
 * another meaning there, also one that another event uses as it stands, keeps its own.
 */
export function queryDocument(found: readonly SeenEvent[], o: AnswerOptions): JsonObject {
  const contexts = new Set(found.map((seen) => JSON.stringify(seen.context)))
  const [only] = contexts.size === 1 ? found : []
  const context = new MergedContext(
    only?.context ?? null,
    only === undefined ? undeclaredIn(found) : new Set(),
  )
  const eventList = found.map((seen) => answered(seen, context, o))
  return {
    '@context': context.parts(),
    type: 'EPCISQueryDocument',
    schemaVersion: '2.0',
    creationDate: new Date().toISOString(),
    epcisBody: {
      queryResults: {
        ...(o.subscriptionID !== undefined && { subscriptionID: o.subscriptionID }),
        queryName: o.queryName,
        resultsBody: { eventList },
      },
    },
  }
}

function answered(seen: SeenEvent, context: MergedContext, { format, prefixes }: AnswerOptions): JsonObject {
  const event = inFormat(seen.event, format, prefixes)
  // EPCIS 2.0, 7.4.1: the repository says when it recorded the event, whatever the sender put there.
  const recorded = { ...event, recordTime: new Date(seen.recordMs).toISOString() }
  if (seen.context === null || context.take(seen.context)) return recorded
  const parts = [seen.context, event['@context'] ?? []].flat(1)
  // Each context once, as documents must have them.
  const own = [...new Map(parts.map((part) => [JSON.stringify(part), part])).values()]
  return { ...recorded, '@context': own }
}

/** Names, and what stands before a colon in names and values, that the contexts of their events do not declare. */
function undeclaredIn(found: readonly SeenEvent[]): Set<string> {
  const free = new Set<string>()
  for (const seen of found) {
    const declared = prefixesOf(seen)
    const use = (name: string): unknown => declared.has(name) || free.add(name)
    const walk = (value: unknown): void => {
      if (typeof value === 'string' && value.includes(':')) use(value.slice(0, value.indexOf(':')))
      else if (Array.isArray(value)) value.forEach(walk)
      else if (isObject(value))
        for (const [name, inner] of Object.entries(value)) {
          use(name.split(':', 1)[0] ?? name)
          walk(inner)
        }
    }
    walk(seen.event)
  }
  return free
}

/** Contexts of several documents as one, as long as no name means two things. */
class MergedContext {
  readonly #remote: string[] = []
  readonly #terms = new Map<string, string>()
  /** The context that all events share: kept as it is. */
  readonly #whole: unknown
  /** Names that mean nothing beyond themselves where events use them. */
  readonly #free: ReadonlySet<string>

  constructor(whole: unknown, free: ReadonlySet<string>) {
    this.#whole = whole
    this.#free = free
  }

  /** False when the context cannot be added. */
  take(context: unknown): boolean {
    if (this.#whole !== null) return true
    const parts: unknown[] = Array.isArray(context) ? context : [context]
    const remote: string[] = []
    const terms: [string, string][] = []
    for (const part of parts) {
      if (typeof part === 'string') remote.push(isEpcis(part) ? EPCIS_CONTEXT : part)
      else if (isObject(part))
        for (const [name, meaning] of Object.entries(part)) terms.push([name, JSON.stringify(meaning)])
    }
    // A context that is fetched may say anything about the names of others.
    const others = remote.filter((r) => r !== EPCIS_CONTEXT)
    const clash = terms.some(([name, meaning]) => (this.#terms.get(name) ?? meaning) !== meaning)
    const foreign =
      others.some((r) => !this.#remote.includes(r)) && (this.#terms.size > 0 || this.#remote.length > 0)
    // Others may use a prefix of EPCIS without declaring it.
    const special = terms.some(
      ([name]) => name.startsWith('@') || Object.hasOwn(EPCIS_NAMESPACES, name) || this.#free.has(name),
    )
    if (clash || foreign || special || (this.#remote.length > 0 && others.length === 0 && terms.length > 0))
      return false
    for (const r of others) if (!this.#remote.includes(r)) this.#remote.push(r)
    for (const [name, meaning] of terms) this.#terms.set(name, meaning)
    return true
  }

  parts(): unknown {
    if (this.#whole !== null) return this.#whole
    const terms = [...this.#terms].map(([name, meaning]) => ({ [name]: JSON.parse(meaning) as unknown }))
    return [EPCIS_CONTEXT, ...this.#remote, ...terms]
  }
}

const isEpcis = (uri: string): boolean => /\/epcis-context(-root)?\.jsonld$/.test(uri)
