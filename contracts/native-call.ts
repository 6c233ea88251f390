import { getEnvironmentData, isMainThread } from 'node:worker_threads'

/**
 * A thread that is ended while an addon (SQLite on Node 20, ONNX Runtime) runs takes the whole process with it when the
 * call returns: the addon meets an environment that is going, throws a C++ exception, and nobody catches it. Calls of
 * such addons are counted here; `endThread` and the end of the process wait until there is none.
 */
export const NATIVE_CALLS = 'sightline native calls'
/** Words of the count: calls that are in native code now, and 1 when none may begin any more. */
export const CALLS = 0
export const ENDING = 1

/**
 * The counts of this thread and of the threads that started it, which end it when they end; none on the main thread,
 * which nobody ends from outside, unless somebody asks for one.
 */
export const nativeCounts = (getEnvironmentData(NATIVE_CALLS) as Int32Array[] | undefined) ?? []
let depth = 0

/** From here on counts the calls of this thread: how many are in native code now stands at `CALLS`. */
export function countNativeCalls(): Int32Array {
  const words = new Int32Array(new SharedArrayBuffer(8))
  nativeCounts.push(words)
  return words
}

/** Makes a call of an addon. In a thread that is to end, the thread ends instead, before or after it. */
export function inNative<T>(call: () => T): T {
  enter()
  try {
    return call()
  } finally {
    leave()
  }
}

/** The same for a call whose native part runs before the promise settles. */
export async function inNativeUntil<T>(call: () => Promise<T>): Promise<T> {
  enter()
  try {
    return await call()
  } finally {
    leave()
  }
}

function enter(): void {
  depth += 1
  for (const words of nativeCounts) Atomics.add(words, CALLS, 1)
  // Looked at after the count has gone up: whoever ends threads sets it first and counts then.
  if (depth === 1 && ending()) leave()
}

function leave(): void {
  depth -= 1
  for (const words of nativeCounts) Atomics.sub(words, CALLS, 1)
  if (!ending()) return
  for (const words of nativeCounts) Atomics.notify(words, CALLS)
  if (depth > 0) return
  process.exit()
  // The runtime stops a thread at the next turn of a loop, not within the call above.
  for (;;);
}

/**
 * ONNX Runtime for Linux and macOS tells its maker of every session, with names and hashes of models, unless told not to
 * (1.29 and later; a line opens nothing but its ports). It looks at the environment of the process, which the main thread
 * alone can change: called there before the library is loaded or a thread is started that loads it.
 */
export function reportNothing(): void {
  if (isMainThread) process.env['ORT_DISABLE_TELEMETRY'] = '1'
}

const ending = (): boolean => nativeCounts.some((words) => Atomics.load(words, ENDING) === 1)
