import { type EpcLevel, epcProblem } from './epc.ts'
import { at, type Faults, isObject, type JsonObject } from './faults.ts'
import { checkExtension, type Namespaces } from './namespaces.ts'
import { isTime, isUri } from './uri.ts'
import * as cbv from './vocabulary.ts'

/** Checks the value of one property; what is wrong goes to `faults`. */
export type FieldCheck = (value: unknown, pointer: string, c: CheckContext) => void

export interface CheckContext {
  faults: Faults
  names: Namespaces
  /** The event is declared an error: it says what the one in error said, right or wrong. */
  inError?: boolean
}

const rule =
  (expected: string, test: (value: unknown) => boolean): FieldCheck =>
  (value, pointer, { faults }) => {
    if (!test(value)) faults.add(pointer, expected, value)
  }

export const text = rule('text', (v) => typeof v === 'string')
export const flag = rule('true or false', (v) => typeof v === 'boolean')
export const number = rule('a number', (v) => typeof v === 'number')
export const uri = rule('an absolute URI', isUri)
export const time = rule('a date-time with its offset (RFC 3339), e.g. 2026-01-31T06:00:00.000+08:00', isTime)
export const oneOf = (words: ReadonlySet<string>): FieldCheck =>
  rule(`one of ${[...words].join(', ')}`, (v) => typeof v === 'string' && words.has(v))
export const hex = rule('hexadecimal digits', (v) => typeof v === 'string' && /^[0-9A-Fa-f]+$/.test(v))
/** UN/ECE Recommendation 20 code of quantities: two or three capitals or digits. */
const isUnitCode = (code: unknown): boolean => typeof code === 'string' && /^[A-Z0-9]{2,3}$/.test(code)
const uom = rule('a unit code of UN/ECE Recommendation 20, e.g. KGM', isUnitCode)
export const zoneOffset = rule(
  'an offset from -14:00 to +14:00',
  (v) => typeof v === 'string' && /^[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00)$/.test(v),
)

/** A word of the vocabulary, or a URI that is not the long form of one (EPCIS 2.0, JSON binding: bare words only). */
export const vocabulary = (words: ReadonlySet<string>, name: string): FieldCheck =>
  rule(`a ${name} of CBV 2.0 as its bare word, or the URI of another vocabulary`, (v) => {
    if (typeof v !== 'string') return false
    return words.has(v) || (isUri(v) && !/^(urn:epcglobal:cbv|https?:\/\/ns\.gs1\.org\/cbv\/)/.test(v))
  })

/** Like `vocabulary`, for words of the GS1 Web Vocabulary. */
export const webVocabulary = (words: ReadonlySet<string>, name: string): FieldCheck =>
  rule(`a ${name} as its bare word, or the URI of another vocabulary`, (v) => {
    if (typeof v !== 'string') return false
    return words.has(v) || (isUri(v) && !/^https?:\/\/(www\.)?gs1\.org\/voc\//.test(v))
  })

/** An identifier in a place for individuals or for classes. */
export const epc =
  (level: EpcLevel): FieldCheck =>
  (value, pointer, c) => {
    if (!isUri(value)) return void c.faults.add(pointer, 'an absolute URI', value)
    // A class that was recorded by looser rules must be retractable.
    const problem = level === 'class' && c.inError === true ? null : epcProblem(value, level)
    if (problem !== null) c.faults.add(pointer, problem, value)
  }

export const list =
  (item: FieldCheck, { least = 0, unique = false }: { least?: number; unique?: boolean } = {}): FieldCheck =>
  (value, pointer, c) => {
    if (!Array.isArray(value)) return void c.faults.add(pointer, 'a list', value)
    if (value.length < least) c.faults.add(pointer, `at least ${least} entry`, value)
    const seen = new Set<unknown>()
    for (const [i, entry] of value.entries()) {
      const here = at(pointer, i)
      if (unique && seen.has(entry)) c.faults.add(here, 'each entry once', entry)
      seen.add(entry)
      item(entry, here, c)
    }
  }

export interface Shape {
  fields: Readonly<Record<string, FieldCheck>>
  required?: readonly string[]
  /** Whether properties of other namespaces may stand here. */
  extensions: boolean
  /** Names that are extensions although they are written without a prefix: never. */
  also?: (value: JsonObject, pointer: string, c: CheckContext) => void
}

/** An object of known properties; others only where extensions are allowed, with a declared namespace. */
export const object =
  ({ fields, required = [], extensions, also }: Shape): FieldCheck =>
  (value, pointer, c) => {
    if (!isObject(value)) return void c.faults.add(pointer, 'an object', value)
    for (const name of required)
      if (value[name] === undefined) c.faults.add(at(pointer, name), `the ${name}`, undefined)
    checkProperties(value, pointer, fields, extensions, c)
    also?.(value, pointer, c)
  }

export function checkProperties(
  value: JsonObject,
  pointer: string,
  fields: Readonly<Record<string, FieldCheck>>,
  extensions: boolean,
  c: CheckContext,
): void {
  for (const [name, item] of Object.entries(value)) {
    const here = at(pointer, name)
    const check = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (check !== undefined) check(item, here, c)
    else if (extensions && c.names.holds(name)) checkExtension(item, here, c.names, c.faults)
    else c.faults.add(here, expectedName(fields, extensions), name)
  }
}

function expectedName(fields: Readonly<Record<string, unknown>>, extensions: boolean): string {
  const names = Object.keys(fields).join(', ')
  const extension = 'an extension whose prefix the @context declares'
  if (!extensions) return `one of ${names}`
  return names === '' ? extension : `one of ${names}, or ${extension}`
}

/** EPCIS 2.0, 7.3.3.3: a count is a positive whole number, a measure a positive number with its unit. */
export const quantityElement = object({
  fields: { epcClass: epc('class'), quantity: number, uom },
  required: ['epcClass'],
  extensions: false,
  also({ quantity, uom: unit }, pointer, { faults, inError = false }) {
    const count = unit === undefined
    if (quantity === undefined && !count) faults.add(at(pointer, 'uom'), 'no uom without a quantity', unit)
    // A nought or a half that was recorded once must be retractable.
    if (typeof quantity !== 'number' || inError) return
    if (quantity > 0 && (!count || Number.isInteger(quantity))) return
    const expected = count ? 'a positive whole number where no uom is' : 'a positive number'
    faults.add(at(pointer, 'quantity'), expected, quantity)
  },
})

export const place = object({ fields: { id: epc('instance') }, required: ['id'], extensions: true })

export const bizTransaction = object({
  fields: { type: vocabulary(cbv.BIZ_TRANSACTION_TYPES, 'business transaction type'), bizTransaction: uri },
  required: ['bizTransaction'],
  extensions: false,
})

/** A source or destination. */
export const party = (role: 'source' | 'destination'): FieldCheck =>
  object({
    fields: { type: vocabulary(cbv.PARTY_TYPES, 'source or destination type'), [role]: epc('instance') },
    required: ['type', role],
    extensions: false,
  })

const disposition = vocabulary(cbv.DISPOSITIONS, 'disposition')
export const bizStep = vocabulary(cbv.BIZ_STEPS, 'business step')
export { disposition }

export const persistentDisposition = object({
  fields: {
    set: list(disposition, { least: 1, unique: true }),
    unset: list(disposition, { least: 1, unique: true }),
  },
  extensions: false,
  also(value, pointer, { faults }) {
    if (value['set'] === undefined && value['unset'] === undefined)
      faults.add(pointer, 'set, unset or both', value)
  },
})

export const errorDeclaration = object({
  fields: {
    declarationTime: time,
    reason: vocabulary(cbv.ERROR_REASONS, 'error reason'),
    correctiveEventIDs: list(uri),
  },
  required: ['declarationTime'],
  extensions: true,
})

export const certificationInfo: FieldCheck = (value, pointer, c) =>
  (Array.isArray(value) ? list(uri) : uri)(value, pointer, c)

/** Instance or lot master data: extensions only. */
export const ilmd = object({ fields: {}, extensions: true })
