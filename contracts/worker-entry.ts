import { writeSync } from 'node:fs'
import { isMainThread, setEnvironmentData, Worker, type WorkerOptions } from 'node:worker_threads'
import { builtEntry } from './built-entry.ts'
import { CALLS, ENDING, NATIVE_CALLS, nativeCounts, reportNothing } from './native-call.ts'

/** Longest time a thread, or the end of the process, waits for native code to return, ms. */
const NATIVE_LIMIT_MS = 5_000

/** Between two looks at the count of a thread that is to end, ms. */
const CALLS_LOOK_MS = 20

/** Threads that have not ended, with their counts of native calls. */
const alive = new Map<Worker, { words: Int32Array; exited: Promise<void> }>()
let guarded = false

/**
 * Starts a worker thread from a source or a built file: `spawnWorker(new URL('./x.worker.ts', import.meta.url))`.
 * From `dist` the `.js` beside it is used. From the sources tsx is registered inside the worker first, because
 * Node 20 does not pass module hooks on to worker threads. End it by `endThread`, never by `terminate`.
 *
 * @param loads file that the thread imports besides; where only its source is there, the thread starts from the sources
 */
export function spawnWorker(entry: URL, options: WorkerOptions = {}, loads: URL = entry): Worker {
  if (!guarded) process.on('exit', letNativeCodeReturn)
  guarded = true
  reportNothing()
  const words = new Int32Array(new SharedArrayBuffer(8))
  setEnvironmentData(NATIVE_CALLS, [words, ...nativeCounts])
  const worker = start(entry, options, loads)
  // A thread that a library starts has no count.
  setEnvironmentData(NATIVE_CALLS)
  const exited = new Promise<void>((resolve) =>
    worker.once('exit', () => {
      alive.delete(worker)
      resolve()
    }),
  )
  alive.set(worker, { words, exited })
  return worker
}

function start(entry: URL, options: WorkerOptions, loads: URL): Worker {
  const built = builtEntry(loads) && builtEntry(entry)
  if (built !== null) return new Worker(built, options)
  const tsx = new URL('../node_modules/tsx/dist/esm/api/index.mjs', import.meta.url).href
  const boot = `import(${JSON.stringify(tsx)}).then((t) => { t.register(); return import(${JSON.stringify(entry.href)}) })`
  return new Worker(boot, { ...options, eval: true })
}

/**
 * Ends a thread, whatever its JavaScript does; one that is in native code ends when that returns. False when it has not
 * after `limitMs`: it still takes its core and memory, and no longer keeps the process alive.
 */
export async function endThread(worker: Worker, limitMs = NATIVE_LIMIT_MS): Promise<boolean> {
  const thread = alive.get(worker)
  if (thread === undefined) return true
  Atomics.store(thread.words, ENDING, 1)
  // From here on no native call begins; one that is running ends its thread when it returns. One of a thread that this
  // one has started does not end this one.
  const untilMs = performance.now() + limitMs
  while (Atomics.load(thread.words, CALLS) > 0 && performance.now() < untilMs)
    if (await ended(worker, CALLS_LOOK_MS)) return true
  if (Atomics.load(thread.words, CALLS) === 0) void worker.terminate()
  const inTime = await ended(worker, Math.max(0, untilMs - performance.now()))
  if (!inTime) worker.unref()
  return inTime
}

/** Tells a thread to end in its own words; one that has not after `limitMs` is ended. */
export async function closeThread(worker: Worker, message: unknown, limitMs: number): Promise<void> {
  worker.postMessage(message)
  if (!(await ended(worker, limitMs))) await endThread(worker)
}

/** False when the thread has not ended after `limitMs`. */
async function ended(worker: Worker, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), limitMs)))
  const exited = alive.get(worker)?.exited.then(() => true)
  const inTime = await Promise.race([exited ?? true, late])
  clearTimeout(timer)
  return inTime
}

/**
 * The runtime ends all threads when the process ends, and waits for them. Whoever is in native code by then is let out
 * first. What hangs there would hold the process for ever: it is killed, after saying so.
 */
function letNativeCodeReturn(code: number): void {
  const untilMs = performance.now() + NATIVE_LIMIT_MS
  for (const { words } of alive.values()) Atomics.store(words, ENDING, 1)
  for (const [worker, { words }] of alive)
    for (let calls = Atomics.load(words, CALLS); calls > 0; calls = Atomics.load(words, CALLS)) {
      const leftMs = untilMs - performance.now()
      if (leftMs > 0) {
        Atomics.wait(words, CALLS, calls, leftMs)
        continue
      }
      // A thread ends with its process; only the process itself may be killed.
      if (!isMainThread) return
      writeSync(
        2,
        `thread ${worker.threadId} hangs in native code: the process, which ended with ${code}, is killed\n`,
      )
      process.kill(process.pid, 'SIGKILL')
    }
}
