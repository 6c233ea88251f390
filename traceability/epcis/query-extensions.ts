import { anyValue, type Comparison, isNumber } from './compare.ts'
import { FieldName, innerValues, prefixesOf, type SeenEvent, valuesIn } from './extension-fields.ts'
import { type JsonObject, isObject } from './faults.ts'
import { type Condition, declaration, sensorElements, sensorMetadata, sensorReports } from './query-fields.ts'
import { isName, isTime } from './uri.ts'
import { refuseParameter, single } from './query-params.ts'

const inside =
  (key: string) =>
  (e: JsonObject): JsonObject[] =>
    isObject(e[key]) ? [e[key]] : []

/** Where an extension field may stand, by the word in the name of the parameter. */
const PLACES: Readonly<Record<string, (e: JsonObject) => JsonObject[]>> = {
  '': (e) => [e],
  ILMD: inside('ilmd'),
  ERROR_DECLARATION: declaration,
  SENSORELEMENT: sensorElements,
  SENSORMETADATA: sensorMetadata,
  SENSORREPORT: sensorReports,
  readPoint: inside('readPoint'),
  bizLocation: inside('bizLocation'),
}

const NAME =
  /^(EQ|GT|GE|LT|LE|EXISTS)_(INNER_)?(?:(ILMD|ERROR_DECLARATION|SENSORELEMENT|SENSORMETADATA|SENSORREPORT|readPoint|bizLocation)_)?(.+:.+)$/

/**
 * Parameters over extension fields (EPCIS 2.0, 8.2.7.1): `GE_ext:field`, `EQ_ILMD_…`, `EXISTS_INNER_SENSORREPORT_…`.
 * Null when the name is none of them.
 */
export function extensionCondition(
  name: string,
  values: readonly string[],
  context: unknown,
): Condition | null {
  const m = NAME.exec(name)
  if (m === null) return null
  const [, op = '', inner, place = '', fieldName = ''] = m
  if (!isName(fieldName.replace('#', ''))) return null
  const where = PLACES[place]
  if (where === undefined) return null
  if (op === 'EXISTS' && !asked(name, values)) return EVERY_EVENT
  if (op !== 'EQ' && op !== 'EXISTS') {
    const bound = single(name, values)
    if (!isNumber(bound) && !isTime(bound))
      refuseParameter(name, 'a number or a date-time with its offset', bound)
  }
  const field = new FieldName(fieldName, context)
  const found = (seen: SeenEvent): unknown[] =>
    (inner === undefined ? valuesIn : innerValues)(where(seen.event), field, prefixesOf(seen))
  return op === 'EXISTS'
    ? { test: (seen) => found(seen).length > 0 }
    : { test: (seen) => found(seen).some((v) => anyValue(op as Comparison, v, values)) }
}

/** `EXISTS_errorDeclaration` and other fields of EPCIS itself. */
export function existsCondition(name: string, values: readonly string[]): Condition | null {
  const m = /^EXISTS_(errorDeclaration|sensorElementList|ilmd)$/.exec(name)
  const key = m?.[1]
  if (key === undefined) return null
  return asked(name, values) ? { test: ({ event }) => event[key] !== undefined } : EVERY_EVENT
}

const EVERY_EVENT: Condition = { test: () => true }

/**
 * `true` or nothing asks for the field; `false` is like leaving the parameter out (EPCIS 2.0, 8.2.7.1). As JSON it may be a
 * whole number (query-schema.json), which reads as a Boolean of XML does.
 */
function asked(name: string, values: readonly string[]): boolean {
  const value = single(name, values)
  if (!['', 'true', 'false', '1', '0'].includes(value)) refuseParameter(name, 'true or false', value)
  return value !== 'false' && value !== '0'
}
