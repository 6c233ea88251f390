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

/**
 * Counted from this thread outwards, and taken back from the outermost inwards: whoever finds the count of a thread at 0
 * may end it at the next instruction, and what such a thread had still counted for those that started it would stay.
 */
function enter(): void {
  depth += 1
  for (let level = 0; level < nativeCounts.length; level++) {
    const words = nativeCounts[level] as Int32Array
    Atomics.add(words, CALLS, 1)
    // Looked at after the count has gone up: whoever ends threads sets it first and counts then.
    if (depth === 1 && isEnding(words)) return leave(level)
  }
}

function leave(outermost = nativeCounts.length - 1): void {
  depth -= 1
  for (let level = outermost; level >= 0; level--) {
    const words = nativeCounts[level] as Int32Array
    Atomics.sub(words, CALLS, 1)
    if (isEnding(words)) Atomics.notify(words, CALLS)
  }
  if (depth > 0 || !nativeCounts.some(isEnding)) return
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

function isEnding(words: Int32Array): boolean {
  return Atomics.load(words, ENDING) === 1
}
