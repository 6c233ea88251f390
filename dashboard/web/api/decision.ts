import { lineNow } from '../look/line-clock.ts'
import { ApiError, newId } from './client.ts'

/** What makes a fact the same one, however often it is sent. */
export interface FactId {
  id: string
  /** RFC 3339, by the clock of the line. */
  at: string
}

/** Whether it may have been done although its answer is an error: none came, or the server did not get to the end. */
export const unsure = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 0 || error.status >= 500)

/** A screen that slept meanwhile sends nothing that was said long ago. */
const LATEST_MS = 20_000

const now = (): string => new Date(lineNow()).toISOString()

/**
 * One decision of a person, and the facts that it is recorded as. Each keeps its id when the decision is sent again
 * because an answer was lost, or because a later fact of it was refused: the server records none of them twice.
 */
export class Decision {
  readonly #facts = new Map<string, FactId & { unsure: boolean }>()
  readonly #pausesMs: readonly number[]

  /** @param pausesMs after these it is sent anew by itself, each time that its answer was lost */
  constructor(pausesMs: readonly number[] = []) {
    this.#pausesMs = pausesMs
  }

  /**
   * Sends one fact of the decision.
   *
   * @param name of the fact within the decision
   */
  async state<T>(name: string, send: (fact: FactId) => Promise<T>): Promise<T> {
    const fact = this.#facts.get(name) ?? { id: newId(), at: now(), unsure: false }
    this.#facts.set(name, fact)
    const beganMs = Date.now()
    for (let tries = 0; ; tries++) {
      try {
        return await send({ id: fact.id, at: fact.at })
      } catch (error) {
        const lost = unsure(error)
        if (lost) fact.unsure = true
        // Refused, and never on its way before: nothing has this id, and what is said next is said later.
        else if (!fact.unsure) this.#facts.delete(name)
        const pauseMs = lost ? this.#pausesMs[tries] : undefined
        if (pauseMs === undefined) throw error
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
        if (Date.now() - beganMs > LATEST_MS) throw error
      }
    }
  }
}
