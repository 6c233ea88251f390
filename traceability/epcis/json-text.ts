import { at, Faults } from './faults.ts'

/** Deeper nesting than this is refused: far above any event, far below what would exhaust a stack. */
const MAX_DEPTH = 64

/**
 * Looks for what `JSON.parse` would change without a word: the same key twice in an object, numbers that a double does
 * not hold, halves of surrogate pairs, nesting without end. Only for text that `JSON.parse` takes.
 */
export function findLosses(text: string, faults: Faults): void {
  let i = 0
  const space = (): void => {
    while (i < text.length && ' \t\n\r'.includes(text[i] ?? '')) i++
  }
  const string = (): string => {
    const start = i
    i++
    while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1
    i++
    return JSON.parse(text.slice(start, i)) as string
  }
  const wellFormed = (value: string, pointer: string): void => {
    if (!value.isWellFormed())
      faults.add(pointer, 'text of whole Unicode characters', 'half of a surrogate pair')
  }
  const value = (pointer: string, depth: number): boolean => {
    if (depth > MAX_DEPTH) return faults.add(pointer, `at most ${MAX_DEPTH} levels of nesting`, 'more')
    space()
    const c = text[i]
    if (c === '{' || c === '[') {
      const close = c === '{' ? '}' : ']'
      const keys = new Set<string>()
      i++
      space()
      for (let n = 0; text[i] !== close; n++) {
        if (n > 0) i++
        space()
        let here = at(pointer, n)
        if (c === '{') {
          const key = string()
          here = at(pointer, key)
          wellFormed(key, here)
          if (keys.has(key)) faults.add(here, 'each key once', 'the same key twice')
          if (key === '__proto__') faults.add(here, 'a property name of EPCIS', key)
          keys.add(key)
          space()
          i++
        }
        if (!value(here, depth + 1)) return false
        space()
      }
      i++
    } else if (c === '"') wellFormed(string(), pointer)
    else {
      const token = /^[^\s,\]}]+/.exec(text.slice(i, i + 1_000))?.[0] ?? ''
      i += token.length
      if (/^[-\d]/.test(token) && !exact(token))
        faults.add(pointer, 'a number that a double (IEEE 754) holds exactly as written', token)
    }
    return true
  }
  value('', 0)
}

/** What `findLosses` finds. */
export function lossesOf(text: string): Faults['list'] {
  const faults = new Faults()
  findLosses(text, faults)
  return faults.list
}

/** Digits that tell any double from any other (IEEE 754-2008, 5.12.2); many programs write that many, needed or not. */
const ENOUGH = 17

/**
 * Whether the decimal that was written is the shortest one of its double, or that double rounded to as many digits; the
 * sign of a zero says nothing.
 */
function exact(token: string): boolean {
  const number = Number(token)
  if (!Number.isFinite(number)) return false
  const written = digits(token)
  if (written === digits(String(number))) return true
  const count = /^-?(\d+)e/.exec(written)?.[1]?.length ?? 0
  return count > 0 && count <= ENOUGH && written === digits(number.toPrecision(count))
}

/** Significant digits and exponent of a decimal: `26.0`, `2.6e1` and `26` are the same. */
function digits(decimal: string): string {
  const m = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(decimal)
  if (m === null) return decimal
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = m
  const all = (whole + fraction).replace(/^0+/, '')
  const bare = all.replace(/0+$/, '')
  if (bare === '') return '0'
  return `${sign}${bare}e${Number(exponent) - fraction.length + (all.length - bare.length)}`
}
