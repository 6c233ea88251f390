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
}
