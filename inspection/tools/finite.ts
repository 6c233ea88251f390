import { CodedError, type ErrorCode } from '../../contracts/index.ts'

/**
 * Refuses NaN and infinities before anything compares them: every comparison with NaN is false, which would look
 * like a part without defects.
 *
 * @throws the given code
 */
export function assertFinite(
  numbers: Iterable<readonly [name: string, value: number]>,
  code: ErrorCode,
  tool: string,
): void {
  for (const [name, value] of numbers) {
    if (!Number.isFinite(value))
      throw new CodedError(code, {
        path: `${tool}.${name}`,
        expected: 'a finite number',
        actual: String(value),
      })
  }
}
