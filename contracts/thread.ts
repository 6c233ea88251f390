/**
 * What threads need of contracts that check nothing against a schema: those of index.ts, and zod, would take 0.4 s of CPU
 * to load in each.
 */
export { canonicalJson } from './canonical-json.ts'
export { CLOCK_SET_MS } from './clock.ts'
export { EpcisError } from './epcis.ts'
export * from './errors.ts'
export { gs1CheckDigit } from './gs1-check-digit.ts'
export { uuidv5 } from './ids.ts'
export { isDiskFull } from './disk-full.ts'
export { makeFolder } from './make-folder.ts'
export { CALLS, countNativeCalls, inNative, inNativeUntil, reportNothing } from './native-call.ts'
export { timeLimit } from './time-limit.ts'
export { spawnWorker } from './worker-entry.ts'
