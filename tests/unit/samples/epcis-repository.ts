import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EpcisError } from '../../../contracts/index.ts'
import {
  EpcisService,
  openPartStore,
  openTraceQuery,
  type TraceQuery,
  type TraceStore,
} from '../../../traceability/index.ts'
import { epcisDocument, type Json } from './epcis-documents.ts'

type Retry = { attempts?: number; firstRetryMs?: number; maxRetryMs?: number }

/** A repository on a directory of its own, which may be closed and opened again. */
export class Repository {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'sightline-epcis-'))
  readonly alarms: string[] = []
  readonly #retry: Retry
  store!: TraceStore
  epcis!: EpcisService

  private constructor(retry: Retry) {
    this.#retry = retry
  }

  static async open(retry: Retry = {}): Promise<Repository> {
    const repository = new Repository(retry)
    await repository.reopen()
    return repository
  }

  async reopen(): Promise<void> {
    this.store = await openPartStore({ dataDir: this.dataDir, spoolAfterMs: 20_000 })
    this.epcis = new EpcisService({
      dataDir: this.dataDir,
      store: this.store,
      source: { plant: 'p1', line: 'caps-a' },
      onAlarm: (text) => this.alarms.push(text),
      retry: this.#retry,
    })
    await this.epcis.start()
  }

  async close(): Promise<void> {
    await this.epcis.close()
    await this.store.close()
  }

  async remove(): Promise<void> {
    await this.close()
    rmSync(this.dataDir, { recursive: true, force: true })
  }

  /** What the store answers beside the interface. */
  asked<T>(read: (query: TraceQuery) => T): T {
    const query = openTraceQuery(this.dataDir)
    try {
      return read(query)
    } finally {
      query.close()
    }
  }

  capture(events: readonly Json[], behaviour: 'rollback' | 'proceed' = 'rollback') {
    return this.epcis.capture.document(JSON.stringify(epcisDocument(events)), behaviour)
  }

  /** Events that meet the parameters, as they are answered. */
  async found(values: Record<string, string[]> = {}): Promise<Json[]> {
    const { items } = await this.epcis.events({ values }, { perPage: 1_000, token: null }, 'Never_Translates')
    return eventsOf(JSON.parse(items) as Json)
  }
}

export const eventsOf = (document: Json): Json[] => {
  const body = document['epcisBody'] as { queryResults: { resultsBody: { eventList: Json[] } } }
  return body.queryResults.resultsBody.eventList
}

/** What an EpcisError is about. */
export async function refusal(work: Promise<unknown>): Promise<{ exception: string; pointers: string[] }> {
  try {
    await work
  } catch (error) {
    if (error instanceof EpcisError)
      return { exception: error.exception, pointers: error.faults.map((f) => f.pointer) }
    throw error
  }
  throw new Error('nothing was refused')
}
