/** What talks to Redis. Its libraries take a third of a second to load, so `redisQueue` loads it where there is a Redis. */
export { BackgroundClient } from './background-client.ts'
export { BackgroundWorker } from './background-worker.ts'
export { QueueInspector } from './queue-inspector.ts'
export { QueueWorker } from './queue-worker.ts'
export { tryQueue } from './try-queue.ts'
