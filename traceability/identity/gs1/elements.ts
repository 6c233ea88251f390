import { CodedError } from '../../contracts/index.ts'
import { GS1_CHARSET, GS1_CHECKS } from './gs1-checks.ts'
import { AI_LENGTH, GS1_RULES, type Gs1Rule } from './gs1-rules.ts'

const FNC1 = '\u001d'

/** AI and its data, in the order of the symbol. */
export interface Gs1Element {
  ai: string
  value: string
}

/** @throws TRC_IDENTITY; `at` is the 0-based character of the scanned text. */
function refuse(at: number, expected: string, actual: string): never {
  throw new CodedError('TRC_IDENTITY', {
    path: `character ${at}`,
    expected,
    actual: JSON.stringify(actual),
    hint: 'print the code again or correct the label data',
  })
}

function ruleAt(text: string, at: number): Gs1Rule {
  const prefix = text.slice(at, at + 2)
  const length = AI_LENGTH.get(prefix)
  if (length === undefined) refuse(at, 'a GS1 application identifier', prefix === '' ? 'end of data' : prefix)
  const ai = text.slice(at, at + length)
  return GS1_RULES.get(ai) ?? refuse(at, 'a GS1 application identifier', ai)
}

/** Checks one data field against its rule; `at` is where it starts in the scanned text. */
function checkField(rule: Gs1Rule, value: string, at: number): void {
  let pos = 0
  for (const c of rule.components) {
    if (c.optional && pos === value.length) break
    const part = value.slice(pos, pos + c.max)
    if (part.length < c.min) {
      const size = c.min === c.max ? String(c.max) : `${c.min} to ${c.max}`
      refuse(at + pos, `${size} characters for AI (${rule.ai})`, part)
    }
    for (let i = 0; i < part.length; i++) {
      if (!GS1_CHARSET[c.type].test(part.charAt(i)))
        refuse(
          at + pos + i,
          `a character of the ${c.type === 'N' ? 'digits' : 'GS1 charset'} in AI (${rule.ai})`,
          part.charAt(i),
        )
    }
    for (const name of c.checks) {
      const check = GS1_CHECKS[name]
      if (check && !check.ok(part)) refuse(at + pos, `${check.expected} in AI (${rule.ai})`, part)
    }
    pos += part.length
  }
  if (pos < value.length) refuse(at + pos, `end of AI (${rule.ai})`, value.slice(pos, pos + 24))
}

/** The same AI may stand twice only with the same data (General Specifications 4.14, rule on repeated data). */
function noContradiction(elements: readonly Gs1Element[]): Gs1Element[] {
  const seen = new Map<string, string>()
  return elements.filter(({ ai, value }) => {
    const before = seen.get(ai)
    if (before !== undefined && before !== value) {
      throw new CodedError('TRC_IDENTITY', {
        expected: `one value for AI (${ai})`,
        actual: `${before} and ${value}`,
        hint: 'the symbol contradicts itself; correct the label data',
      })
    }
    seen.set(ai, value)
    return before === undefined
  })
}

/**
 * GS1 element string as scanned: AIs run together, FNC1 (`\u001d`) behind fields of variable length; a leading or
 * closing FNC1 is accepted.
 *
 * @throws TRC_IDENTITY with the character position
 */
export function parseElementString(text: string): Gs1Element[] {
  const elements: Gs1Element[] = []
  let at = text.startsWith(FNC1) ? 1 : 0
  if (at === text.length) refuse(at, 'a GS1 application identifier', 'end of data')
  while (at < text.length) {
    const rule = ruleAt(text, at)
    const start = at + rule.ai.length
    let end = text.indexOf(FNC1, start)
    if (end < 0) end = text.length
    if (rule.predefined)
      end = Math.min(
        end,
        rule.components.reduce((n, c) => n + c.max, start),
      )
    const value = text.slice(start, end)
    checkField(rule, value, start)
    elements.push({ ai: rule.ai, value })
    at = text[end] === FNC1 ? end + 1 : end
  }
  return noContradiction(elements)
}

/**
 * Human form `(01)09506000134352(21)A1`; a literal bracket inside data is written `\(`.
 *
 * @throws TRC_IDENTITY with the character position
 */
export function parseBracketed(text: string): Gs1Element[] {
  const elements: Gs1Element[] = []
  const head = /\((\d{2,4})\)/y
  let at = 0
  while (at < text.length) {
    head.lastIndex = at
    const m = head.exec(text)
    const ai = m?.[1]
    if (m === null || ai === undefined)
      refuse(at, 'an application identifier in brackets', text.slice(at, at + 6))
    const rule = GS1_RULES.get(ai) ?? refuse(at + 1, 'a GS1 application identifier', ai)
    const start = at + m[0].length
    let end = start
    while (end < text.length && text[end] !== '(') end += text[end] === '\\' ? 2 : 1
    const value = text.slice(start, end).replaceAll('\\(', '(')
    checkField(rule, value, start)
    elements.push({ ai, value })
    at = end
  }
  if (elements.length === 0) refuse(0, 'an application identifier in brackets', text.slice(0, 6))
  return noContradiction(elements)
}

/** AIs that may stand first in a GS1 Digital Link path: GS1 Digital Link URI Syntax 1.4, section 4.3. */
const PRIMARY = new Set('00 01 253 255 401 402 414 415 417 8003 8004 8006 8010 8013 8017 8018'.split(' '))

/** Elements of a GS1 Digital Link URI, or null when the text is not one. @throws TRC_IDENTITY for wrong data in one */
export function parseDigitalLink(text: string): Gs1Element[] | null {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return null
  const url = new URL(text)
  const path = url.pathname.split('/').slice(1)
  const first = path.findIndex((s, i) => PRIMARY.has(s) && (path.length - i) % 2 === 0)
  if (first < 0) return null
  const pairs: [string, string][] = []
  for (let i = first; i + 1 < path.length; i += 2) pairs.push([path[i] ?? '', path[i + 1] ?? ''])
  for (const [key, value] of url.searchParams) if (GS1_RULES.has(key)) pairs.push([key, value])
  const elements = pairs.map(([ai, raw]) => {
    const rule = GS1_RULES.get(ai) ?? refuse(text.indexOf(`/${ai}/`) + 1, 'a GS1 application identifier', ai)
    let value = raw
    try {
      value = decodeURIComponent(raw)
    } catch {
      refuse(text.indexOf(raw), 'percent encoding', raw)
    }
    // GTIN-8, -12 and -13 are allowed in the path and padded to 14 digits.
    if (ai === '01' && /^(\d{8}|\d{12,13})$/.test(value)) value = value.padStart(14, '0')
    checkField(rule, value, Math.max(0, text.indexOf(raw)))
    return { ai, value }
  })
  return noContradiction(elements)
}
