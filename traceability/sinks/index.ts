export type { Delivery, EventSink } from './event-sink.ts'
export { Relay, type RelayHealth, type RelayOptions, type RetryFact } from './relay.ts'
export { WebhookSink, type WebhookOptions } from './webhook-sink.ts'
