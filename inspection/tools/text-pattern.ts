import { CodedError } from '../../contracts/index.ts'

/**
 * The expression that a whole line must have; it must stand alone, else `a)|(b` would reach out of what is put around it.
 *
 * @param path of the pattern in the recipe
 * @throws CFG_INVALID
 */
export function textPattern(pattern: string, path: string): RegExp {
  try {
    void new RegExp(pattern, 'u')
    return new RegExp(`^(?:${pattern})$`, 'du')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace(/^.*: /, '') : ''
    throw new CodedError('CFG_INVALID', {
      path,
      expected: 'a regular expression',
      actual: `${pattern}: ${why}`,
      cause,
    })
  }
}
