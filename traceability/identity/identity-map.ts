import { CodedError, type IdentityChanged } from '../../contracts/index.ts'

/** Which URI a part is looked up under, after the identity changes in the order of the log. */
export class IdentityMap {
  readonly #canonical = new Map<string, string>()

  copy(): IdentityMap {
    const map = new IdentityMap()
    for (const [uri, canonical] of this.#canonical) map.#canonical.set(uri, canonical)
    return map
  }

  /** The URI under which everything of a part is found; the URI itself when nothing was merged. */
  canonical(uri: string): string {
    return this.#canonical.get(uri) ?? uri
  }

  /** Every URI that stands for the same part, the canonical one first. */
  names(uri: string): string[] {
    const canonical = this.canonical(uri)
    return [canonical, ...[...this.#canonical].filter(([, c]) => c === canonical).map(([u]) => u)]
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
      for (const u of change.uris) this.#canonical.delete(u)
      return
    }
    const own = change.uris.filter((u) => this.canonical(u) === target)
    if (own.length > 0) refuse(`parts not yet merged with ${target}`, own)
    for (const u of change.uris) {
      // What was merged with `u` before goes along.
      for (const name of this.names(u)) this.#canonical.set(name, target)
    }
  }
}

function refuse(expected: string, uris: readonly string[]): never {
  throw new CodedError('TRC_IDENTITY', {
    expected,
    actual: uris.join(', '),
    hint: 'look at the identity again and repeat',
  })
}
