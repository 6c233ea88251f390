import { anyValue } from './compare.ts'
import { FieldName, prefixesIn, prefixesOf, type SeenEvent, valuesIn } from './extension-fields.ts'
import { isObject, type JsonObject } from './faults.ts'
import type { Condition } from './query-fields.ts'
import { refuseParameter } from './query-params.ts'

/** Master data that queries ask about. */
export interface MasterDataLookup {
  /** Attributes of a vocabulary element, by any form of its URI, with the context that gives their names a meaning. */
  attributes(uri: string): readonly { id: string; value: unknown; context: unknown }[]
  /** The element and everything below it. */
  descendants(uri: string): ReadonlySet<string>
}

const placeIn =
  (key: string) =>
  (e: JsonObject): unknown[] =>
    isObject(e[key]) ? [e[key]['id']] : []

/** Standard fields whose values are elements of a vocabulary. */
const FIELDS: Readonly<Record<string, (e: JsonObject) => unknown[]>> = {
  readPoint: placeIn('readPoint'),
  bizLocation: placeIn('bizLocation'),
  bizStep: (e) => [e['bizStep']],
  disposition: (e) => [e['disposition']],
}

/**
 * `HASATTR_bizLocation=ext:attr` and `EQATTR_bizLocation_ext:attr=value` (EPCIS 2.0, 8.2.7.1): the element that the field
 * names has master data with that attribute, or with that value of it. The field may also be an extension, by its prefix
 * or as namespace, `#` and name. Attributes go by what their names mean, not by how they are written.
 *
 * @throws EpcisError QueryParameterException, also where an underscore leaves open what is field and what attribute
 */
export function attributeCondition(
  name: string,
  values: readonly string[],
  context: unknown,
  masterData: MasterDataLookup,
): Condition | null {
  const [, kind, rest = ''] = /^(HASATTR|EQ_?ATTR)_(.+)$/.exec(name) ?? []
  if (kind === undefined) return null
  const [fieldName, attribute] = kind === 'HASATTR' ? [rest, null] : fieldAndAttribute(name, rest)
  const known = FIELDS[fieldName]
  if (known === undefined && !fieldName.includes(':'))
    return refuseParameter(name, 'a field that names an element', fieldName)
  const field = new FieldName(fieldName, context)
  const wanted = (attribute === null ? values : [attribute]).map((v) => new FieldName(v, context))
  const elements = (seen: SeenEvent): unknown[] =>
    known?.(seen.event) ?? valuesIn([seen.event], field, prefixesOf(seen))
  return {
    test: (seen) =>
      elements(seen).some((uri) => {
        if (typeof uri !== 'string') return false
        return masterData.attributes(uri).some(({ id, value, context: own }) => {
          // An attribute without a value is as if it were not there.
          if (value === null || value === undefined) return false
          const prefixes = prefixesIn(own)
          if (!wanted.some((w) => w.is(id, prefixes))) return false
          return attribute === null || anyValue('EQ', value, values)
        })
      }),
  }
}

function fieldAndAttribute(name: string, rest: string): [field: string, attribute: string] {
  const standard = Object.keys(FIELDS).find((f) => rest.startsWith(`${f}_`))
  if (standard !== undefined) return [standard, rest.slice(standard.length + 1)]
  const parts = rest.split('_')
  const [field = '', attribute = ''] = parts
  if (parts.length !== 2 || attribute === '')
    refuseParameter(name, 'a field and an attribute with one underscore between them', rest)
  return [field, attribute]
}
