import { EpcisError } from '../../contracts/thread.ts'
import { type AnswerOptions, queryDocument } from './answer-document.ts'
import type { EventStore, PageAsk, PageCursor } from './event-store.ts'

/** A query document as text, with what the asker needs to go on. */
export interface AnsweredText {
  body: string
  count: number
  /** Place of the last event in the document; 0 = none. */
  lastN: number
  next: PageCursor | null
}

/** Query documents, made where the events are: the main thread only passes text on. */
export class Answers {
  readonly #events: EventStore

  constructor(events: EventStore) {
    this.#events = events
  }

  /** @throws EpcisError QueryParameterException, QueryTooLargeException, QueryTooComplexException, NotAcceptableException */
  document(ask: PageAsk, options: Omit<AnswerOptions, 'prefixes'>): AnsweredText {
    const { events, next } = this.#events.page(ask)
    const prefixes = options.format === 'Always_EPC_URN' ? this.#events.companyPrefixes() : []
    const body = JSON.stringify(queryDocument(events, { ...options, prefixes }))
    return { body, count: events.length, lastN: events.at(-1)?.n ?? 0, next }
  }

  /**
   * The same for a subscriber, who must not wait for ever behind an event that cannot be written as asked for: what
   * stands before it, or else that event alone, with the reason.
   */
  report(
    ask: PageAsk,
    options: Omit<AnswerOptions, 'prefixes'>,
  ): AnsweredText & { unwritable: string | null } {
    try {
      return { ...this.document(ask, options), unwritable: null }
    } catch (error) {
      if (!(error instanceof EpcisError) || error.exception !== 'NotAcceptableException') throw error
      if (ask.perPage > 1) return this.report({ ...ask, perPage: Math.floor(ask.perPage / 2) }, options)
      const { events, next } = this.#events.page(ask)
      return { body: '', count: events.length, lastN: events.at(-1)?.n ?? 0, next, unwritable: error.message }
    }
  }
}
