export { connectionOptions, queueReachable } from './redis-link.ts'
export { JOBS_QUEUE } from './job.schema.ts'
export { QueueInspector, type QueueInspectorOptions } from './queue-inspector.ts'
export { QueueWorker, type QueueWorkerOptions } from './queue-worker.ts'
