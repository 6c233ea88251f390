export { type Canary, canaryJob } from './canary.ts'
export { LocalInspector, type LocalInspectorOptions } from './local-inspector.ts'
export type { WorkerSetup } from './messages.ts'
export { type BeforeJudging, serveJobs } from './serve-jobs.ts'
