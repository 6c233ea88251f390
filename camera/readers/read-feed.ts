import {
  type CodedError,
  type IdentityItem,
  type IdentityRead,
  type IdentitySourceHealth,
  monoMs,
  toFact,
} from '../../contracts/index.ts'

/** What a device sends in place of something else. */
interface SentAs {
  /** When it read nothing; absent = it sends nothing then. */
  noRead?: string | undefined
  /** For FNC1; absent = FNC1 (1D hex). */
  fnc1?: string | undefined
}

/** What every source of reads does with what it got: hands it on and counts. */
export class ReadFeed {
  readonly #source: string
  readonly #sent: SentAs
  #listener: ((item: IdentityItem) => void) | null = null
  #health: IdentitySourceHealth = { state: 'closed', reads: 0, refused: 0, connects: 0, error: null }

  constructor(source: string, sent: SentAs = {}) {
    this.#source = source
    this.#sent = sent
  }

  get health(): IdentitySourceHealth {
    return { ...this.#health }
  }

  open(listener: (item: IdentityItem) => void): void {
    this.#listener = listener
    this.#health.state = 'connecting'
  }

  connected(): void {
    this.#health = { ...this.#health, state: 'running', connects: this.#health.connects + 1, error: null }
  }

  read(read: Pick<IdentityRead, 'text'> & Partial<Omit<IdentityRead, 'source'>>): void {
    this.#health.reads += 1
    this.#listener?.({
      kind: 'read',
      read: {
        symbologyId: '',
        atMs: monoMs(),
        antenna: null,
        rssiDbm: null,
        count: 1,
        trigger: null,
        position: null,
        ...read,
        text: this.#text(read.text),
        source: this.#source,
      },
    })
  }

  #text(text: string): string {
    const { noRead, fnc1 } = this.#sent
    if (text === noRead) return ''
    return fnc1 === undefined ? text : text.replaceAll(fnc1, '\u001d')
  }

  /**
   * A message that is no read. It is told, because a lost code is a part without a name.
   *
   * @param again the same was told before, and this one is counted alone
   */
  refused(error: CodedError, again = false): void {
    this.#health.refused += 1
    if (again) return
    this.#listener?.({ kind: 'fault', error: toFact(error) })
  }

  /** The connection is gone. Told once per outage. */
  lost(error: CodedError): void {
    if (this.#listener === null) return
    const first = this.#health.error === null
    this.#health = { ...this.#health, state: 'connecting', error: toFact(error) }
    if (first) this.#listener({ kind: 'fault', error: toFact(error) })
  }

  close(): void {
    this.#listener = null
    this.#health.state = 'closed'
  }
}
