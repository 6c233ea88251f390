import type { SqlDatabase, SqlValue } from '../../contracts/index.ts'
import { EpcisError } from '../../contracts/thread.ts'
import { orderOfKeys } from './compare.ts'
import { oneUri } from './epc.ts'
import { FieldName, plain, prefixesOf, type SeenEvent, valuesIn } from './extension-fields.ts'
import type { JsonObject } from './faults.ts'
import { type CompiledQuery, compileQuery } from './query-compile.ts'
import type { MasterDataLookup } from './query-attributes.ts'
import type { QueryParams } from './query-params.ts'
import { elementKey } from './vocabulary.ts'

/** An event as it is answered, with its place. */
export interface FoundEvent extends SeenEvent {
  n: number
}

/** Where the next page begins. */
export interface PageCursor {
  n: number
  /** Value of what the pages are ordered by. */
  key: number | string | null
  /** Events that `eventCountLimit` still allows. */
  left: number | null
}

export interface FoundPage {
  events: FoundEvent[]
  next: PageCursor | null
}

export interface PageAsk {
  params: QueryParams
  perPage: number
  after: PageCursor | null
  /** Only events that became known after the first and not after the second. */
  among?: { afterN: number; upToN: number }
}

type Row = { n: number; event_ms: number; record_ms: number; json: string; context: string }

const CHUNK = 200
/** Longest time one query may search. */
const LIMIT_MS = 10_000
/** Events that are sorted by a field of an extension at once. */
const MAX_SORTED = 20_000

/** Queries over the projection. */
export class EventStore {
  readonly #db: SqlDatabase

  constructor(db: SqlDatabase) {
    this.#db = db
  }

  /** @throws EpcisError QueryParameterException, QueryTooLargeException, QueryTooComplexException */
  page({ params, perPage, after, among }: PageAsk): FoundPage {
    const query = compileQuery(params, this.#masterData())
    const most = after === null ? query.eventCountLimit : after.left
    const wanted = Math.min(perPage, most ?? perPage)
    if (after === null && query.maxEventCount !== null) this.#refuseMore(query, query.maxEventCount)
    const { order } = query
    const found =
      typeof order.by === 'object'
        ? this.#sorted(query, order.by.field, params, after, wanted + 1)
        : this.#search(query, after, wanted + 1, among)
    const events = found.slice(0, wanted)
    const last = events.at(-1)
    const left = most === null ? null : most - events.length
    const more = found.length > wanted && left !== 0
    return { events, next: more && last !== undefined ? { n: last.n, key: last.key, left } : null }
  }

  /** The newest event known; 0 = none. */
  end(): number {
    return this.#db.get<{ n: number | null }>('select max(n) as n from event')?.n ?? 0
  }

  /** The event behind which every one stands that was recorded from a time on, also where the clock was set back; 0 = none. */
  beforeAllSince(recordMs: number): number {
    const first = this.#db.get<{ n: number | null }>(
      'select min(n) as n from event where record_ms >= ?',
      recordMs,
    )
    return typeof first?.n === 'number' ? first.n - 1 : this.end()
  }

  /** Events of the log that could not be read as EPCIS events. */
  skipped(): number {
    return this.#db.get<{ n: number }>('select count(*) as n from skipped')?.n ?? 0
  }

  /** Values of a top-level resource in their order, after one. */
  known(kind: string, after: string, limit: number): string[] {
    return this.#db
      .all<{ value: string }>(
        'select value from known where kind = ? and value > ? order by value limit ?',
        kind,
        after,
        limit,
      )
      .map((r) => r.value)
  }

  /** Whether any event has the value in one of the places. */
  has(kinds: readonly string[], value: string): boolean {
    return kinds.some(
      (kind) =>
        this.#db.get('select 1 as found from term where kind = ? and value = ? limit 1', kind, value) !==
        undefined,
    )
  }

  /** Digits of the company prefixes that EPC URNs have shown. */
  companyPrefixes(): string[] {
    return this.#db.all<{ digits: string }>('select digits from company_prefix').map((r) => r.digits)
  }

  #refuseMore(query: CompiledQuery, most: number): void {
    if (this.#search(query, null, most + 1).length > most)
      throw new EpcisError('QueryTooLargeException', {
        pointer: '/maxEventCount',
        expected: `at most ${most} events`,
        actual: 'more',
      })
  }

  #search(
    query: CompiledQuery,
    after: PageCursor | null,
    limit: number,
    among?: PageAsk['among'],
  ): (FoundEvent & { key: number })[] {
    const { by, descending } = query.order
    const column = by === 'eventTime' ? 'event_ms' : by === 'recordTime' ? 'record_ms' : 'n'
    const [than, direction] = descending ? ['<', 'desc'] : ['>', 'asc']
    const { where, values } = filters(query, among)
    const found: (FoundEvent & { key: number })[] = []
    const until = performance.now() + LIMIT_MS
    let key = typeof after?.key === 'number' ? after.key : null
    let n = after?.n ?? 0
    for (;;) {
      const from = key === null ? [] : [`(${column}, n) ${than} (?, ?)`]
      const rows = this.#db.all<Row>(
        `select n, event_ms, record_ms, json, context from event
         where ${[...where, ...from].join(' and ') || '1'} order by ${column} ${direction}, n ${direction} limit ${CHUNK}`,
        ...values,
        ...(key === null ? [] : [key, n]),
      )
      for (const row of rows) {
        key = row[column]
        n = row.n
        const seen = seenOf(row)
        if (!query.test(seen)) continue
        found.push({ ...seen, n, key })
        if (found.length >= limit) return found
      }
      if (rows.length < CHUNK) return found
      if (performance.now() > until) throw tooComplex()
    }
  }

  #sorted(
    query: CompiledQuery,
    fieldName: string,
    params: QueryParams,
    after: PageCursor | null,
    limit: number,
  ): (FoundEvent & { key: string | number | null })[] {
    const plainOrder: CompiledQuery = { ...query, order: { by: 'n', descending: false } }
    const all = this.#search(plainOrder, null, MAX_SORTED + 1)
    if (all.length > MAX_SORTED) throw tooComplex()
    const field = new FieldName(fieldName, params['@context'])
    const sign = query.order.descending ? -1 : 1
    const keyed = all.map((found) => {
      const value = plain(valuesIn([found.event], field, prefixesOf(found))[0])
      const key = typeof value === 'number' || typeof value === 'string' ? value : null
      return { ...found, key }
    })
    const order = (a: Keyed, b: Keyed): number => byKey(a, b, sign) || sign * (a.n - b.n)
    keyed.sort(order)
    if (after === null) return keyed.slice(0, limit)
    const start = keyed.findIndex((k) => order(k, after) > 0)
    return start < 0 ? [] : keyed.slice(start, start + limit)
  }

  #masterData(): MasterDataLookup {
    const rows = (uri: string): { attributes: string; children: string; context: string }[] =>
      this.#db.all('select attributes, children, context from master where uri = ?', elementKey(uri))
    return {
      attributes: (uri) =>
        rows(uri).flatMap((row) => {
          const context = JSON.parse(row.context) as unknown
          const list = JSON.parse(row.attributes) as { id: string; attribute?: unknown }[]
          return list.map(({ id, attribute }) => ({ id, value: attribute, context }))
        }),
      descendants: (uri) => {
        const found = new Set<string>()
        const open = [oneUri(uri)]
        for (let next = open.pop(); next !== undefined; next = open.pop()) {
          if (found.has(next)) continue
          found.add(next)
          for (const row of rows(next)) open.push(...(JSON.parse(row.children) as string[]).map(oneUri))
        }
        return found
      },
    }
  }
}

const seenOf = (row: Row): SeenEvent => ({
  event: JSON.parse(row.json) as JsonObject,
  context: JSON.parse(row.context) as unknown,
  recordMs: row.record_ms,
})

function filters(query: CompiledQuery, among: PageAsk['among']): { where: string[]; values: SqlValue[] } {
  const where: string[] = []
  const values: SqlValue[] = []
  for (const { kinds, values: wanted } of query.lookups) {
    where.push(
      `n in (select n from term where kind in (${kinds.map(() => '?').join(', ')}) and value in (select value from json_each(?)))`,
    )
    values.push(...kinds, JSON.stringify(wanted))
  }
  const bound = (column: string, op: string, ms: number | null): void => {
    if (ms === null) return
    where.push(`${column} ${op} ?`)
    values.push(ms)
  }
  bound('event_ms', '>=', query.bounds.event[0])
  bound('event_ms', '<', query.bounds.event[1])
  bound('record_ms', '>=', query.bounds.record[0])
  bound('record_ms', '<', query.bounds.record[1])
  if (among !== undefined) {
    bound('n', '>', among.afterN)
    bound('n', '<=', among.upToN)
  }
  return { where, values }
}

interface Keyed {
  n: number
  key: number | string | null
}

/** Events that lack the field come last, whatever the direction: the first ones are what is asked for. */
function byKey({ key: a }: Keyed, { key: b }: Keyed, sign: number): number {
  if (a === null || b === null) return (a === null ? 1 : 0) - (b === null ? 1 : 0)
  return sign * orderOfKeys(a, b)
}

const tooComplex = (): EpcisError =>
  new EpcisError(
    'QueryTooComplexException',
    {
      pointer: '',
      expected: `a query that is answered within ${LIMIT_MS / 1000} s`,
      actual: 'one that takes longer',
    },
    'narrow it by time, EPC, place or business step',
  )
