import { asCoded, EpcisError, uuidv7 } from '../../contracts/index.ts'
import type { Delivery } from '../sinks/event-sink.ts'
import { EPC_FORMATS, type EpcFormat } from './epc-format.ts'
import type { EpcisThread } from './epcis-thread.ts'
import { isObject, shown } from './faults.ts'
import { readSchedule, type Schedule } from './schedule.ts'
import { type Progress, StandingQuery } from './standing-query.ts'
import type { NamedQuery, Subscription } from './state.ts'
import { isTime, timeMs } from './uri.ts'
import { postDocument } from './webhook-post.ts'
import type { TargetRules } from './webhook-target.ts'

export interface SubscriptionsOptions {
  thread: EpcisThread
  rules: TargetRules
  onAlarm(text: string): void
  /** Pauses and attempts of webhooks; tests shorten them. */
  retry?: { attempts?: number; firstRetryMs?: number; maxRetryMs?: number }
}

/** When and from where a subscriber wants to hear. */
export interface Controls {
  schedule: Schedule | null
  reportIfEmpty: boolean
  initialRecordTime: string | null
  format: EpcFormat
}

/** Standing queries: webhooks, which are kept, and WebSockets, which live as long as their connection. */
export class Subscriptions {
  readonly #o: SubscriptionsOptions
  readonly #hooks = new Map<string, { standing: StandingQuery; kept: Subscription }>()
  readonly #sockets = new Map<StandingQuery, { queryName: string; end: (reason: string) => void }>()

  constructor(options: SubscriptionsOptions) {
    this.#o = options
  }

  /** Goes on with the subscriptions of earlier runs. */
  async start(): Promise<void> {
    const { state } = this.#o.thread
    for (const kept of await state.subscriptions(null)) {
      const query = await state.query(kept.queryName)
      if (query !== null) this.#hook(query, kept)
    }
  }

  /** @throws EpcisError SubscriptionControlsException, NoSuchNameException when the query is removed meanwhile */
  async subscribe(query: NamedQuery, body: unknown, format: EpcFormat): Promise<Subscription> {
    if (!isObject(body)) return refuse('', 'an object with dest and stream or schedule', body)
    const known = [
      'dest',
      'signatureToken',
      'stream',
      'schedule',
      'reportIfEmpty',
      'initialRecordTime',
      'epcFormat',
    ]
    const odd = Object.keys(body).find((key) => !known.includes(key))
    if (odd !== undefined) refuse(odd, `one of ${known.join(', ')}`, odd)
    this.#o.rules.check(body['dest'])
    const { signatureToken = null, epcFormat = format } = body
    if (
      signatureToken !== null &&
      (typeof signatureToken !== 'string' || !/^[!-~]{8,512}$/.test(signatureToken))
    )
      refuse('signatureToken', '8 to 512 printable characters', 'another value')
    if (!EPC_FORMATS.some((f) => f === epcFormat)) refuse('epcFormat', EPC_FORMATS.join(', '), epcFormat)
    const controls = readControls(body, epcFormat as EpcFormat)
    this.#mayStand(query)
    const subscription: Subscription = {
      subscriptionID: uuidv7(),
      queryName: query.name,
      dest: String(body['dest']),
      signatureToken: signatureToken as string | null,
      stream: controls.schedule === null,
      schedule: controls.schedule,
      reportIfEmpty: controls.reportIfEmpty,
      initialRecordTime: controls.initialRecordTime,
      epcFormat: controls.format,
      createdAt: new Date().toISOString(),
      lastNotifiedAt: null,
      cursor: await this.#firstCursor(controls),
      retry: null,
    }
    const added = await this.#o.thread.state.addSubscription(subscription, query.createdAt)
    if (!added) return removedMeanwhile(query)
    this.#hook(query, subscription)
    return subscription
  }

  async unsubscribe(subscriptionID: string): Promise<boolean> {
    const removed = await this.#o.thread.state.removeSubscription(subscriptionID)
    const hook = this.#hooks.get(subscriptionID)
    this.#hooks.delete(subscriptionID)
    await hook?.standing.close()
    return removed
  }

  /**
   * Ends what hangs on a query that was removed: after that, or a subscriber who comes in between would stay; and all of
   * it before anything is waited for, since a query of that name that is stored anew has subscribers of its own.
   */
  async queryRemoved(queryName: string): Promise<void> {
    for (const { queryName: name, end } of this.#sockets.values())
      if (name === queryName) end('the query was removed')
    const ended = [...this.#hooks.values()].filter(({ kept }) => kept.queryName === queryName)
    for (const { kept } of ended) this.#hooks.delete(kept.subscriptionID)
    await Promise.all(ended.map(({ standing }) => standing.close()))
  }

  /**
   * A subscriber on a connection of its own.
   *
   * @param send resolves when the connection has taken the text; false ends the subscription
   * @param end  closes the connection from this side
   * @returns what the connection calls when it is closed
   */
  async connect(
    query: NamedQuery,
    controls: Controls,
    send: (text: string) => Promise<boolean>,
    end: (reason: string) => void,
  ): Promise<() => void> {
    this.#mayStand(query)
    const subscriptionID = uuidv7()
    const standing = new StandingQuery({
      ...this.#base(query, subscriptionID, controls),
      cursor: await this.#firstCursor(controls),
      deliver: async (body): Promise<Delivery> => {
        if (await send(body)) return { ok: true }
        end('the connection does not take what it is sent')
        return { ok: false, why: 'refused', reason: 'closed' }
      },
      onProgress: (p) => {
        if (p.what === 'dead') end(p.reason ?? 'a delivery is given up')
        return Promise.resolve()
      },
    })
    this.#sockets.set(standing, { queryName: query.name, end })
    const closed = (): void => {
      this.#sockets.delete(standing)
      void standing.close()
    }
    try {
      // Removed before it could be ended by that.
      if (!(await this.#stands(query))) return removedMeanwhile(query)
    } catch (error) {
      closed()
      throw error
    }
    standing.start()
    return closed
  }

  /** Whether the query is still the one that was found; another one of its name is not. */
  async #stands({ name, createdAt }: NamedQuery): Promise<boolean> {
    return (await this.#o.thread.state.query(name))?.createdAt === createdAt
  }

  async close(): Promise<void> {
    for (const { end } of this.#sockets.values()) end('the line is stopped')
    await Promise.all([
      ...[...this.#hooks.values()].map(({ standing }) => standing.close()),
      ...[...this.#sockets.keys()].map((standing) => standing.close()),
    ])
  }

  #hook(query: NamedQuery, kept: Subscription): void {
    const { rules, retry } = this.#o
    const entry = {
      kept,
      standing: new StandingQuery({
        ...this.#base(query, kept.subscriptionID, { ...kept, format: kept.epcFormat as EpcFormat }),
        ...retry,
        askedMs: Date.parse(kept.askedAt ?? kept.lastNotifiedAt ?? kept.createdAt),
        cursor: kept.cursor,
        deliver: (body, signal) => postDocument(kept.dest, body, kept.signatureToken, { rules, signal }),
        onProgress: (p) => this.#progress(kept.subscriptionID, p),
      }),
    }
    this.#hooks.set(kept.subscriptionID, entry)
    entry.standing.start()
  }

  #base(
    query: NamedQuery,
    subscriptionID: string,
    c: Pick<Controls, 'schedule' | 'reportIfEmpty' | 'format'>,
  ) {
    const { thread, onAlarm } = this.#o
    return {
      thread,
      params: query.params,
      queryName: query.name,
      subscriptionID,
      format: c.format,
      schedule: c.schedule,
      reportIfEmpty: c.reportIfEmpty,
      onAlarm: (error: unknown) => onAlarm(asCoded(error, 'API_INTERNAL').message),
    }
  }

  async #progress(subscriptionID: string, p: Progress): Promise<void> {
    const hook = this.#hooks.get(subscriptionID)
    if (hook === undefined) return
    const { kept } = hook
    const { state } = this.#o.thread
    if (p.what === 'dead') {
      const { fromN, toN, attempts, at } = p
      await state.addDead({ subscriptionID, fromN, toN, attempts, reason: p.reason ?? '', at })
      this.#o.onAlarm(`EPCIS subscription ${subscriptionID}: a delivery is given up: ${p.reason ?? ''}`)
    }
    if (p.what === 'retrying' && p.attempts === 1)
      this.#o.onAlarm(
        `EPCIS subscription ${subscriptionID}: a delivery was not taken and is sent again: ${p.reason ?? ''}`,
      )
    hook.kept =
      p.what === 'retrying'
        ? {
            ...kept,
            retry: { attempts: p.attempts, reason: p.reason ?? '', since: kept.retry?.since ?? p.at },
          }
        : {
            ...kept,
            retry: null,
            cursor: p.toN,
            ...(p.what === 'asked' && { askedAt: p.at }),
            ...((p.what === 'delivered' || p.what === 'empty') && { lastNotifiedAt: p.at }),
          }
    await state.updateSubscription(hook.kept)
  }

  /** A new subscriber hears what is recorded from now on, or from the time it names. */
  async #firstCursor({ initialRecordTime }: Controls): Promise<number> {
    const { events } = this.#o.thread
    return initialRecordTime === null ? events.end() : events.beforeAllSince(timeMs(initialRecordTime))
  }

  /** Order and counts have no meaning for a query that never ends. */
  #mayStand({ params }: NamedQuery): void {
    for (const name of ['orderBy', 'eventCountLimit', 'maxEventCount'])
      if (params.values[name] !== undefined) refuse('', `a query without ${name}`, name)
  }
}

function removedMeanwhile({ name }: NamedQuery): never {
  throw new EpcisError('NoSuchNameException', { pointer: '', expected: 'the name of a query', actual: name })
}

/** @throws EpcisError SubscriptionControlsException */
export function readControls(body: Record<string, unknown>, format: EpcFormat): Controls {
  const { stream, schedule, reportIfEmpty = false, initialRecordTime = null } = body
  if (stream !== undefined && typeof stream !== 'boolean') refuse('stream', 'true or false', stream)
  if ((stream === true) === (schedule !== undefined))
    refuse('', 'either stream: true or a schedule', { stream, schedule })
  if (typeof reportIfEmpty !== 'boolean') refuse('reportIfEmpty', 'true or false', reportIfEmpty)
  if (initialRecordTime !== null && !isTime(initialRecordTime))
    refuse('initialRecordTime', 'a date-time with its offset', initialRecordTime)
  return {
    schedule: schedule === undefined ? null : readSchedule(schedule),
    reportIfEmpty: reportIfEmpty === true,
    initialRecordTime: initialRecordTime as string | null,
    format,
  }
}

function refuse(field: string, expected: string, value: unknown): never {
  throw new EpcisError('SubscriptionControlsException', {
    pointer: field === '' ? '' : `/${field}`,
    expected,
    actual: shown(value),
  })
}
