import { asCoded, type CodedError, type ErrorFact, toFact } from '../../../contracts/index.ts'

/** A record on its way to a resolver outside. */
export interface Registration {
  /** Canonical URI; a later record of the same one replaces it. */
  uri: string
  /** JSON text of the record: linkset or handle record. */
  record: string
  attempts: number
  /** Not before this, ms since 1970. */
  dueAt: number
  error: ErrorFact | null
}

/** Where the queue is kept; must survive a restart. */
export interface RegistrationStore {
  put(registration: Registration): Promise<void>
  /** Due at `now`, or later than `latest`: the clock was put back since. Oldest first. */
  due(now: number, latest: number, limit: number): Promise<Registration[]>
  /** Removes it when its record is still this one. */
  remove(uri: string, record: string): Promise<void>
  size(): Promise<number>
}

export interface RegistrationHealth {
  waiting: number
  sent: number
  failures: number
  error: ErrorFact | null
}

const FIRST_MS = 1_000
/** A resolver that is away over night is asked again every quarter of an hour. */
const LONGEST_MS = 15 * 60_000
const BATCH = 32

/**
 * Registers identities at a resolver outside the plant. Nothing waits for it, and nothing is dropped: what fails is
 * tried again after 1 s, 2 s, 4 s … 15 min. The same record may arrive twice; resolvers replace by URI.
 */
export class RegistrationQueue {
  readonly #store: RegistrationStore
  readonly #send: (uri: string, record: string) => Promise<void>
  readonly #now: () => number
  #sent = 0
  #failures = 0
  #error: CodedError | null = null
  #running: Promise<number> | null = null

  /** @param send rejects when the resolver did not take the record */
  constructor(
    store: RegistrationStore,
    send: (uri: string, record: string) => Promise<void>,
    now: () => number = Date.now,
  ) {
    this.#store = store
    this.#send = send
    this.#now = now
  }

  async register(uri: string, record: object): Promise<void> {
    await this.#store.put({
      uri,
      record: JSON.stringify(record),
      attempts: 0,
      dueAt: this.#now(),
      error: null,
    })
  }

  /** Sends what is due; one run at a time. @returns how many were taken */
  run(): Promise<number> {
    this.#running ??= this.#drain().finally(() => (this.#running = null))
    return this.#running
  }

  async health(): Promise<RegistrationHealth> {
    return {
      waiting: await this.#store.size(),
      sent: this.#sent,
      failures: this.#failures,
      error: this.#error && toFact(this.#error),
    }
  }

  async #drain(): Promise<number> {
    let taken = 0
    for (;;) {
      const now = this.#now()
      const batch = await this.#store.due(now, now + LONGEST_MS, BATCH)
      if (batch.length === 0) return taken
      for (const entry of batch) {
        try {
          await this.#send(entry.uri, entry.record)
        } catch (e) {
          this.#failures += 1
          this.#error = asCoded(e, 'TRC_WRITE', { path: entry.uri })
          const waitMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(entry.attempts, 20))
          const dueAt = this.#now() + waitMs
          await this.#store.put({ ...entry, attempts: entry.attempts + 1, dueAt, error: toFact(this.#error) })
          // A resolver that is away refuses the rest of the batch, too.
          return taken
        }
        await this.#store.remove(entry.uri, entry.record)
        this.#sent += 1
        this.#error = null
        taken += 1
      }
    }
  }
}
