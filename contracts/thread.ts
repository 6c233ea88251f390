/**
 * What a thread that only runs native code needs of contracts: the schemas of index.ts, and zod, would take 0.4 s of CPU
 * to load in each.
 */
export * from './errors.ts'
export { inNative, inNativeUntil } from './native-call.ts'
