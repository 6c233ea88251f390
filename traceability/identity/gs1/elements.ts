import { CodedError } from '../../../contracts/thread.ts'
import { refuse } from '../refuse.ts'
import { AI_LENGTH, GS1_RULES, type Gs1Rule } from './ai-table.ts'
import { GS1_CHARSET, GS1_CHECKS } from './checks.ts'

/** How readers transmit FNC1 between fields. */
export const FNC1 = '\u001d'

/** AI and its data, in the order of the symbol. */
export interface Gs1Element {
  ai: string
  value: string
}

/** @param at where the AI stands in the text as read */
export function ruleOf(ai: string, at: number): Gs1Rule {
  return GS1_RULES.get(ai) ?? refuse(at, 'a GS1 application identifier', ai === '' ? 'end of data' : ai)
}

function ruleAt(text: string, at: number, offset: number): Gs1Rule {
  const prefix = text.slice(at, at + 2)
  return ruleOf(text.slice(at, at + (AI_LENGTH.get(prefix) ?? 2)), offset + at)
}

/** Checks one data field against its rule; `at` is where it starts in the text as read. @throws TRC_IDENTITY */
export function checkField(rule: Gs1Rule, value: string, at: number): void {
  let pos = 0
  for (const c of rule.components) {
    if (c.optional && pos === value.length) break
    const part = value.slice(pos, pos + c.max)
    const { odd: other, name } = GS1_CHARSET[c.type]
    const odd = part.search(other)
    if (odd >= 0) refuse(at + pos + odd, `${name} in AI (${rule.ai})`, part.slice(odd))
    if (part.length < c.min) {
      const size = c.min === c.max ? String(c.max) : `${c.min} to ${c.max}`
      refuse(at + pos, `${size} characters for AI (${rule.ai})`, part)
    }
    for (const check of c.checks) {
      const found = GS1_CHECKS[check]
      const wrong = found?.wrongAt(part) ?? null
      if (!found || wrong === null) continue
      const expected = typeof found.expected === 'string' ? found.expected : found.expected(part)
      refuse(at + pos + wrong, `${expected} in AI (${rule.ai})`, part.slice(wrong))
    }
    pos += part.length
  }
  if (pos < value.length) refuse(at + pos, `end of AI (${rule.ai})`, value.slice(pos))
}

/** The same AI may stand twice only with the same data (General Specifications 4.14, rule on repeated data). */
export function noContradiction(elements: readonly Gs1Element[]): Gs1Element[] {
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
 * @param offset where `text` begins in the text as read; positions of errors count from there
 * @throws TRC_IDENTITY with the character position
 */
export function parseElementString(text: string, offset = 0): Gs1Element[] {
  const elements: Gs1Element[] = []
  let at = text.startsWith(FNC1) ? 1 : 0
  if (at === text.length) refuse(offset + at, 'a GS1 application identifier', 'end of data')
  while (at < text.length) {
    const rule = ruleAt(text, at, offset)
    const start = at + rule.ai.length
    let end = text.indexOf(FNC1, start)
    if (end < 0) end = text.length
    if (rule.predefined)
      end = Math.min(
        end,
        rule.components.reduce((n, c) => n + c.max, start),
      )
    const value = text.slice(start, end)
    checkField(rule, value, offset + start)
    elements.push({ ai: rule.ai, value })
    at = text[end] === FNC1 ? end + 1 : end
  }
  return noContradiction(elements)
}

/** Element string for a symbol: FNC1 behind every field that is not of pre-defined length, none at the end. */
export function elementString(elements: readonly Gs1Element[]): string {
  return elements
    .map(({ ai, value }, i) => {
      const open = GS1_RULES.get(ai)?.predefined !== true && i < elements.length - 1
      return ai + value + (open ? FNC1 : '')
    })
    .join('')
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
    const rule = ruleOf(ai, at + 1)
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

export const bracketed = (elements: readonly Gs1Element[]): string =>
  [...new Set(elements.map((e) => `(${e.ai})${e.value.replaceAll('(', '\\(')}`))].join('')
