import { refuse } from './refuse.ts'

/** Identifier and its data: one of ASC MH10, e.g. `1T` and a lot, or a text element identifier, e.g. `SER` and a serial. */
export interface DataField {
  di: string
  value: string
}

interface DiRule {
  form: RegExp
  expected: string
}

const DATE6 = /^\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/
const DATE8 = /^\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/

/**
 * Identifiers whose data has a fixed form (ANSI MH10.8.2); every other one of the right form is taken as text, because
 * the registry grows between editions.
 */
const RULES: Readonly<Record<string, DiRule>> = {
  D: { form: DATE6, expected: 'a date YYMMDD' },
  '6D': {
    form: /^\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}$/,
    expected: 'a date YYYYMMDD and a qualifier',
  },
  '9D': { form: /^\d{2}(0[1-9]|[1-4]\d|5[0-3])$/, expected: 'a year and week YYWW' },
  '10D': { form: /^\d{2}(0[1-9]|[1-4]\d|5[0-3])$/, expected: 'a year and week YYWW' },
  '14D': { form: DATE8, expected: 'a date YYYYMMDD' },
  '16D': { form: DATE8, expected: 'a date YYYYMMDD' },
  '4L': { form: /^[A-Z]{2}$/, expected: 'a country code of two letters' },
  Q: { form: /^\d{1,13}(\.\d{1,9})?$/, expected: 'a quantity' },
  '12V': { form: /^\d{9}$/, expected: 'a DUNS number of nine digits' },
  '17V': { form: /^[0-9A-Z]{5}$/, expected: 'a CAGE code of five characters' },
}

/** One field as it stands between separators; `at` is its place in the text as read. @throws TRC_IDENTITY */
export function parseDataField(text: string, at: number): DataField {
  const m = /^(\d{0,3}[A-Z])([\s\S]*)$/.exec(text)
  const [, di = '', value = ''] = m ?? []
  if (m === null) refuse(at, 'a data identifier: up to three digits and a capital letter', text)
  const start = at + di.length
  const odd = value.search(/[^ -~]/)
  if (odd >= 0) refuse(start + odd, `a printable ASCII character in data identifier ${di}`, value.slice(odd))
  const rule = RULES[di]
  if (value.trim() === '' || (rule && !rule.form.test(value)))
    refuse(start, `${rule?.expected ?? 'data'} behind data identifier ${di}`, value)
  return { di, value }
}

/** A field of format 12: three letters or digits, a letter first, a blank and the data (ATA SPEC2000). @throws TRC_IDENTITY */
export function parseTextElement(text: string, at: number): DataField {
  const [, di = '', value = ''] = /^([A-Z][0-9A-Z]{2}) ([\s\S]*)$/.exec(text) ?? []
  if (di === '') refuse(at, 'a text element identifier of three characters and a blank', text)
  const odd = value.search(/[^ -~]/)
  if (odd >= 0) refuse(at + 4 + odd, `a printable ASCII character behind ${di}`, value.slice(odd))
  if (value.trim() === '') refuse(at + 4, `data behind ${di}`, value)
  return { di, value }
}
