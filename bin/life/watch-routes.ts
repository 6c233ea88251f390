import { z } from 'zod'
import { CodedError, type LineSpec, VERDICTS } from '../../contracts/index.ts'
import type { ModuleHandler, RegisteredModel } from '../../dashboard/index.ts'
import { type ModelWatch, SAMPLES, type SeriesReport } from '../../models/index.ts'
import { empty, endpoint } from '../../scenarios/index.ts'
import { escapeEstimates } from './escape-estimate.ts'
import type { LifeWatch } from './log-watch.ts'
import type { Reviews } from './reviews.ts'

export interface WatchRouteParts {
  spec: LineSpec
  watch: ModelWatch
  follow: LifeWatch
  reviews: Reviews
  /** SHA-256 of the recipe in force; null = no such station. */
  inForce(station: string): string | null
  series(station: string): SeriesReport[]
  packages(): Promise<RegisteredModel[]>
}

const who = z.string().trim().min(1, 'a name').max(128)
const text = z.string().trim().max(500)
const whole = (max: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/)
    .transform(Number)
    .refine((n) => n >= 1 && n <= max, `1 to ${max}`)

/** Registry, drift, reviews and the escape estimate. */
export function watchRoutes(p: WatchRouteParts): ModuleHandler[] {
  const { spec, watch, follow, reviews, inForce } = p
  const station = (id: string): string => {
    if (inForce(id) === null)
      throw new CodedError('API_NOT_FOUND', {
        expected: spec.stations.map((s) => s.id).join(', '),
        actual: id,
      })
    return id
  }
  const now = (): string => new Date().toISOString()
  return [
    endpoint({
      method: 'GET',
      path: '/api/life/packages',
      title: {
        zh: '模型登记:包、来源、签名、黄金向量、在用工位',
        en: 'Model packages: lineage, signature, where in force',
      },
      role: 'viewer',
      query: empty,
      body: z.unknown(),
      work: async () => ({ packages: await p.packages() }),
    }),
    endpoint({
      method: 'GET',
      path: '/api/life/drift',
      title: {
        zh: '分数漂移:参考与当前分布、PSI、KS',
        en: 'Score drift: reference and present shape, PSI, KS',
      },
      role: 'viewer',
      query: empty,
      body: z.unknown(),
      work: () => ({
        watch: spec.watch,
        stations: spec.stations.map(({ id }) => ({ station: id, series: p.series(id) })),
        alarms: watch.alarms.active(),
      }),
    }),
    endpoint({
      method: 'POST',
      path: '/api/life/drift/reference',
      title: { zh: '重新采集参考分布', en: 'Take a new reference from the next parts' },
      role: 'qa',
      query: empty,
      body: z.strictObject({ station: z.string(), by: who, reason: text.min(1, 'why') }),
      work: async ({ body }) => {
        const id = station(body.station)
        watch.restart(id, inForce(id) ?? '', `${body.by}: ${body.reason}`, now())
        await follow.tell()
        return { station: id, series: p.series(id) }
      },
    }),
    endpoint({
      method: 'POST',
      path: '/api/life/alarms/end',
      title: { zh: '确认并结束模型报警', en: 'End an alarm about a model by name' },
      role: 'qa',
      query: empty,
      body: z.strictObject({ id: z.string().max(500), by: who }),
      work: async ({ body }) => {
        if (!watch.acknowledge(body.id, body.by, now()))
          throw new CodedError('API_NOT_FOUND', { expected: 'the id of an active alarm', actual: body.id })
        await follow.tell()
        return { alarms: watch.alarms.active() }
      },
    }),
    endpoint({
      method: 'GET',
      path: '/api/life/reviews',
      title: { zh: '复核队列与最近的复核', en: 'Parts that wait for review, and the newest reviews' },
      role: 'viewer',
      query: z.strictObject({
        sample: z.enum(SAMPLES).optional(),
        station: z.string().optional(),
        limit: whole(500).optional(),
      }),
      body: z.unknown(),
      work: ({ query: { sample, station: at, limit = 100 } }) => ({
        counts: watch.queue.counts(),
        waiting: watch.queue.waiting(limit, {
          ...(sample === undefined ? {} : { sample }),
          ...(at === undefined ? {} : { station: at }),
        }),
        done: watch.queue.done(30),
      }),
    }),
    endpoint({
      method: 'POST',
      path: '/api/life/reviews',
      title: {
        zh: '复核一个工件;over:所取代的复核,已另有复核则拒绝;id:重复发送不会重复记录',
        en: 'Review a part; inconclusive = it cannot be told; refused when another review is in force than `over`; the same `id` again records nothing anew',
      },
      role: 'qa',
      query: empty,
      body: z.strictObject({
        inspectionId: z.uuid(),
        verdict: z.enum(VERDICTS),
        by: who,
        reason: text.default(''),
        label: z.string().min(1).max(128).optional(),
        over: z.uuid().nullable().optional(),
        id: z.uuid().optional(),
      }),
      work: ({ body }) => reviews.decide(body),
    }),
    endpoint({
      method: 'POST',
      path: '/api/life/reviews/undo',
      title: { zh: '撤回复核', en: 'Take a review back' },
      role: 'qa',
      query: empty,
      body: z.strictObject({
        inspectionId: z.uuid(),
        by: who,
        review: z.uuid().optional(),
        id: z.uuid().optional(),
      }),
      work: ({ body }) => reviews.undo(body),
    }),
    endpoint({
      method: 'GET',
      path: '/api/life/audit',
      title: { zh: '漏检率估计(分层抽样)', en: 'Escape rate from the stratified audit sample' },
      role: 'viewer',
      query: z.strictObject({ from: z.iso.date().optional() }),
      body: z.unknown(),
      work: ({ query }) => ({
        from: query.from ?? null,
        ...escapeEstimates(watch.queue.strata(query.from ?? '')),
      }),
    }),
    endpoint({
      method: 'GET',
      path: '/api/life/overkill',
      title: { zh: '已确认的过杀', en: 'Parts that the line failed and a person found good' },
      role: 'viewer',
      query: z.strictObject({ station: z.string().optional() }),
      body: z.unknown(),
      work: ({ query }) => ({ parts: watch.queue.overkill(query.station ?? null, 1_000) }),
    }),
    endpoint({
      method: 'POST',
      path: '/api/life/overkill/export',
      title: {
        zh: '导出过杀图像及其出处,供 teach --from',
        en: 'Copy false calls with provenance for teach --from',
      },
      role: 'qa',
      query: empty,
      body: z.strictObject({ station: z.string().optional(), by: who }),
      work: ({ body }) => reviews.exportOverkill(body.station ?? null, body.by),
    }),
  ]
}
