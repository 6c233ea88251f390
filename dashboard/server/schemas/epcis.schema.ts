import { EPC_FORMATS } from '../../../traceability/query/index.ts'
import { z } from '../zod.ts'
import { controls, scheduleShape } from './epcis-query.schema.ts'

/**
 * Bodies of EPCIS as the OpenAPI document describes them, sent and answered. Nothing here checks anything: that is done by
 * the rules of the standard (`traceability/epcis`), which say more than these shapes can.
 */

const context = z
  .union([z.string(), z.looseObject({}), z.array(z.unknown())])
  .openapi({ description: 'JSON-LD context: that of EPCIS, and the prefix of each extension' })

const eventFields = {
  type: z.string().openapi({ example: 'ObjectEvent' }),
  eventTime: z.iso.datetime({ offset: true }),
  eventTimeZoneOffset: z.string().openapi({ example: '+08:00' }),
  eventID: z.string().optional().openapi({ description: 'Absent = the hash of the event (CBV 2.0, 8.9)' }),
}
export const epcisEvent = z.looseObject({ '@context': context, ...eventFields }).openapi('EpcisEvent')

const eventList = z.array(z.looseObject(eventFields))
export const epcisDocument = z
  .looseObject({
    '@context': context,
    type: z.literal('EPCISDocument'),
    schemaVersion: z.string().openapi({ example: '2.0' }),
    creationDate: z.iso.datetime({ offset: true }),
    epcisBody: z.looseObject({ eventList }),
  })
  .openapi('EpcisDocument')
/** Also what event queries answer. */
export const epcisQueryDocument = z
  .looseObject({
    '@context': context,
    type: z.literal('EPCISQueryDocument'),
    epcisBody: z.looseObject({
      queryResults: z.looseObject({ queryName: z.string(), resultsBody: z.looseObject({ eventList }) }),
    }),
  })
  .openapi('EpcisQueryDocument')
export const captured = z.union([epcisDocument, epcisQueryDocument, epcisEvent])

/** Problem body (RFC 7807) with the EPCIS exception. */
export const problemSchema = z
  .object({
    type: z.string().openapi({ example: 'epcisException:NoSuchNameException' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    pointer: z.string().optional().openapi({ description: 'JSON pointer to the first fault' }),
    errors: z.array(z.object({ pointer: z.string(), expected: z.string(), actual: z.string() })).optional(),
  })
  .openapi('EpcisProblem')

export const captureJob = z
  .object({
    captureID: z.string(),
    createdAt: z.iso.datetime(),
    finishedAt: z.iso.datetime().optional(),
    running: z.boolean(),
    success: z.boolean(),
    captureErrorBehaviour: z.enum(['rollback', 'proceed']),
    errors: z.array(problemSchema),
  })
  .openapi('EpcisCaptureJob')

const queryShape = {
  name: z.string().regex(/^[A-Za-z0-9][\w.~-]{0,127}$/),
  query: z
    .looseObject({})
    .openapi({ description: 'Parameters of the simple event query; lists are arrays, also @context' }),
}
export const newQuery = z
  .strictObject({ ...queryShape, '@context': context.optional() })
  .openapi('EpcisNewQuery')
export const namedQuery = z.object({ ...queryShape, createdAt: z.iso.datetime() }).openapi('EpcisNamedQuery')

export const newSubscription = z
  .strictObject({
    dest: z.url().openapi({ description: 'Where events are posted to' }),
    signatureToken: z
      .string()
      .regex(/^[!-~]{8,512}$/)
      .optional()
      .openapi({ description: 'Key of the GS1-Signature of each delivery' }),
    ...controls,
    schedule: z.strictObject(scheduleShape).optional(),
    epcFormat: z.enum(EPC_FORMATS).optional(),
  })
  .openapi('EpcisNewSubscription')
export const subscription = z
  .looseObject({
    subscriptionID: z.string(),
    dest: z.string(),
    createdAt: z.iso.datetime(),
    ...controls,
    schedule: z.object(scheduleShape).optional(),
    lastNotifiedAt: z.iso.datetime().optional(),
    epcFormat: z.enum(EPC_FORMATS),
    signed: z.boolean(),
  })
  .openapi('EpcisSubscription')

/** Names of what lies below a resource. */
export const collection = z
  .object({
    '@context': z.array(z.unknown()),
    type: z.literal('Collection'),
    member: z.array(z.string()),
  })
  .openapi('EpcisCollection')
