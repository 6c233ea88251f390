/**
 * What a thread that only runs native code needs of contracts: the schemas of index.ts, and zod, would take 0.4 s of CPU
 * to load in each.
 */
export { CLOCK_SET_MS } from './clock.ts'
export * from './errors.ts'
export { inNative, inNativeUntil, reportNothing } from './native-call.ts'
