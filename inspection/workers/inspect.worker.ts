import { parentPort, workerData } from 'node:worker_threads'
import type { WorkerSetup } from './messages.ts'
import { serveJobs } from './serve-jobs.ts'

if (parentPort) serveJobs(parentPort, workerData as WorkerSetup)
