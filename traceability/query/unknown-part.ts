import { faultIn } from '../identity/index.ts'

/** Why nobody may know a part by this text: what is wrong with it as a key. Undefined when nothing is. */
export function wrongKeyHint(text: string): string | undefined {
  const fault = faultIn(text)
  if (fault === null) return undefined
  const { path, expected, actual } = fault.detail
  const place = path === undefined ? '' : ` at ${path}`
  return `as a key it is wrong${place}: expected ${expected}, found ${actual}; it was looked up as a plain serial, too`
}
