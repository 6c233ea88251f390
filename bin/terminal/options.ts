import { InvalidArgumentError } from 'commander'

/** The option `--data` of every command that reads or writes the records of a line. */
export const DATA_OPTION = [
  '--data <dir>',
  'data directory (default: SIGHTLINE_DATA_DIR, else .sightline)',
] as const

/** What a schema expected, without the words of its checker before it, which say less than the code. */
export const expectedBy = (message: string | undefined): string =>
  (message ?? 'an option').replace(/^[^:]*: expected /, '').replaceAll('"', '')

/** Parser of a whole-number option. */
export const whole =
  (min: number, max = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const n = Number(text)
    if (!Number.isInteger(n) || n < min || n > max)
      throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}`)
    return n
  }

/** Parser of a number option. */
export const number =
  (min: number, max: number) =>
  (text: string): number => {
    const n = Number(text)
    if (!Number.isFinite(n) || n < min || n > max)
      throw new InvalidArgumentError(`expected a number from ${min} to ${max}`)
    return n
  }
