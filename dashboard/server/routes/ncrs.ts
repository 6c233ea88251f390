import { NCR_FACTORS, ncrStepAskSchema, THING_LENGTH } from '../../../contracts/index.ts'
import { notFound } from '../errors.ts'
import { effectOf } from '../ncr-effect.ts'
import { jsonBody } from '../json-body.ts'
import type { FactPort, RecordQueries } from '../ports.ts'
import { check, jsonRoute, type Route } from '../route.ts'
import { ncrAckSchema, ncrDetailSchema, ncrEffectSchema, ncrListSchema } from '../schemas/ncr.schema.ts'
import { changeGuard } from '../security.ts'
import { z } from '../zod.ts'

const time = z.iso
  .datetime({ offset: true, error: 'an RFC 3339 time, e.g. 2026-01-31T06:00:00Z' })
  .transform((t) => new Date(t).toISOString())

/** Nonconformance reports: lists, one with its history, the effect of a countermeasure. */
export function ncrRoutes(queries: RecordQueries): Route[] {
  return [
    jsonRoute({
      path: '/api/ncrs',
      tag: 'genealogy',
      summary: {
        zh: '不合格报告(NCR)清单,最新在前:状态、下一步、逾期',
        en: 'Nonconformance reports, newest first: state, next step, overdue actions',
      },
      query: z.strictObject({
        open: z.enum(['true', 'false']).optional(),
        target: z.string().min(1).max(THING_LENGTH).optional(),
      }),
      response: ncrListSchema,
      handle: ({ query: { open, target } }) =>
        queries.ncrs({ open: open === 'true', ...(target !== undefined && { target }) }),
    }),
    jsonRoute({
      path: '/api/ncrs/effect',
      tag: 'genealogy',
      summary: {
        zh: '对策前后比较:在报告的范围内',
        en: 'The time after a countermeasure against the time before it, in the scope of a report',
      },
      query: z
        .strictObject({
          change: time,
          from: time.optional(),
          to: time.optional(),
          class: z.string().min(1).max(128).optional(),
          factor: z.enum(NCR_FACTORS).optional(),
          value: z.string().min(1).max(256).optional(),
        })
        // Half of a scope would compare everything.
        .refine(({ factor, value }) => (factor === undefined) === (value === undefined), {
          error: 'factor and value, both or none',
        }),
      response: ncrEffectSchema,
      handle: ({ query: { factor, value, ...scope } }) =>
        effectOf(queries, {
          ...scope,
          ...(factor !== undefined && value !== undefined && { within: { factor, value } }),
        }),
    }),
    jsonRoute({
      path: '/api/ncrs/:ncr',
      tag: 'genealogy',
      summary: {
        zh: '一份不合格报告:围堵、原因、措施、有效性、历史',
        en: 'One report: containment, cause, actions, effectiveness, history',
      },
      params: z.strictObject({ ncr: z.string().min(1).max(256) }),
      response: ncrDetailSchema,
      async handle({ params: { ncr } }) {
        const found = await queries.ncr(ncr)
        if (found === null)
          throw notFound('the id of a nonconformance report', ncr, undefined, '不合格报告的编号')
        return found
      },
    }),
  ]
}

/** Each next step of a report. */
export function ncrStepRoutes(queries: RecordQueries, facts: Pick<FactPort, 'recordNcrStep'>): Route[] {
  return [
    {
      method: 'post',
      path: '/api/ncrs/steps',
      role: 'qa',
      tag: 'genealogy',
      summary: {
        zh: '不合格报告的一步:开立、更正、围堵、原因、措施、完成、验证、关闭、重开、撤回',
        en: 'A step of a report: open, amend, contain, cause, act, done, drop, verify, close, reopen, withdraw',
      },
      body: ncrStepAskSchema,
      response: ncrAckSchema,
      guards: [changeGuard, ...jsonBody(256)],
      async run(req, res) {
        const step = check(ncrStepAskSchema, req.body, 'body')
        const ack = await facts.recordNcrStep(
          step.kind === 'verify' ? { ...step, comparison: (await effectOf(queries, step)).comparison } : step,
        )
        res.set('Cache-Control', 'no-store').json(ack)
      },
    },
  ]
}
