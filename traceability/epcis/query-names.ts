import { EQUALS, TIME_FIELDS } from './query-fields.ts'

/** What a parameter takes: a list has its values between `|`, of which one must fit. */
export type ValueForm = 'list' | 'time' | 'number' | 'flag' | 'count' | 'text'

const named = (form: ValueForm, names: readonly string[]): Record<string, ValueForm> =>
  Object.fromEntries(names.map((name) => [name, form]))

/** Parameters of the simple event query that have one name each (EPCIS 2.0, 8.2.7.1). */
export const EVENT_PARAMETERS: Readonly<Record<string, ValueForm>> = {
  ...named('list', [...Object.keys(EQUALS), 'WD_readPoint', 'WD_bizLocation']),
  ...named('flag', ['EQ_booleanValue', 'EXISTS_errorDeclaration', 'EXISTS_sensorElementList', 'EXISTS_ilmd']),
  ...named(
    'time',
    Object.keys(TIME_FIELDS).flatMap((field) => [`GE_${field}`, `LT_${field}`]),
  ),
  ...named(
    'number',
    ['quantity', 'percRank'].flatMap((field) => ['EQ', 'GT', 'GE', 'LT', 'LE'].map((op) => `${op}_${field}`)),
  ),
  ...named('count', ['eventCountLimit', 'maxEventCount']),
  ...named('text', ['orderBy', 'orderDirection']),
}

/** The names of the others hold a field, a type or a unit. */
export const EVENT_PARAMETER_FAMILIES: readonly string[] = [
  '{EQ|GT|GE|LT|LE}_{value|minValue|maxValue|meanValue|sDev|percValue}_{unit}',
  'EQ_{bizTransaction|source|destination}_{type}',
  'HASATTR_{field}',
  'EQATTR_{field}_{attribute}',
  '{EQ|GT|GE|LT|LE|EXISTS}_[INNER_][ILMD|ERROR_DECLARATION|SENSORELEMENT|SENSORMETADATA|SENSORREPORT|readPoint|bizLocation_]{extension}',
]
