import { InvalidArgumentError } from 'commander'

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
