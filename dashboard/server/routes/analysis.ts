import { analyse, causesCsv } from '../analysis.ts'
import { placesOf } from '../places.ts'
import type { RecordQueries } from '../ports.ts'
import { check, jsonRoute, type Route } from '../route.ts'
import { analysisSchema, placesSchema } from '../schemas/analysis.schema.ts'
import { z } from '../zod.ts'

const time = z.iso
  .datetime({ offset: true, error: 'an RFC 3339 time, e.g. 2026-01-31T06:00:00Z' })
  .transform((t) => new Date(t).toISOString())
  .optional()
/** `1`: CSV for a spreadsheet, with a byte order mark, and an apostrophe before names that it would change. */
const bom = z.enum(['0', '1']).optional()
/** With the class, and judged from one time (inclusive) to another (exclusive). */
export const foundWindow = { class: z.string().min(1).max(128).optional(), from: time, to: time }
const analysisQuery = z.strictObject({
  ...foundWindow,
  /** When a countermeasure took effect. */
  change: time,
  /** `class`: every frequent defect class by itself, too. */
  each: z.enum(['class']).optional(),
  format: z.enum(['json', 'csv']).optional(),
  bom,
})

export function analysisRoutes(queries: RecordQueries): Route[] {
  return [
    {
      method: 'get',
      path: '/api/analysis',
      tag: 'genealogy',
      summary: {
        zh: '原因分析:缺陷与批次、零部件批次、供应商、工位、治具、载具、模穴、炉次、操作员、班次、时段、配方、模型的关联,及对策前后比较;JSON 或 CSV',
        en: 'Causes: defects by lot, component lot, supplier, station, fixture, carrier, cavity, run, operator, shift, hour, recipe and model, ranked; before and after a countermeasure; JSON or CSV',
      },
      query: analysisQuery,
      response: analysisSchema,
      otherTypes: { 'text/csv': z.string() },
      async run(req, res) {
        const { format = 'json', each, bom: mark, ...asked } = check(analysisQuery, req.query, 'query')
        const answer = await analyse(queries, { ...given(asked), eachClass: each === 'class' })
        res.set('Cache-Control', 'no-store')
        if (format === 'csv')
          res
            .attachment('causes.csv')
            .type('text/csv')
            .send(causesCsv(answer, mark === '1'))
        else res.json(answer)
      },
    },
    jsonRoute({
      path: '/api/analysis/places',
      tag: 'genealogy',
      summary: {
        zh: '缺陷在工件上的位置:聚集处与热力图',
        en: 'Where on the part defects lie: clusters and a heat map',
      },
      query: z.strictObject({
        ...foundWindow,
        /** Absent = the one with the most defects. */
        recipe: z.string().min(1).max(256).optional(),
        /** Neighbours lie within so many per cent of the longer side of the frame. */
        radius: z
          .string()
          .regex(/^\d{1,2}(\.\d{1,3})?$/, 'per cent of the longer side of the frame, 0.1 to 25')
          .transform(Number)
          .refine((v) => v >= 0.1 && v <= 25, 'per cent of the longer side of the frame, 0.1 to 25')
          .optional(),
      }),
      response: placesSchema,
      async handle({ query: { radius, ...asked } }) {
        const places = await queries.defectPlaces(given(asked))
        return placesOf(places, radius === undefined ? undefined : radius / 100)
      },
    }),
  ]
}

/** Without the keys that were not asked for. */
const given = <T extends object>(asked: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(asked).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
