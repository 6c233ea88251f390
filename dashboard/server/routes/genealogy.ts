import {
  asCoded,
  CodedError,
  THING_LENGTH,
  type TraceFact,
  traceFactSchema,
} from '../../../contracts/index.ts'
import { RECALL_FORMS, wrongKeyHint } from '../../../traceability/query/index.ts'
import { notFound } from '../errors.ts'
import { jsonBody } from '../json-body.ts'
import type { FactPort, RecordQueries } from '../ports.ts'
import { check, jsonRoute, type Route } from '../route.ts'
import {
  factsAnswerSchema,
  factsBodySchema,
  holdSchema,
  livesSchema,
  MAX_FACTS,
  recallSchema,
} from '../schemas/genealogy.schema.ts'
import { epcisDocument } from '../schemas/epcis.schema.ts'
import { mustHave } from '../accounts/who.ts'
import { changeGuard } from '../security.ts'
import { z } from '../zod.ts'

const time = z.iso
  .datetime({ offset: true, error: 'an RFC 3339 time, e.g. 2026-01-31T06:00:00Z' })
  .transform((t) => new Date(t).toISOString())
  .optional()
const recallQuery = z.strictObject({
  target: z.string().min(1).max(THING_LENGTH),
  from: time,
  to: time,
  format: z.enum(RECALL_FORMS).optional(),
  /** `1`: CSV for a spreadsheet, with a byte order mark, and an apostrophe before names that it would change. */
  bom: z.enum(['0', '1']).optional(),
})

const RECALL_TYPES = { json: 'application/json', csv: 'text/csv', epcis: 'application/ld+json' } as const

export function genealogyRoutes(queries: RecordQueries, facts: Pick<FactPort, 'recordFact'>): Route[] {
  const body = jsonBody(2_048)
  return [
    jsonRoute({
      path: '/api/parts/:serial/life',
      tag: 'genealogy',
      summary: {
        zh: '工件一生:时间线、来源(批次与供应商)、去向(托盘、发货、订单)、同批工件',
        en: 'The life of a part: timeline, back to lots and suppliers, forward to pallets, shipments, orders, siblings',
      },
      params: z.strictObject({ serial: z.string().min(1).max(512, 'at most 512 characters') }),
      query: z.strictObject({
        shown: z
          .string()
          .regex(/^([1-9]\d{0,2}|1000)$/, 'a whole number from 1 to 1000')
          .transform(Number)
          .optional(),
      }),
      response: livesSchema,
      async handle({ params: { serial }, query: { shown = 100 } }) {
        const units = await queries.unitLives(serial, { shown })
        if (units.length === 0)
          throw notFound('the serial of a recorded part', serial, wrongKeyHint(serial), '已记录工件的序列号')
        return { units }
      },
    }),
    {
      method: 'get',
      path: '/api/recall',
      tag: 'genealogy',
      summary: {
        zh: '召回清单:批次、部件、供应商、模型、配方或工位所影响的每个工件及其所在',
        en: 'Recall: every unit that a lot, component, supplier, model, recipe or station concerns, and where it is',
      },
      query: recallQuery,
      response: recallSchema,
      otherTypes: { [RECALL_TYPES.csv]: z.string(), [RECALL_TYPES.epcis]: epcisDocument },
      async run(req, res) {
        const { target, from, to, format = 'json', bom } = check(recallQuery, req.query, 'query')
        const asked = { target, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
        const text = await queries.recallText(asked, format, bom === '1')
        res.set('Cache-Control', 'no-store')
        if (format === 'csv') res.attachment('recall.csv')
        res.type(RECALL_TYPES[format]).send(text)
      },
    },
    jsonRoute({
      path: '/api/holds',
      tag: 'genealogy',
      summary: {
        zh: '隔离记录,生效中的在前',
        en: 'Holds, those in force first, then the newest released ones',
      },
      response: z.array(holdSchema),
      handle: () => queries.holds(),
    }),
    {
      method: 'post',
      path: '/api/trace/events',
      role: 'operator',
      tag: 'genealogy',
      summary: {
        zh: '登记谱系事实(赋码、收货、装箱、转化、关联、返工、复检、处置、隔离、解除、发货、使用、投诉、更正)',
        en: 'States facts: commission, receipt, packing, transformation, association, rework, disposition, hold, release, shipment …',
      },
      body: factsBodySchema,
      response: factsAnswerSchema,
      otherStatuses: { 207: { means: 'Some facts of a list are refused', body: true } },
      guards: [changeGuard, ...body],
      async run(req, res) {
        const asked: unknown = req.body
        const many = Array.isArray(asked)
        const list = (many ? asked : [asked]) as unknown[]
        if (list.length === 0 || list.length > MAX_FACTS)
          throw new CodedError('API_REQUEST', {
            path: 'body',
            expected: `1 to ${MAX_FACTS} facts`,
            actual: String(list.length),
          })
        // All are checked before the first is recorded: a malformed file changes nothing.
        const checked = list.map((fact, i) => check(traceFactSchema, fact, many ? `body[${i}]` : 'body'))
        if (checked.some(letsGo)) mustHave(req, 'qa')
        const results = await Promise.all(checked.map((fact) => stated(facts, fact)))
        const refused = results.filter((r) => r.error !== undefined)
        if (!many && refused[0]?.error) throw refused[0].error
        res
          .status(refused.length === 0 ? 200 : 207)
          .set('Cache-Control', 'no-store')
          .json({
            recorded: results.length - refused.length,
            refused: refused.length,
            results: results.map(({ error, ...r }) =>
              error === undefined ? r : { ...r, code: error.code, message: error.message },
            ),
          } satisfies z.infer<typeof factsAnswerSchema>)
      },
    },
  ]
}

/** What lets parts go, or takes back what somebody stated, is for those who answer for quality. */
const letsGo = ({ kind, supersedes }: TraceFact): boolean =>
  kind === 'release' || kind === 'dispose' || kind === 'retract' || supersedes !== undefined

interface Stated {
  id: string
  position?: number
  repeated?: boolean
  error?: CodedError
}

async function stated(facts: Pick<FactPort, 'recordFact'>, fact: TraceFact): Promise<Stated> {
  try {
    return await facts.recordFact(fact)
  } catch (error) {
    return { id: fact.id, error: asCoded(error, 'TRC_WRITE') }
  }
}
