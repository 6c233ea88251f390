import type { MqttClient } from 'mqtt'
import { asCoded, CodedError, type IdentitySource, type IdentitySourceSpecOf } from '../../contracts/index.ts'
import { parsePushed } from './pushed-read.ts'
import { ReadFeed } from './read-feed.ts'

/** A broker that does not answer for one and a half of it is gone. */
const KEEPALIVE_S = 10

/** Until a topic that the broker refused is asked for again, ms: somebody may have let us in meanwhile. */
const AGAIN_MS = 5_000

/** Reads as messages of an MQTT topic; the client connects and subscribes again by itself. */
export function mqttReads(spec: IdentitySourceSpecOf<'mqtt-reads'>): IdentitySource {
  const feed = new ReadFeed(spec.id, spec)
  let client: MqttClient | null = null
  let again: NodeJS.Timeout | undefined
  let closed = false
  const lost = (e: unknown): void => feed.lost(asCoded(e, 'CAM_GONE', { path: spec.url }))
  return {
    id: spec.id,
    adapter: spec.adapter,
    open: async (listener) => {
      closed = false
      // Before anything is open: who closes meanwhile must not find a client made afterwards.
      const { connect } = await import('mqtt')
      if (closed) return
      feed.open(listener)
      const { username, password } = spec
      client = connect(spec.url, {
        ...(username !== undefined && { username }),
        ...(password !== undefined && { password }),
        reconnectPeriod: 500,
        keepalive: KEEPALIVE_S,
        resubscribe: false,
      })
      const c = client
      const subscribe = (): void => {
        c.subscribe(spec.topic, { qos: spec.qos }, (error) => {
          // It went meanwhile, which is told by itself.
          if (!c.connected) return
          if (!error) return feed.connected()
          lost(
            new CodedError('CAM_OPEN', {
              path: `${spec.url} ${spec.topic}`,
              actual: `the broker refused the topic: ${error.message}`,
              hint: 'let the user read it, by the access rules of the broker; it is asked for again by itself',
            }),
          )
          again = setTimeout(subscribe, AGAIN_MS)
        })
      }
      c.on('connect', subscribe)
      c.on('error', lost)
      c.on('close', () => {
        clearTimeout(again)
        lost(new CodedError('CAM_GONE', { path: spec.url, actual: 'no connection to the broker' }))
      })
      c.on('message', (topic, payload, { retain }) => {
        try {
          // The broker sends it at every subscription anew, and it would name the part that stands there by then.
          if (retain)
            throw new CodedError('CAM_IO', {
              path: topic,
              expected: 'reads of this connection',
              actual: 'one that the broker kept of an earlier time',
              hint: 'let the reader publish without the retain flag',
            })
          feed.read(parsePushed(payload))
        } catch (e) {
          feed.refused(asCoded(e, 'CAM_BAD_REQUEST'))
        }
      })
    },
    health: () => feed.health,
    close: async () => {
      closed = true
      clearTimeout(again)
      feed.close()
      await client?.endAsync(true)
    },
  }
}
