import { Worker, type WorkerOptions } from 'node:worker_threads'

/**
 * Starts a worker thread from a source or a built file: `spawnWorker(new URL('./x.worker.ts', import.meta.url))`.
 * From `dist` the `.js` beside it is used. From the sources tsx is registered inside the worker first, because
 * Node 20 does not pass module hooks on to worker threads.
 */
export function spawnWorker(entry: URL, options: WorkerOptions = {}): Worker {
  if (!import.meta.url.endsWith('.ts'))
    return new Worker(new URL(entry.href.replace(/\.ts$/, '.js')), options)
  const tsx = new URL('../node_modules/tsx/dist/esm/api/index.mjs', import.meta.url).href
  const boot = `import(${JSON.stringify(tsx)}).then((t) => { t.register(); return import(${JSON.stringify(entry.href)}) })`
  return new Worker(boot, { ...options, eval: true })
}
