import { z } from 'zod'
import { urlSchema } from './address.schema.ts'
import { EVENT_DATA } from './event.schema.ts'

const CORE_TYPES = Object.keys(EVENT_DATA)

/** Whether a filter (`qe.inspection.completed.v1`, `mod.lean.*`) takes events of this type. */
export const takesType = (filter: string, type: string): boolean =>
  filter.endsWith('*') ? type.startsWith(filter.slice(0, -1)) : filter === type

/** A type of event, or all that begin alike. Of our own types, one that no event can have is a typing error. */
const eventFilter = z
  .string()
  .regex(
    /^(qe|ext|mod|action)\.([a-z0-9.-]+\.v\d+|([a-z0-9-]+\.)*\*)$/,
    'an event type, or its beginning with an asterisk: qe.inspection.completed.v1, mod.lean.*',
  )
  .refine((filter) => !filter.startsWith('qe.') || CORE_TYPES.some((type) => takesType(filter, type)), {
    error: `one of ${CORE_TYPES.join(', ')}, or the beginning of one with an asterisk`,
  })

/** Names the cursor: another id gets all events from the first one on. */
const sinkId = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'lower-case letters, digits and dashes')
const variable = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]*$/, 'the name of an environment variable: capitals, digits, underscores')
const isBare = ({ username, password }: URL): boolean => username === '' && password === ''
const urlOf = (protocol: RegExp, what: string, secret: string): z.ZodType<string> =>
  urlSchema(protocol, what).refine((url) => !URL.canParse(url) || isBare(new URL(url)), {
    error: `a URL without user and password; name ${secret}`,
  })
/** Which events are sent; the others are passed over. */
const events = z.array(eventFilter).min(1).default(['qe.*', 'mod.*', 'action.*', 'ext.*'])
const delivery = {
  /** Longest time for one answer, ms. */
  timeoutMs: z.number().int().positive().max(60_000).default(10_000),
  /** Answers that say "failed" before the event becomes a dead letter; a receiver that is away has no limit. */
  attempts: z.number().int().positive().max(1_000).default(10),
}
/** User at a broker, and the environment variable that holds the password. */
const login = { user: z.string().min(1).optional(), passwordVariable: variable.optional() }
const LOGIN = 'user and passwordVariable'

/** Somebody outside who gets the events of the line, from a cursor of their own. */
const sinkSchema = z.discriminatedUnion('adapter', [
  /** HTTP POST of one CloudEvent after the other. */
  z.strictObject({
    adapter: z.literal('webhook'),
    id: sinkId,
    url: urlOf(/^https?$/, 'an http or https URL', 'the variable of a token in tokenVariable'),
    /** Environment variable that holds the bearer token; absent = no token. */
    tokenVariable: variable.optional(),
    events,
    ...delivery,
  }),
  /** One CloudEvent to a message of QoS 1. */
  z.strictObject({
    adapter: z.literal('mqtt'),
    id: sinkId,
    url: urlOf(/^mqtts?$/, 'an mqtt or mqtts URL', LOGIN),
    /** `{line}` and `{type}` are filled in. */
    topic: z
      .string()
      .regex(/^[^#+\0]{1,200}$/, 'a topic without # and +')
      .default('sightline/{line}/{type}'),
    ...login,
    events,
    ...delivery,
  }),
  /** IPC-2591 CFX: `CFX.Production.TestAndInspection.UnitsInspected` over AMQP 1.0, one message to an inspection. */
  z.strictObject({
    adapter: z.literal('cfx'),
    id: sinkId,
    url: urlOf(/^amqps?$/, 'an amqp or amqps URL', LOGIN),
    /** Of the node that takes the messages, as the broker names it: a queue, a topic, an exchange. */
    address: z.string().min(1),
    /** Who the endpoint is in the CFX network. */
    handle: z.string().regex(/^[\w.-]{1,128}$/, 'letters, digits, dot, dash and underscore'),
    ...login,
    events: z.tuple([z.literal('qe.inspection.completed.v1')]).default(['qe.inspection.completed.v1']),
    ...delivery,
  }),
])
export type SinkSpec = z.infer<typeof sinkSchema>

export const sinksSchema = z
  .array(sinkSchema)
  .default([])
  .superRefine((sinks, context) => {
    const ids = new Set<string>()
    for (const [i, { id }] of sinks.entries()) {
      if (ids.has(id)) context.addIssue({ code: 'custom', path: [i, 'id'], message: 'sink ids used once' })
      ids.add(id)
    }
  })
