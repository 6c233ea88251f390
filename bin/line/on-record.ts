import { CodedError } from '../../contracts/index.ts'

/**
 * Refuses a deed without the words that go on record with it.
 *
 * @throws CFG_USAGE naming the first flag that is missing or blank
 */
export function requireWords<K extends string>(
  given: Partial<Record<K, string>>,
  needed: readonly K[],
): void {
  const missing = needed.find((key) => !given[key]?.trim())
  if (missing !== undefined)
    throw new CodedError('CFG_USAGE', {
      expected: `--${missing}`,
      actual: 'nothing',
      hint: 'it goes on record',
    })
}
