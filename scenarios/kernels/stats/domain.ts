import { CodedError } from '../../../contracts/index.ts'

/** A kernel was called outside its domain: a fault of the module that called it. */
export const outside = (kernel: string, expected: string, actual: unknown): CodedError =>
  new CodedError('EVT_MODULE', { path: kernel, expected, actual: String(actual) })
