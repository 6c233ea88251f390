import { Worker, type WorkerOptions } from 'node:worker_threads'

/**
 * Starts a worker thread from a source or a built file: `spawnWorker(new URL('./x.worker.ts', import.meta.url))`.
 * From `dist` the `.js` beside it is used; from the sources tsx compiles it.
 */
export function spawnWorker(entry: URL, options: WorkerOptions = {}): Worker {
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL(entry.href.replace(/\.ts$/, '.js')), options)
  return new Worker(entry, { ...options, execArgv: [...(options.execArgv ?? []), '--import', 'tsx'] })
}
