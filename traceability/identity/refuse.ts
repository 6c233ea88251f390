import { CodedError } from '../../contracts/thread.ts'

/** @throws TRC_IDENTITY; `at` is the 0-based character of the text as read. */
export function refuse(at: number, expected: string, actual: string): never {
  throw new CodedError('TRC_IDENTITY', {
    path: `character ${at}`,
    expected,
    actual: JSON.stringify(actual.slice(0, 40)),
    hint: 'print the code again or correct the label data',
  })
}
