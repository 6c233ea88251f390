import type { Request, Response } from 'express'
import {
  CAPTURE_BYTES,
  type CaptureJob,
  type EpcisService,
  type Resource,
  resourceParameter,
  RESOURCES,
} from '../../../traceability/query/index.ts'
import type { Route } from '../route.ts'
import {
  answer,
  bodyText,
  CAPTURE_LIMITS,
  EPCIS_BASE,
  epcFormat,
  mustBeAllowed,
  noMore,
  pageOf,
  problemBody,
  refused,
  setNextPage,
} from './epcis-http.ts'
import {
  captured,
  captureJob,
  collection as collectionSchema,
  epcisEvent,
  epcisQueryDocument,
} from '../schemas/epcis.schema.ts'
import { captureHeaders, eventsQuery, formatHeader, pageQuery } from '../schemas/epcis-query.schema.ts'
import { queryRoutes } from './epcis-queries.ts'
import { resource, there } from './epcis-resource.ts'
import { z } from '../zod.ts'

const CONTEXT = 'https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld'

const jobBody = (job: CaptureJob): object => ({
  ...job,
  finishedAt: job.finishedAt ?? undefined,
  errors: job.errors.map(({ exception, faults }) =>
    problemBody({
      exception,
      status: exception === 'ValidationException' ? 400 : exception === 'ImplementationException' ? 500 : 409,
      detail: faults.map((f) => `${f.pointer}: expected ${f.expected}; found ${f.actual}`).join('; '),
      faults,
    }),
  ),
})

/** EPCIS 2.0 REST interface (GS1 EPCIS 2.0.1, section 12). */
export function epcisRoutes(epcis: EpcisService, version: string): Route[] {
  const captureLimits = { ...CAPTURE_LIMITS, 'GS1-Capture-Error-Behaviour': 'all' }
  const topLevel = ['events', ...RESOURCES, 'capture', 'queries']
  return [
    ...resource('', version, {
      get: {
        summary: { zh: 'EPCIS 顶层资源', en: 'Top-level resources of the EPCIS repository' },
        response: collectionSchema,
        run: async (req, res) => answer(req, res, collection(topLevel)),
      },
    }),
    ...resource('/capture', version, captureMethods(epcis), captureLimits),
    ...resource(
      '/capture/:captureID',
      version,
      {
        get: {
          summary: { zh: '采集任务状态', en: 'State of a capture job' },
          response: captureJob,
          run: async (req, res) =>
            answer(req, res, jobBody(await epcis.job(String(req.params['captureID'])))),
        },
      },
      there((req) => epcis.job(String(req.params['captureID']))),
    ),
    ...resource('/events', version, eventMethods(epcis), captureLimits),
    ...resource(
      '/events/:eventID',
      version,
      {
        get: {
          summary: { zh: '按编号取事件', en: 'The event of an id, with declarations of errors about it' },
          headers: formatHeader,
          response: epcisQueryDocument,
          run: async (req, res) =>
            answer(req, res, await epcis.event(String(req.params['eventID']), epcFormat(req))),
        },
      },
      there((req) => epcis.event(String(req.params['eventID']), 'Never_Translates')),
    ),
    ...RESOURCES.flatMap((name) => valueRoutes(epcis, version, name)),
    ...queryRoutes(epcis, version),
    ...resource('/nextPageToken/:token', version, {
      delete: {
        summary: { zh: '释放翻页令牌', en: 'Releases a page token' },
        status: 204,
        run: async (req, res) => {
          if (!epcis.tokens.release(String(req.params['token'])))
            throw refused('NoSuchNameException', 'a page token', String(req.params['token']))
          res.status(204).end()
        },
      },
    }),
  ]
}

const captureMethods = (epcis: EpcisService): Parameters<typeof resource>[2] => ({
  get: {
    summary: { zh: '采集任务,最新在前', en: 'Capture jobs, newest first' },
    query: pageQuery,
    response: z.array(captureJob),
    run: async (req, res) => {
      const { page, rest } = pageOf(req)
      noMore(rest)
      const { items, next } = await epcis.jobs(page)
      setNextPage(req, res, page.perPage, next)
      answer(req, res, items.map(jobBody))
    },
  },
  post: {
    summary: { zh: '采集 EPCIS 文档或单个事件', en: 'Captures an EPCIS document or a single event' },
    headers: captureHeaders,
    body: captured,
    response: captureJob,
    status: 202,
    run: async (req, res) => {
      mustBeAllowed(req)
      const behaviour = req.get('GS1-Capture-Error-Behaviour') ?? 'rollback'
      if (behaviour !== 'rollback' && behaviour !== 'proceed')
        throw refused('ValidationException', 'GS1-Capture-Error-Behaviour rollback or proceed', behaviour)
      const job = await epcis.capture.document(await bodyText(req, CAPTURE_BYTES), behaviour)
      res.set('Location', `${EPCIS_BASE}/capture/${job.captureID}`)
      answer(req, res, jobBody(job), 202)
    },
  },
})

const eventMethods = (epcis: EpcisService): Parameters<typeof resource>[2] => ({
  get: {
    summary: { zh: '按条件查询事件', en: 'Events by the parameters of the simple event query' },
    query: eventsQuery(),
    headers: formatHeader,
    response: epcisQueryDocument,
    run: async (req, res) => {
      const { page, rest } = pageOf(req)
      await sendEvents(epcis, req, res, page, { values: epcis.valuesOf(rest) })
    },
  },
  post: {
    summary: { zh: '采集单个事件', en: 'Captures a single event' },
    body: epcisEvent,
    response: epcisEvent,
    status: 201,
    run: async (req, res) => {
      mustBeAllowed(req)
      const event = await epcis.capture.event(await bodyText(req, CAPTURE_BYTES))
      res.set('Location', `${EPCIS_BASE}/events/${encodeURIComponent(String(event['eventID']))}`)
      answer(req, res, event, 201)
    },
  },
})

async function sendEvents(
  epcis: EpcisService,
  req: Request,
  res: Response,
  page: ReturnType<typeof pageOf>['page'],
  params: { values: Record<string, string[]> },
): Promise<void> {
  const { items, next } = await epcis.events(params, page, epcFormat(req))
  setNextPage(req, res, page.perPage, next)
  answer(req, res, items)
}

/** `/bizSteps`, `/bizSteps/{bizStep}` and `/bizSteps/{bizStep}/events`, and the like. */
function valueRoutes(epcis: EpcisService, version: string, name: Resource): Route[] {
  const one = name.slice(0, -1)
  const value = (req: Request): string => String(req.params[one])
  const isThere = there((req) => epcis.parameterOf(name, value(req)))
  return [
    ...resource(`/${name}`, version, {
      get: {
        summary: { zh: `已知取值:${name}`, en: `Known values of ${name}` },
        query: pageQuery,
        response: collectionSchema,
        run: async (req, res) => {
          const { page, rest } = pageOf(req)
          noMore(rest)
          const { items, next } = await epcis.values(name, page)
          setNextPage(req, res, page.perPage, next)
          answer(req, res, collection(items))
        },
      },
    }),
    ...resource(
      `/${name}/:${one}`,
      version,
      {
        get: {
          summary: { zh: `${one} 的子资源`, en: `Sub-resources of ${one}` },
          response: collectionSchema,
          run: async (req, res) => {
            await epcis.parameterOf(name, value(req))
            answer(req, res, collection(['events']))
          },
        },
      },
      isThere,
    ),
    ...resource(
      `/${name}/:${one}/events`,
      version,
      {
        get: {
          summary: { zh: `按 ${one} 查询事件`, en: `Events of ${one}` },
          query: eventsQuery(resourceParameter(name)),
          headers: formatHeader,
          response: epcisQueryDocument,
          run: async (req, res) => {
            const { values } = await epcis.parameterOf(name, value(req))
            const { page, rest } = pageOf(req)
            const both = Object.keys(rest).find((key) => key in values)
            if (both !== undefined)
              throw refused(
                'QueryParameterException',
                `no ${both} beside the one in the path`,
                both,
                `/${both}`,
              )
            await sendEvents(epcis, req, res, page, { values: { ...values, ...epcis.valuesOf(rest) } })
          },
        },
      },
      isThere,
    ),
  ]
}

const collection = (member: readonly string[]): object => ({
  '@context': [CONTEXT, { sightline: 'https://sightline.invalid/epcis/' }],
  type: 'Collection',
  member,
})
