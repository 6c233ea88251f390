import { z } from '../zod.ts'
import {
  EPC_FORMATS,
  EVENT_PARAMETER_FAMILIES,
  EVENT_PARAMETERS,
  type ValueForm,
} from '../../../traceability/query/index.ts'

/**
 * Headers and parameters of EPCIS as the OpenAPI document describes them. Nothing here checks anything: that is done by
 * the rules of the standard (`traceability/epcis`), which say more than these shapes can.
 */

const version = (what: string) =>
  z
    .string()
    .regex(/^\d{1,4}(\.\d{1,4}){0,3}$/)
    .optional()
    .openapi({ description: what, example: '2.0.0' })

/** What every resource looks at. */
export const versionHeaders = z.object({
  'GS1-EPCIS-Version': version('Version of EPCIS that the request is written in'),
  'GS1-EPCIS-Min': version('Oldest version of EPCIS that the client reads'),
  'GS1-EPCIS-Max': version('Newest version of EPCIS that the client reads'),
  'GS1-CBV-Version': version('Version of the CBV that the request is written in'),
  'GS1-CBV-Min': version('Oldest version of the CBV that the client reads'),
  'GS1-CBV-Max': version('Newest version of the CBV that the client reads'),
  'GS1-Extensions': z.string().optional().openapi({
    description: 'Extensions that the client knows. Taken and not looked at: events name their own',
  }),
})

export const formatHeader = z.object({
  'GS1-EPC-Format': z
    .enum(EPC_FORMATS)
    .default('Never_Translates')
    .openapi({ description: 'How EPCs of GS1 keys are written in the answer' }),
})

export const captureHeaders = z.object({
  'GS1-Capture-Error-Behaviour': z
    .enum(['rollback', 'proceed'])
    .default('rollback')
    .openapi({ description: 'Whether one invalid event refuses all, or the valid ones are captured' }),
})

/** Of a list that comes in pages. */
export const pageQuery = z.object({
  perPage: z
    .int()
    .min(1)
    .max(999_999)
    .default(30)
    .openapi({ description: 'Items of a page; more than 1000 are answered as 1000' }),
  nextPageToken: z
    .string()
    .optional()
    .openapi({ description: 'From the Link header of the page before; it carries its query' }),
})

const FORM: Record<ValueForm, () => z.ZodType> = {
  list: () => z.array(z.string()).openapi({ param: { style: 'pipeDelimited', explode: false } }),
  time: () => z.iso.datetime({ offset: true }),
  number: () => z.number(),
  flag: () => z.boolean(),
  count: () => z.int().min(1),
  text: () => z.string(),
}

const OWN: Readonly<Record<string, [form: z.ZodType, what: string]>> = {
  EQ_action: [
    z
      .array(z.enum(['ADD', 'OBSERVE', 'DELETE']))
      .openapi({ param: { style: 'pipeDelimited', explode: false } }),
    'One of the actions',
  ],
  orderBy: [z.string(), 'eventTime, recordTime, or the name of an extension field'],
  orderDirection: [z.enum(['ASC', 'DESC']), 'Beside orderBy; DESC unless said otherwise'],
  eventCountLimit: [z.int().min(1), 'The first so many events; beside orderBy'],
  maxEventCount: [z.int().min(1), 'Refused with QueryTooLargeException when more events meet the query'],
  eventType: [FORM.list(), 'One of the types of events'],
}

const WHAT: Readonly<Record<string, (field: string, time: boolean) => string>> = {
  EQ: (field) => `${field} is one of the values`,
  GT: (field) => `${field} is greater`,
  GE: (field, time) => `${field} is ${time ? 'then or later' : 'the value or greater'}`,
  LT: (field, time) => `${field} is ${time ? 'earlier' : 'smaller'}`,
  LE: (field) => `${field} is the value or smaller`,
  WD: (field) => `${field} is one of the places or lies within it, as the master data say`,
  MATCH: (field) => `${field} is one of the identifiers, or meets a pattern urn:epc:idpat:…`,
  EXISTS: (field) => `The event has ${field}`,
}

function parameter(name: string, form: ValueForm): z.ZodType {
  const [operator = '', ...field] = name.split('_')
  const [schema, what] = OWN[name] ?? [
    FORM[form](),
    WHAT[operator]?.(field.join('_'), form === 'time') ?? name,
  ]
  return schema.optional().openapi({ description: what })
}

const eventParameters: Record<string, z.ZodType> = Object.fromEntries(
  Object.entries(EVENT_PARAMETERS).map(([name, form]) => [name, parameter(name, form)]),
)

/** The simple event query (EPCIS 2.0, 8.2.7.1). @param without the parameter that the path stands for */
export const eventsQuery = (without?: string): z.ZodObject =>
  pageQuery.extend(
    Object.fromEntries([
      ...Object.entries(eventParameters).filter(([name]) => name !== without),
      [
        'others',
        z
          .record(z.string(), z.string())
          .optional()
          .openapi({
            param: { style: 'form', explode: true },
            description: `Each under its own name: ${EVENT_PARAMETER_FAMILIES.join(', ')}`,
          }),
      ],
    ]) as Record<string, z.ZodType>,
  )

const schedule = z
  .string()
  .openapi({ description: 'Numbers and ranges [a-b] between commas, in UTC', example: '0,30' })
export const scheduleShape = {
  second: schedule.optional(),
  minute: schedule.optional(),
  hour: schedule.optional(),
  dayOfMonth: schedule.optional(),
  month: schedule.optional(),
  dayOfWeek: schedule.optional().openapi({ description: '1 Monday to 7 Sunday; as the others' }),
}
/** What a subscription is told, by either way. */
export const controls = {
  stream: z.boolean().optional().openapi({ description: 'As soon as events are recorded; else a schedule' }),
  reportIfEmpty: z.boolean().optional(),
  initialRecordTime: z.iso
    .datetime({ offset: true })
    .optional()
    .openapi({ description: 'Events recorded from then on; absent = from now on' }),
}

/** Of a subscription by WebSocket. */
export const streamQuery = z.object({ ...controls, ...scheduleShape })
export const upgradeHeaders = z.object({
  Connection: z.literal('Upgrade').optional().openapi({ description: 'To subscribe by WebSocket' }),
  Upgrade: z.literal('websocket').optional().openapi({ description: 'To subscribe by WebSocket' }),
})
