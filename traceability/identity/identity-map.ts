import type { IdentityChanged } from '../../contracts/index.ts'
import { CodedError } from '../../contracts/thread.ts'
import { canonicalUri } from './canonical-uri.ts'
import { pureIdentityFrom } from './epc/index.ts'
import { GS1_DOMAIN, parseDigitalLink } from './gs1/index.ts'

/** Documents: transformations are called by them, and stand on record by the name that each event gives them. */
const DOCUMENT_URN = 'urn:epc:id:gdti:'
const DOCUMENT_LINK = `${GS1_DOMAIN}/253/`
/** Digits of a company prefix (General Specifications, 1.4.4), which a Digital Link does not tell. */
const PREFIX_DIGITS = [6, 7, 8, 9, 10, 11, 12]

/** A Digital Link of a document's URN; what is none, or a wrong one, stays as it is. */
function linkOf(uri: string): string {
  if (!uri.startsWith(DOCUMENT_URN)) return uri
  try {
    return canonicalUri(uri) ?? uri
  } catch {
    return uri
  }
}

function urnsOf(link: string): string[] {
  if (!link.startsWith(DOCUMENT_LINK)) return []
  try {
    const elements = parseDigitalLink(link) ?? []
    return PREFIX_DIGITS.flatMap((digits) => pureIdentityFrom(elements, digits) ?? [])
  } catch {
    return []
  }
}

/**
 * Which URI a thing is looked up under: a part after the identity changes in the order of the log, and a document under
 * its Digital Link, whichever of the two standard forms an event had.
 */
export class IdentityMap {
  readonly #canonical = new Map<string, string>()
  /** The other names of each that has some. */
  readonly #others = new Map<string, Set<string>>()

  copy(): IdentityMap {
    const map = new IdentityMap()
    for (const [uri, canonical] of this.#canonical) map.#name(uri, canonical)
    return map
  }

  /** No merge is in force: every URI is a thing of its own, but those of a document. */
  get isEmpty(): boolean {
    return this.#canonical.size === 0
  }

  /** The URI under which everything of a part is found; the URI itself when nothing was merged. */
  canonical(uri: string): string {
    const one = linkOf(uri)
    return this.#canonical.get(one) ?? one
  }

  /** Every URI that stands for the same part, the canonical one first. */
  names(uri: string): string[] {
    const canonical = this.canonical(uri)
    return [canonical, ...(this.#others.get(canonical) ?? []), ...urnsOf(canonical)]
  }

  /** Every name of each of them, once. */
  namesOfAll(uris: readonly string[]): readonly string[] {
    return [...new Set(uris.flatMap((uri) => this.names(uri)))]
  }

  /** The things that have several names, with all of them. */
  groups(): string[][] {
    return [...this.#others.keys()].map((canonical) => this.names(canonical))
  }

  /**
   * Checks a change against those before it and applies it; to be asked before the event is emitted.
   *
   * @throws TRC_IDENTITY when a part is merged with itself, or split from one it was not merged with
   */
  apply(change: IdentityChanged): void {
    const target = this.canonical(change.canonical)
    if (change.kind === 'split') {
      const strangers = change.uris.filter((u) => this.#canonical.get(u) !== target)
      if (strangers.length > 0) refuse(`parts merged with ${target}`, strangers)
    } else {
      const own = change.uris.filter((u) => this.canonical(u) === target)
      if (own.length > 0) refuse(`parts not yet merged with ${target}`, own)
    }
    this.take(change)
  }

  /**
   * Applies a change of the log. Each was checked on its line, but in the store of a plant two lines may have said the
   * same: what is so already changes nothing.
   */
  take(change: IdentityChanged): void {
    const target = this.canonical(change.canonical)
    for (const u of change.uris) {
      if (change.kind === 'split') {
        if (this.#canonical.get(u) === target) this.#forget(u)
      } else if (this.canonical(u) !== target)
        // What was merged with `u` before goes along.
        for (const name of this.names(u)) this.#name(name, target)
    }
  }

  #name(uri: string, canonical: string): void {
    this.#forget(uri)
    this.#canonical.set(uri, canonical)
    const others = this.#others.get(canonical)
    if (others === undefined) this.#others.set(canonical, new Set([uri]))
    else others.add(uri)
  }

  #forget(uri: string): void {
    const before = this.#canonical.get(uri)
    if (before === undefined) return
    this.#canonical.delete(uri)
    const others = this.#others.get(before)
    others?.delete(uri)
    if (others?.size === 0) this.#others.delete(before)
  }
}

function refuse(expected: string, uris: readonly string[]): never {
  throw new CodedError('TRC_IDENTITY', {
    expected,
    actual: uris.join(', '),
    hint: 'look at the identity again and repeat',
  })
}
