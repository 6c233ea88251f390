import {
  type EventLog,
  lineSchema,
  type LineSpec,
  type PartStore,
  type SinkSpec,
  takesType,
} from '../../contracts/index.ts'
import type { LineState, SinkPort } from '../../dashboard/index.ts'
import {
  CfxSink,
  checkReplay,
  checkSink,
  consumerOf,
  type ConsumerLedger,
  type EventSink,
  MqttSink,
  Relay,
  replayEvent,
  WebhookSink,
} from '../../traceability/index.ts'
import { log } from '../setup/log.ts'

export interface Sinks extends SinkPort {
  start(): void
  health(): LineState['sinks']
  close(): Promise<void>
}

/** One relay per sink of the line file, each with its own cursor in the store. */
export function openSinks(
  line: Pick<LineSpec, 'plant' | 'line' | 'sinks'>,
  tokens: ReadonlyMap<string, string>,
  events: EventLog,
  store: ConsumerLedger & Pick<PartStore, 'emit'>,
): Sinks {
  const relays = line.sinks.map((spec) => {
    const { id, attempts } = spec
    const sink = sinkOf(spec, tokens.get(id))
    const relay = new Relay({
      log: events,
      ledger: store,
      sink,
      takes: (type) => spec.events.some((filter) => takesType(filter, type)),
      attempts,
      onChange(what, fact) {
        if (what === 'dead')
          log.error({ sink: id, ...fact }, 'an event was not taken and is set aside as a dead letter')
        else if (what === 'unheard')
          log.warn(
            { sink: id, ...fact },
            'the receiver throws events of this type away, as nobody asked for them',
          )
        else if (what === 'retrying')
          log.warn({ sink: id, ...fact }, 'an event was not taken and is sent again')
        else log.info({ sink: id, ...fact }, 'the sink takes events again')
      },
      onDeadSent: (sent) => log.info({ sink: id, ...sent }, 'dead letters were sent again'),
      onAlarm: (error) => log.error({ sink: id, code: error.code }, error.message),
    })
    return { relay, sink }
  })
  return {
    start() {
      for (const { relay } of relays) relay.start()
    },
    health: () => relays.map(({ relay }) => relay.health()),
    async replay(sink, { from = null, by }) {
      checkSink(
        sink,
        line.sinks.map(({ id }) => id),
      )
      if (from !== null) checkReplay(sink, from, await store.cursor(consumerOf(sink)))
      await store.emit(replayEvent({ sink, from, by }, line))
      log.info({ sink, from, by }, from === null ? 'dead letters are sent again' : 'events are sent again')
      const relay = relays.find((r) => r.sink.name === sink)?.relay
      if (from === null) relay?.replayDead()
      else await relay?.replayFrom(from)
    },
    async close() {
      await Promise.all(relays.map(({ relay }) => relay.close()))
      for (const { sink } of relays) sink.close()
    },
  }
}

/** @param secret token or password, when the sink has one */
function sinkOf(spec: SinkSpec, secret: string | undefined): EventSink & { close(): void } {
  const { id: name, url, timeoutMs } = spec
  if (spec.adapter === 'webhook')
    return new WebhookSink({ name, url, timeoutMs, ...(secret === undefined ? {} : { token: secret }) })
  const login = {
    ...(spec.user === undefined ? {} : { user: spec.user }),
    ...(secret === undefined ? {} : { password: secret }),
  }
  if (spec.adapter === 'mqtt') return new MqttSink({ name, url, timeoutMs, topic: spec.topic, ...login })
  const { address, handle } = spec
  return new CfxSink({ name, url, timeoutMs, address, handle, ...login })
}

/** The key of a sink that names the variable of its secret, and the variable. */
const secretOf = (spec: SinkSpec): { key: string; variable: string | undefined } =>
  spec.adapter === 'webhook'
    ? { key: 'tokenVariable', variable: spec.tokenVariable }
    : { key: 'passwordVariable', variable: spec.passwordVariable }

const tokenOf = (env: NodeJS.ProcessEnv, variable: string): string | null => env[variable]?.trim() || null

/** A line file whose sinks find their tokens in the environment. */
export const lineSchemaWithTokens = (env: NodeJS.ProcessEnv): typeof lineSchema =>
  lineSchema.superRefine(({ sinks }, context) => {
    for (const [i, sink] of sinks.entries()) {
      const { key, variable } = secretOf(sink)
      if (variable !== undefined && tokenOf(env, variable) === null)
        context.addIssue({
          code: 'custom',
          path: ['sinks', i, key],
          message: 'the name of a variable that is set in the environment',
        })
    }
  })

/** Sink id → bearer token or password, for the sinks that want one. */
export function sinkTokens({ sinks }: LineSpec, env: NodeJS.ProcessEnv): Map<string, string> {
  const tokens = new Map<string, string>()
  for (const sink of sinks) {
    const { variable } = secretOf(sink)
    const token = variable === undefined ? null : tokenOf(env, variable)
    if (token !== null) tokens.set(sink.id, token)
  }
  return tokens
}
