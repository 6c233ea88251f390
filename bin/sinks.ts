import { type EventLog, lineSchema, type LineSpec, takesType } from '../contracts/index.ts'
import type { LineState } from '../dashboard/index.ts'
import { type ConsumerLedger, Relay, WebhookSink } from '../traceability/index.ts'
import { log } from './log.ts'

export interface Sinks {
  start(): void
  health(): LineState['sinks']
  close(): Promise<void>
}

/** One relay per sink of the line file, each with its own cursor in the store. */
export function openSinks(
  specs: LineSpec['sinks'],
  tokens: ReadonlyMap<string, string>,
  events: EventLog,
  ledger: ConsumerLedger,
): Sinks {
  const relays = specs.map((spec) => {
    const { id, url, timeoutMs, attempts } = spec
    const token = tokens.get(id)
    return new Relay({
      log: events,
      ledger,
      sink: new WebhookSink({ name: id, url, timeoutMs, ...(token === undefined ? {} : { token }) }),
      takes: (type) => spec.events.some((filter) => takesType(filter, type)),
      attempts,
      onChange(what, fact) {
        if (what === 'dead')
          log.error({ sink: id, ...fact }, 'an event was not taken and is set aside as a dead letter')
        else if (what === 'retrying')
          log.warn({ sink: id, ...fact }, 'an event was not taken and is sent again')
        else log.info({ sink: id, ...fact }, 'the sink takes events again')
      },
      onAlarm: (error) => log.error({ sink: id, code: error.code }, error.message),
    })
  })
  return {
    start() {
      for (const relay of relays) relay.start()
    },
    health: () => relays.map((relay) => relay.health()),
    async close() {
      await Promise.all(relays.map((relay) => relay.close()))
    },
  }
}

const tokenOf = (env: NodeJS.ProcessEnv, variable: string): string | null => env[variable]?.trim() || null

/** A line file whose sinks find their tokens in the environment. */
export const lineSchemaWithTokens = (env: NodeJS.ProcessEnv): typeof lineSchema =>
  lineSchema.superRefine(({ sinks }, context) => {
    for (const [i, { tokenVariable }] of sinks.entries())
      if (tokenVariable !== undefined && tokenOf(env, tokenVariable) === null)
        context.addIssue({
          code: 'custom',
          path: ['sinks', i, 'tokenVariable'],
          message: 'the name of a variable that is set in the environment',
        })
  })

/** Sink id → bearer token, for the sinks that want one. */
export function sinkTokens({ sinks }: LineSpec, env: NodeJS.ProcessEnv): Map<string, string> {
  const tokens = new Map<string, string>()
  for (const { id, tokenVariable } of sinks) {
    const token = tokenVariable === undefined ? null : tokenOf(env, tokenVariable)
    if (token !== null) tokens.set(id, token)
  }
  return tokens
}
