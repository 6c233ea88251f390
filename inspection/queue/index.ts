export type { BackgroundClient, BackgroundClientOptions, BackgroundWait } from './background-client.ts'
export type { BackgroundWorker, BackgroundWorkerOptions } from './background-worker.ts'
export { type BackgroundKind, type BackgroundProgress } from './background.schema.ts'
export { connectionOptions } from './redis-url.ts'
export type { QueueInspector, QueueInspectorOptions } from './queue-inspector.ts'
export type { QueueWorker, QueueWorkerOptions } from './queue-worker.ts'

/** The classes that need a Redis. */
export const redisQueue = (): Promise<typeof import('./redis.ts')> => import('./redis.ts')
