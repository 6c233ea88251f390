import { z } from '../zod.ts'
import { type CodedError, VERDICTS } from '../../../contracts/index.ts'
import { type PartFilter, wrongKeyHint } from '../../../traceability/query/index.ts'
import { badRequest, notFound } from '../errors.ts'
import type { Side, SiteKind } from '../side.ts'
import { jsonRoute, type Route } from '../route.ts'
import { foundWindow } from './analysis.ts'
import { recipeFactsSchema } from '../schemas/line.schema.ts'
import { partDetailSchema, partRowSchema, serialLifeSchema } from '../schemas/part.schema.ts'

const ID = '[a-z0-9][a-z0-9-]{0,63}'
const line = z
  .string()
  .regex(new RegExp(`^${ID}$`), 'a line id')
  .optional()
const STATION = {
  line: z
    .string()
    .regex(new RegExp(`^${ID}$`), 'a station id')
    .optional(),
  plant: z
    .string()
    .regex(new RegExp(`^${ID}[.]${ID}$`), 'a station behind its line, as caps-a.st10')
    .optional(),
}

/** A plant has the stations of all its lines, each behind the name of its line. */
const filterOf = (kind: SiteKind) => ({
  station: STATION[kind],
  result: z.enum(VERDICTS, VERDICTS.join(' or ')).optional(),
  ...foundWindow,
  /** Of units that are linked to a lot of this name, or to one that was merged with it. */
  lot: z.string().min(1).max(512, 'at most 512 characters').optional(),
  /** Inspection ids: only what stands in the log from the one to the other, both included, as a subgroup of a chart. */
  first: z.uuid('an inspection id (UUID)').optional(),
  last: z.uuid('an inspection id (UUID)').optional(),
  ...(kind === 'plant' ? { line } : ({} as { line: typeof line })),
})

const wholeNumber = (max: number): z.ZodType<number, string> =>
  z
    .string()
    .regex(/^\d{1,16}$/, `a whole number from 1 to ${max}`)
    .transform(Number)
    .refine((n) => n >= 1 && n <= max, `a whole number from 1 to ${max}`)

const SERIAL = z.string().min(1).max(512, 'at most 512 characters')

/** In the order of their bytes; `more` = there are further ones. */
const serialsSchema = z.object({ serials: z.array(z.string()), more: z.boolean() })

export const partPageSchema = z.object({
  parts: z.array(partRowSchema),
  /** Give it as `before` for the next page; null = no older part. */
  nextBefore: z.number().nullable(),
})

export const partAnswerSchema = z.object({
  part: partDetailSchema,
  recipe: recipeFactsSchema.nullable(),
  /** Inspection ids of the neighbours in the log that match the filter. */
  neighbours: z.object({ newer: z.string().nullable(), older: z.string().nullable() }),
})

export function partRoutes({ kind, queries, recipe }: Pick<Side, 'kind' | 'queries' | 'recipe'>): Route[] {
  const filter = filterOf(kind)
  /** An empty list must not stand for a range that is none. @throws API_NOT_FOUND, API_REQUEST */
  async function mustBeRange({
    first,
    last,
  }: {
    first?: string | undefined
    last?: string | undefined
  }): Promise<void> {
    const [from, to] = await Promise.all(
      [first, last].map((id) => (id === undefined ? null : queries.part(id))),
    )
    if (first !== undefined && !from) throw noInspection(first)
    if (last !== undefined && !to) throw noInspection(last)
    if (from && to && from.row.position > to.row.position)
      throw badRequest('the earlier inspection first', `${first} after ${last}`, 'query: first')
  }
  const listQuery = z.strictObject({
    ...filter,
    limit: wholeNumber(200).optional(),
    before: wholeNumber(Number.MAX_SAFE_INTEGER).optional(),
  })
  return [
    jsonRoute({
      path: '/api/parts',
      tag: 'parts',
      summary: { zh: '检测记录,最新在前,可过滤', en: 'Inspections, newest first, filtered' },
      query: listQuery,
      response: partPageSchema,
      async handle({ query: { limit = 50, before, ...asked } }) {
        const rows = await queries.recentParts({
          limit: limit + 1,
          ...(before === undefined ? {} : { beforePosition: before }),
          ...given(asked),
        })
        if (rows.length === 0) await mustBeRange(asked)
        const parts = rows.slice(0, limit)
        const last = parts.at(-1)
        return { parts, nextBefore: rows.length > limit && last ? last.position : null }
      },
    }),
    jsonRoute({
      path: '/api/parts/:inspectionId',
      tag: 'parts',
      summary: {
        zh: '一次检测的全部事实:判定、缺陷、规则轨迹、图像、闸门、履历',
        en: 'Everything about one inspection: verdict, findings, rule trace, images, gate, life',
      },
      params: z.strictObject({ inspectionId: z.uuid('an inspection id (UUID)') }),
      query: z.strictObject(filter),
      response: partAnswerSchema,
      async handle({ params: { inspectionId }, query }) {
        const part = await queries.part(inspectionId)
        if (!part) throw noInspection(inspectionId)
        const { position } = part.row
        const [older] = await queries.recentParts({ limit: 1, beforePosition: position, ...given(query) })
        const [newer] = await queries.recentParts({ limit: 1, afterPosition: position, ...given(query) })
        return {
          part,
          recipe: recipe(part.verdict.recipe),
          neighbours: { newer: newer?.inspectionId ?? null, older: older?.inspectionId ?? null },
        }
      },
    }),
    jsonRoute({
      path: '/api/serials',
      tag: 'parts',
      summary: { zh: '以某段文字开头的序列号', en: 'Serials that begin with a text' },
      query: z.strictObject({ begins: SERIAL, limit: wholeNumber(200).optional() }),
      response: serialsSchema,
      async handle({ query: { begins, limit = 20 } }) {
        const found = await queries.serialsFrom(begins, limit + 1)
        return { serials: found.slice(0, limit), more: found.length > limit }
      },
    }),
    jsonRoute({
      path: '/api/serials/:serial',
      tag: 'parts',
      summary: {
        zh: '一个序列号的履历:全部检测、谱系、事件',
        en: 'The life of a serial: every inspection, genealogy, events',
      },
      params: z.strictObject({ serial: SERIAL }),
      response: serialLifeSchema,
      async handle({ params: { serial } }) {
        const life = await queries.bySerial(serial)
        if (!life)
          throw notFound('the serial of a recorded part', serial, wrongKeyHint(serial), '已记录工件的序列号')
        return life
      },
    }),
  ]
}

const noInspection = (id: string): CodedError =>
  notFound('the id of a recorded inspection', id, undefined, '已记录的检测的编号')

type Asked = { [K in keyof Omit<PartFilter, 'limit'>]: PartFilter[K] | undefined }

/** Without what was not asked for. */
const given = (asked: Asked): Omit<PartFilter, 'limit'> =>
  Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined))
