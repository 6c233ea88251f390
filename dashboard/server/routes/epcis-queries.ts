import type { Request } from 'express'
import type { EpcisService, NamedQuery, Subscription } from '../../../traceability/query/index.ts'
import type { Route } from '../route.ts'
import {
  answer,
  bodyJson,
  EPCIS_BASE,
  epcFormat,
  mustBeAllowed,
  noMore,
  pageOf,
  refused,
  setNextPage,
} from './epcis-http.ts'
import { resource, there } from './epcis-resource.ts'
import {
  epcisQueryDocument,
  namedQuery,
  newQuery,
  newSubscription,
  subscription,
} from '../schemas/epcis.schema.ts'
import { formatHeader, pageQuery, streamQuery, upgradeHeaders } from '../schemas/epcis-query.schema.ts'
import { z } from '../zod.ts'

const QUERY_BYTES = 200_000
/** Parameters that only a WebSocket has. */
export const STREAM_PARAMETERS = [
  'stream',
  'second',
  'minute',
  'hour',
  'dayOfMonth',
  'month',
  'dayOfWeek',
  'reportIfEmpty',
  'initialRecordTime',
]

const queryBody = ({ name, query, createdAt }: NamedQuery): object => ({ name, query, createdAt })

/** The token is a secret between the two and is never shown. */
const subscriptionBody = (s: Subscription): object => ({
  subscriptionID: s.subscriptionID,
  dest: s.dest,
  createdAt: s.createdAt,
  ...(s.stream ? { stream: true } : { schedule: scheduleBody(s), reportIfEmpty: s.reportIfEmpty }),
  ...(s.lastNotifiedAt !== null && { lastNotifiedAt: s.lastNotifiedAt }),
  ...(s.initialRecordTime !== null && { initialRecordTime: s.initialRecordTime }),
  epcFormat: s.epcFormat,
  signed: s.signatureToken !== null,
  ...(s.retry !== null && { retry: s.retry }),
})

const scheduleBody = ({ schedule }: Subscription): Record<string, string> =>
  Object.fromEntries(
    Object.entries(schedule ?? {}).flatMap(([field, numbers]) =>
      Array.isArray(numbers) ? [[field, numbers.join(',')]] : [],
    ),
  )

/** Named queries and their subscriptions (EPCIS 2.0, 12.7). */
export function queryRoutes(epcis: EpcisService, version: string): Route[] {
  const name = (params: Record<string, unknown>): string => String(params['queryName'])
  const isThere = there((req) => epcis.query(name(req.params)))
  return [
    ...resource('/queries', version, {
      get: {
        summary: { zh: '命名查询', en: 'Named queries' },
        query: pageQuery,
        response: z.array(namedQuery),
        run: async (req, res) => {
          const { page, rest } = pageOf(req)
          noMore(rest)
          const { items, next } = await epcis.queries(page)
          setNextPage(req, res, page.perPage, next)
          answer(req, res, items.map(queryBody))
        },
      },
      post: {
        summary: { zh: '建立命名查询', en: 'Creates a named query' },
        body: newQuery,
        response: namedQuery,
        status: 201,
        run: async (req, res) => {
          mustBeAllowed(req)
          const query = await epcis.addQuery(await bodyJson(req, QUERY_BYTES, 'QueryValidationException'))
          res.set('Location', `${EPCIS_BASE}/queries/${query.name}`)
          answer(req, res, queryBody(query), 201)
        },
      },
    }),
    ...resource(
      '/queries/:queryName',
      version,
      {
        get: {
          summary: { zh: '查询定义', en: 'Definition of a named query' },
          response: namedQuery,
          run: async (req, res) => answer(req, res, queryBody(await epcis.query(name(req.params)))),
        },
        delete: {
          summary: { zh: '删除查询并结束其订阅', en: 'Removes a named query and ends its subscriptions' },
          status: 204,
          run: async (req, res) => {
            mustBeAllowed(req)
            await epcis.removeQuery(name(req.params))
            res.status(204).end()
          },
        },
      },
      isThere,
    ),
    ...resource(
      '/queries/:queryName/events',
      version,
      {
        get: {
          summary: {
            zh: '命名查询的事件;WebSocket 升级即为订阅',
            en: 'Events of a named query; a WebSocket upgrade subscribes to it',
          },
          query: pageQuery.extend(streamQuery.shape),
          headers: formatHeader.extend(upgradeHeaders.shape),
          response: epcisQueryDocument,
          otherStatuses: { 101: { means: 'Subscribed: each message is an EPCISQueryDocument' } },
          run: async (req, res) => {
            const query = await epcis.query(name(req.params))
            const { page, rest } = pageOf(req)
            const live = STREAM_PARAMETERS.find((p) => rest[p] !== undefined)
            if (live !== undefined)
              throw refused(
                'SubscriptionControlsException',
                'an upgrade to WebSocket beside it',
                live,
                `/${live}`,
              )
            noMore(rest)
            const { items, next } = await epcis.events(query.params, page, epcFormat(req), query)
            setNextPage(req, res, page.perPage, next)
            answer(req, res, items)
          },
        },
      },
      isThere,
    ),
    ...subscriptionRoutes(epcis, version, name),
  ]
}

function subscriptionRoutes(
  epcis: EpcisService,
  version: string,
  name: (params: Record<string, unknown>) => string,
): Route[] {
  const isThere = there((req) => epcis.query(name(req.params)))
  /** "Set initially to initialRecordTime and then updated to the most recent execution" (EPCIS 2.0, OpenAPI). */
  const minRecordTime = async (req: Request): Promise<Record<string, string>> => {
    const s = await epcis.subscription(name(req.params), String(req.params['subscriptionID']))
    return { 'GS1-Query-Min-Record-Time': s.lastNotifiedAt ?? s.initialRecordTime ?? s.createdAt }
  }
  return [
    ...resource(
      '/queries/:queryName/subscriptions',
      version,
      {
        get: {
          summary: { zh: '订阅', en: 'Subscriptions of a named query' },
          query: pageQuery,
          response: z.array(subscription),
          run: async (req, res) => {
            const { page, rest } = pageOf(req)
            noMore(rest)
            const { items, next } = await epcis.subscriptions(name(req.params), page)
            setNextPage(req, res, page.perPage, next)
            answer(req, res, items.map(subscriptionBody))
          },
        },
        post: {
          summary: { zh: '以 Webhook 订阅', en: 'Subscribes by webhook' },
          headers: formatHeader,
          body: newSubscription,
          response: subscription,
          status: 201,
          run: async (req, res) => {
            mustBeAllowed(req)
            const body = await bodyJson(req, QUERY_BYTES, 'SubscriptionControlsException')
            const made = await epcis.subscribe(name(req.params), body, epcFormat(req))
            res.set(
              'Location',
              `${EPCIS_BASE}/queries/${made.queryName}/subscriptions/${made.subscriptionID}`,
            )
            answer(req, res, subscriptionBody(made), 201)
          },
        },
      },
      isThere,
    ),
    ...resource(
      '/queries/:queryName/subscriptions/:subscriptionID',
      version,
      {
        get: {
          summary: { zh: '订阅的状态', en: 'State of a subscription, with deliveries that were given up' },
          response: subscription,
          run: async (req, res) => {
            const { dead, ...one } = await epcis.subscription(
              name(req.params),
              String(req.params['subscriptionID']),
            )
            answer(req, res, { ...subscriptionBody(one), dead })
          },
        },
        delete: {
          summary: { zh: '取消订阅', en: 'Ends a subscription' },
          status: 204,
          run: async (req, res) => {
            mustBeAllowed(req)
            await epcis.unsubscribe(name(req.params), String(req.params['subscriptionID']))
            res.status(204).end()
          },
        },
      },
      minRecordTime,
    ),
  ]
}
