import { isDeepStrictEqual } from 'node:util'
import { type CodedError, EpcisError } from '../../contracts/index.ts'
import { Capture, type CaptureStore } from './capture.ts'
import type { EpcFormat } from './epc-format.ts'
import { oneUri } from './epc.ts'
import { EpcisThread } from './epcis-thread.ts'
import type { PageCursor } from './event-store.ts'
import { isObject, shown } from './faults.ts'
import { type NextPage, PageTokens } from './page-token.ts'
import { checkName, compileQuery } from './query-compile.ts'
import { paramsOfJson, paramsOfUrl, type QueryParams, refuseParameter } from './query-params.ts'
import { KEPT, type Resource } from './resources.ts'
import type { CaptureJob, DeadDelivery, NamedQuery, Subscription } from './state.ts'
import { type Controls, readControls, Subscriptions, type SubscriptionsOptions } from './subscriptions.ts'
import { bareWord } from './vocabulary.ts'
import { TargetRules } from './webhook-target.ts'

export interface EpcisOptions {
  dataDir: string
  store: CaptureStore & { onAppend(listener: () => void): () => void }
  source: { plant: string; line: string }
  onAlarm(text: string): void
  /** Hears of a damaged projection that was set aside. */
  onSetAside?(why: CodedError): void
  retry?: SubscriptionsOptions['retry']
}

export interface PageRequest {
  perPage: number
  token: string | null
}

export interface AnsweredPage<T> {
  items: T
  next: NextPage | null
}

/** The EPCIS repository of a line: capture, queries, subscriptions. */
export class EpcisService {
  readonly capture: Capture
  /** Decides where webhooks may go. */
  readonly targets = new TargetRules()
  readonly tokens: PageTokens
  readonly #thread: EpcisThread
  readonly #subscriptions: Subscriptions
  readonly #stopped: () => void

  constructor(options: EpcisOptions) {
    const { dataDir, store, source, onAlarm, retry } = options
    const thread = new EpcisThread(
      dataDir,
      (error) => onAlarm(`EPCIS does not follow the log: ${error.message}`),
      options.onSetAside,
    )
    this.#thread = thread
    this.tokens = new PageTokens(`${source.plant}/${source.line}`)
    this.capture = new Capture({ thread, store, source, onAlarm })
    this.#subscriptions = new Subscriptions({ thread, rules: this.targets, onAlarm, ...(retry && { retry }) })
    const stopNews = store.onAppend(() => thread.news())
    let skipped = 0
    const stopAlarm = thread.onReached(() => {
      if (thread.skipped > skipped)
        onAlarm(`${thread.skipped} events of the log cannot be shown as EPCIS events`)
      skipped = thread.skipped
    })
    this.#stopped = () => {
      stopNews()
      stopAlarm()
    }
  }

  /** Goes on with the subscriptions of earlier runs. */
  start(): Promise<void> {
    return this.#subscriptions.start()
  }

  async close(): Promise<void> {
    this.#stopped()
    await this.#subscriptions.close()
    await this.#thread.close()
  }

  /**
   * Events that meet the query, as the text of a query document. A token carries its query; parameters beside it are not
   * needed, and where they say something else it is a token of another query.
   *
   * @throws EpcisError QueryParameterException and others
   */
  async events(
    params: QueryParams,
    { perPage, token }: PageRequest,
    format: EpcFormat,
    named: Pick<NamedQuery, 'name' | 'createdAt'> | null = null,
  ): Promise<AnsweredPage<string>> {
    type Content = { params: QueryParams; after: PageCursor }
    const queryName = named?.name ?? 'SimpleEventQuery'
    // A query that was removed and stored anew under its name is another one: its pages would not be the rest of these.
    const scope = named === null ? 'events' : `events of ${named.name} as stored at ${named.createdAt}`
    const kept = token === null ? null : (this.tokens.read(scope, token) as Content)
    const asked = kept?.params ?? params
    const other = Object.keys(params.values).find(
      (name) => !isDeepStrictEqual(params.values[name], asked.values[name]),
    )
    if (other !== undefined)
      refuseParameter(other, 'nothing that the token does not ask for', params.values[other])
    const ask = { params: asked, perPage, after: kept?.after ?? null }
    const { body, next } = await this.#thread.answers.document(ask, { queryName, format })
    const content: Content | null = next && { params: asked, after: next }
    return { items: body, next: content && this.tokens.make(scope, content) }
  }

  /** Parameters of a URL. @throws EpcisError QueryParameterException */
  valuesOf(query: Readonly<Record<string, unknown>>): QueryParams['values'] {
    return paramsOfUrl(query).values
  }

  /** The event of an id, with the declarations of errors about it. @throws EpcisError NoSuchNameException */
  async event(eventID: string, format: EpcFormat): Promise<string> {
    const ask = { params: { values: { EQ_eventID: [eventID] } }, perPage: 100, after: null }
    const { body, count } = await this.#thread.answers.document(ask, {
      queryName: 'SimpleEventQuery',
      format,
    })
    if (count === 0) throw noSuch('the id of a recorded event', eventID)
    return body
  }

  /** Values of a top-level resource. */
  async values(resource: Resource, { perPage, token }: PageRequest): Promise<AnsweredPage<string[]>> {
    const { kind, standard } = KEPT[resource]
    const after = token === null ? '' : String(this.tokens.read(resource, token))
    const known = await this.#thread.events.known(kind, after, perPage + 1)
    const all = [...new Set([...standard.filter((w) => w > after), ...known])].sort()
    const items = all.slice(0, perPage)
    const last = items.at(-1)
    const next = all.length > perPage && last !== undefined ? this.tokens.make(resource, last) : null
    return { items, next }
  }

  /** The parameter that asks for the events of one value. @throws EpcisError NoSuchNameException */
  async parameterOf(resource: Resource, value: string): Promise<QueryParams> {
    const { terms, parameter, standard } = KEPT[resource]
    const exists =
      standard.includes(bareWord(value)) ||
      (await this.#thread.events.has(terms, oneUri(value))) ||
      (await this.#thread.events.has(terms, bareWord(value)))
    if (!exists) throw noSuch(`a value of ${resource}`, value)
    return { values: { [parameter]: [value] } }
  }

  // Capture jobs

  /** @throws EpcisError NoSuchNameException */
  async job(captureID: string): Promise<CaptureJob> {
    const job = await this.#thread.state.job(captureID)
    if (job === null) throw noSuch('the id of a capture job', captureID)
    return job
  }

  async jobs({ perPage, token }: PageRequest): Promise<AnsweredPage<CaptureJob[]>> {
    type Place = { createdAt: string; captureID: string }
    const after = token === null ? null : (this.tokens.read('capture', token) as Place)
    return this.#pageOf('capture', await this.#thread.state.jobs(after, perPage + 1), perPage, (job) => ({
      createdAt: job.createdAt,
      captureID: job.captureID,
    }))
  }

  // Named queries

  /** @throws EpcisError QueryValidationException, QueryParameterException, ResourceAlreadyExistsException */
  async addQuery(body: unknown): Promise<NamedQuery> {
    if (!isObject(body))
      throw new EpcisError('QueryValidationException', {
        pointer: '',
        expected: 'an object with name and query',
        actual: shown(body),
      })
    const odd = Object.keys(body).find((key) => !['name', 'query', '@context'].includes(key))
    if (odd !== undefined)
      throw new EpcisError('QueryValidationException', {
        pointer: `/${odd}`,
        expected: 'name and query',
        actual: odd,
      })
    const name = checkName(body['name'])
    const params = paramsOfJson(body['query'])
    if (body['@context'] !== undefined && params['@context'] === undefined)
      params['@context'] = body['@context']
    compileQuery(params)
    const query = { name, query: body['query'], params, createdAt: new Date().toISOString() }
    await this.#thread.state.addQuery(query)
    return query
  }

  /** @throws EpcisError NoSuchNameException */
  async query(name: string): Promise<NamedQuery> {
    const query = await this.#thread.state.query(name)
    if (query === null) throw noSuch('the name of a query', name)
    return query
  }

  async queries({ perPage, token }: PageRequest): Promise<AnsweredPage<NamedQuery[]>> {
    const after = token === null ? '' : String(this.tokens.read('queries', token))
    return this.#pageOf(
      'queries',
      await this.#thread.state.queries(after, perPage + 1),
      perPage,
      (q) => q.name,
    )
  }

  /** Ends its subscriptions, too. @throws EpcisError NoSuchNameException */
  async removeQuery(name: string): Promise<void> {
    if (!(await this.#thread.state.removeQuery(name))) throw noSuch('the name of a query', name)
    await this.#subscriptions.queryRemoved(name)
  }

  // Subscriptions

  async subscribe(name: string, body: unknown, format: EpcFormat): Promise<Subscription> {
    return this.#subscriptions.subscribe(await this.query(name), body, format)
  }

  async subscriptions(name: string, { perPage, token }: PageRequest): Promise<AnsweredPage<Subscription[]>> {
    const scope = `subscriptions of ${name}`
    const after = token === null ? '' : String(this.tokens.read(scope, token))
    const all = await this.#thread.state.subscriptions((await this.query(name)).name)
    const found = all.filter((s) => s.subscriptionID > after).slice(0, perPage + 1)
    return this.#pageOf(scope, found, perPage, (s) => s.subscriptionID)
  }

  /** @throws EpcisError NoSuchNameException */
  async subscription(name: string, id: string): Promise<Subscription & { dead: DeadDelivery[] }> {
    const all = await this.#thread.state.subscriptions((await this.query(name)).name)
    const found = all.find((s) => s.subscriptionID === id)
    if (found === undefined) throw noSuch('the id of a subscription of the query', id)
    return { ...found, dead: await this.#thread.state.dead(id) }
  }

  async unsubscribe(name: string, id: string): Promise<void> {
    await this.subscription(name, id)
    await this.#subscriptions.unsubscribe(id)
  }

  /** A subscriber on a connection of its own; see `Subscriptions.connect`. */
  async connect(
    name: string,
    controls: Record<string, unknown>,
    format: EpcFormat,
    send: (text: string) => Promise<boolean>,
    end: (reason: string) => void,
  ): Promise<() => void> {
    const query = await this.query(name)
    const read: Controls = readControls(controls, format)
    return this.#subscriptions.connect(query, read, send, end)
  }

  #pageOf<T>(scope: string, found: T[], perPage: number, place: (last: T) => unknown): AnsweredPage<T[]> {
    const items = found.slice(0, perPage)
    const last = items.at(-1)
    const next = found.length > perPage && last !== undefined ? this.tokens.make(scope, place(last)) : null
    return { items, next }
  }
}

const noSuch = (expected: string, actual: string): EpcisError =>
  new EpcisError('NoSuchNameException', { pointer: '', expected, actual: actual.slice(0, 200) })
