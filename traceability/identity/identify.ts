import {
  asCoded,
  CodedError,
  type CodeRead,
  type ErrorCode,
  type I18n,
  type Recipe,
} from '../../contracts/index.ts'
import { fieldsUnit, gs1Unit, serialUri, type UnitName, unitOfCarrier } from './canonical-uri.ts'
import { type CarrierData, readCarrier } from './carrier.ts'
import type { DataField } from './data-identifiers.ts'
import { bracketed, checkPairings, GS1_RULES, type Gs1Element } from './gs1/index.ts'

export interface Alias {
  /** `barcode` = text of the symbol as read, `gs1` = `(ai)value` in brackets, `epc` = URI of a tag, as read and pure. */
  scheme: 'barcode' | 'gs1' | 'epc'
  value: string
}

export interface IdentityProblem {
  kind: 'none' | 'invalid' | 'double' | 'other-product'
  code: ErrorCode
  message: string
  text: I18n
}

/** What the codes on one part say about it. */
export interface Identification {
  /** Null when no code names an individual: the part goes under its trigger number. */
  serial: string | null
  uri: string | null
  gtin: string | null
  lot: string | null
  aliases: Alias[]
  /** Set when the recipe's policy demands that the part is held. */
  problem: IdentityProblem | null
}

export type IdentityPolicy = Recipe['identity']

const TEXT: Record<IdentityProblem['kind'], I18n> = {
  none: { zh: '未读到工件序列号', en: 'No serial was read from the part' },
  invalid: { zh: '条码内容不是有效的身份标识', en: 'The code is not a valid identity' },
  double: { zh: '同一工件上读到互相矛盾的身份', en: 'Contradicting identities were read from one part' },
  'other-product': { zh: '条码属于其他产品', en: 'The code belongs to another product' },
}

const problem = (kind: IdentityProblem['kind'], error: CodedError): IdentityProblem => ({
  kind,
  code: error.code,
  message: error.message,
  text: TEXT[kind],
})

/**
 * Establishes the identity of a part from its code reads; pure, so that gate and record agree.
 *
 * Elements of several GS1 symbols on one part are taken together (General Specifications 4.13). Contradicting symbols,
 * unreadable content and another product's GTIN are problems under `required` and `optional`; a missing serial only
 * under `required`; under `none` nothing is, and the code serves as a name when it is unambiguous.
 *
 * @param reads   all code reads of the verdict; failed ones are ignored
 * @param product the product of the active recipe
 * @param tools   ids of the tools whose codes are identities; absent = all
 */
export function identify(
  reads: readonly CodeRead[],
  product: { id: string; gtin?: string | undefined },
  policy: IdentityPolicy,
  tools?: readonly string[],
): Identification {
  const good = reads.filter((r) => r.ok && (tools === undefined || tools.includes(r.tool)))
  const aliases: Alias[] = []
  const carriers: CarrierData[] = []
  const problems: IdentityProblem[] = []
  for (const read of good) {
    try {
      const carrier = readCarrier(read)
      carriers.push(carrier)
      addAlias(aliases, { scheme: carrier.kind === 'epc' ? 'epc' : 'barcode', value: read.text })
      if (carrier.kind === 'epc' && carrier.epc.pureIdentity !== null)
        addAlias(aliases, { scheme: 'epc', value: carrier.epc.pureIdentity })
    } catch (error) {
      problems.push(problem('invalid', asCoded(error, 'TRC_IDENTITY')))
    }
  }
  const elements = carriers.flatMap((c) => c.elements)
  try {
    // The recipe's product stands in for a GTIN that the labels do not repeat.
    const keyed = elements.some(({ ai }) => ai === '03' || (GS1_RULES.get(ai)?.qualifiers ?? null) !== null)
    if (elements.length > 0)
      checkPairings(keyed ? elements : [...elements, { ai: '01', value: product.gtin ?? '' }])
  } catch (error) {
    problems.push(problem('invalid', asCoded(error, 'TRC_IDENTITY')))
  }
  if (elements.length > 0) addAlias(aliases, { scheme: 'gs1', value: bracketed(elements) })
  const value = (ai: string): string | null => elements.find((e) => e.ai === ai)?.value ?? null

  const units = unitsOf(elements, carriers, product)
  const contradiction = contradictingAi(elements) ?? contradictingField(carriers)
  if (contradiction !== null || units.length > 1) {
    const actual = contradiction ?? units.map((u) => u.serial).join(' and ')
    problems.push(
      problem(
        'double',
        new CodedError('TRC_IDENTITY', {
          expected: 'one identity on the part',
          actual,
          hint: 'remove the wrong label, or restrict the tool to the region of the right one',
        }),
      ),
    )
  }
  const gtin = value('01') ?? value('03') ?? value('8006')?.slice(0, 14) ?? null
  if (product.gtin !== undefined && gtin !== null && gtin !== product.gtin) {
    problems.push(
      problem(
        'other-product',
        new CodedError('INS_RECIPE_MISMATCH', {
          expected: `GTIN ${product.gtin} of ${product.id}`,
          actual: `GTIN ${gtin}`,
          hint: 'change the recipe or take the part off the line',
        }),
      ),
    )
  }
  const unit = problems.length === 0 ? (units[0] ?? null) : null
  if (unit === null && problems.length === 0 && policy === 'required') {
    problems.push(
      problem(
        'none',
        new CodedError('TRC_IDENTITY', {
          expected: 'a code with a serial number',
          actual: good.length === 0 ? 'no readable code' : 'a code without a serial',
          hint: 'check print, light and region of the code; the part is held',
        }),
      ),
    )
  }
  return {
    serial: unit?.serial ?? null,
    uri: unit?.uri ?? null,
    gtin,
    lot: problems.some((p) => p.kind !== 'none') ? null : (value('10') ?? lotField(carriers)),
    aliases,
    problem: policy === 'none' ? null : (problems[0] ?? null),
  }
}

function addAlias(aliases: Alias[], alias: Alias): void {
  if (!aliases.some((a) => a.scheme === alias.scheme && a.value === alias.value)) aliases.push(alias)
}

function contradictingAi(elements: readonly Gs1Element[]): string | null {
  for (const { ai, value } of elements) {
    const other = elements.find((e) => e.ai === ai && e.value !== value)
    if (other) return `(${ai})${value} and (${ai})${other.value}`
  }
  return null
}

const fieldsOf = (carriers: readonly CarrierData[]): DataField[] =>
  carriers.flatMap((c) => (c.kind === 'iso15434' ? c.fields : []))

/** Fields of which a part has one: who it is and of which lot. Two quantities or part numbers say nothing about that. */
const NAMING = /^(?:25S|UID|[1-6]?J|S|SER|SEQ|1T|T|LOT)$/

function contradictingField(carriers: readonly CarrierData[]): string | null {
  const naming = fieldsOf(carriers).filter((f) => NAMING.test(f.di))
  for (const { di, value } of naming) {
    const other = naming.find((f) => f.di === di && f.value !== value)
    if (other) return `${di} ${value} and ${di} ${other.value}`
  }
  return null
}

/** Lot of the first `1T`, `T` or `LOT` field. */
const lotField = (carriers: readonly CarrierData[]): string | null =>
  fieldsOf(carriers).find((f) => ['1T', 'T', 'LOT'].includes(f.di))?.value ?? null

/** The individuals named, each once; a plain code or field that repeats a GS1 serial is the same individual. */
function unitsOf(
  elements: readonly Gs1Element[],
  carriers: readonly CarrierData[],
  product: { id: string; gtin?: string | undefined },
): UnitName[] {
  const named = gs1Unit(elements, product.gtin)
  const units: UnitName[] = named ? [named] : []
  const add = (unit: UnitName | null): void => {
    if (unit && !units.some((u) => u.uri === unit.uri || u.serial === unit.serial)) units.push(unit)
  }
  // A serial without any GTIN is as good as a plain one.
  const bare = named === null ? elements.find((e) => e.ai === '21')?.value : undefined
  if (bare !== undefined) add({ serial: bare, uri: serialUri(product.id, bare) })
  for (const c of carriers) {
    if (c.kind === 'epc' && c.elements.length === 0) add(unitOfCarrier(c))
    if (c.kind === 'iso15434') add(fieldsUnit(c.fields, product.id))
    if (c.kind === 'plain') add({ serial: c.serial, uri: serialUri(product.id, c.serial) })
  }
  return units
}
