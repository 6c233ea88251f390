import type { EpcisLink, EpcisMove, EpcisThing } from '../../contracts/index.ts'
import { parseDigitalLink } from '../identity/gs1/index.ts'
import { oneUri } from './epc.ts'
import { FieldName, plain, prefixesOf, valuesIn, wordForms } from './extension-fields.ts'
import { isObject, type JsonObject } from './faults.ts'

/** More pairs than this go through a node of their own: the transformation itself. */
const MAX_PAIRS = 1_000

interface Amount {
  uri: string
  quantity: number | null
  uom: string | null
}

const epcs = (value: unknown): Amount[] =>
  (Array.isArray(value) ? (value as string[]) : []).map((epc) => ({
    uri: oneUri(epc),
    quantity: null,
    uom: null,
  }))

const classes = (value: unknown): Amount[] =>
  (Array.isArray(value) ? (value as { epcClass: string; quantity?: number; uom?: string }[]) : []).map(
    (q) => ({
      uri: oneUri(q.epcClass),
      quantity: q.quantity ?? null,
      uom: q.uom ?? null,
    }),
  )

/** What a checked event is about, canonical, in the order in which it names them. */
export const subjectsOf = (e: JsonObject): string[] =>
  [
    ...epcs(typeof e['parentID'] === 'string' ? [e['parentID']] : []),
    ...['epcList', 'childEPCs', 'inputEPCList', 'outputEPCList'].flatMap((k) => epcs(e[k])),
    ...['quantityList', 'childQuantityList', 'inputQuantityList', 'outputQuantityList'].flatMap((k) =>
      classes(e[k]),
    ),
  ].map((a) => a.uri)

/** What a checked event says about genealogy; what it says twice, or under two names of one thing, once. */
export function linksOf(e: JsonObject, eventID: string): EpcisLink[] {
  const links = new Map<string, EpcisLink>()
  for (const link of namedLinksOf(e, eventID)) {
    const key = linkKey(link)
    if (!links.has(key)) links.set(key, link)
  }
  return [...links.values()]
}

/** What a link of an event is known by there. */
export const linkKey = ({ kind, child, parent }: Pick<EpcisLink, 'kind' | 'child' | 'parent'>): string =>
  `${kind} ${child ?? ''} ${parent}`

/**
 * The same, each as often as it is named (EPCIS 2.0, 7.4.3 to 7.4.6). Aggregation: children are in the parent.
 * Association: children are built into the parent. Transformation: outputs were made from inputs; with a
 * transformation id over several events, through a node of that name.
 */
export function namedLinksOf(e: JsonObject, eventID: string): EpcisLink[] {
  const parent = typeof e['parentID'] === 'string' ? oneUri(e['parentID']) : null
  const children = [...epcs(e['childEPCs']), ...classes(e['childQuantityList'])]
  switch (e['type']) {
    case 'AggregationEvent':
      if (parent === null) return []
      if (e['action'] === 'ADD') return children.map((c) => open('aggregate', c.uri, parent, c))
      return e['action'] === 'DELETE' ? close('aggregate', parent, children) : []
    case 'AssociationEvent':
      if (parent === null) return []
      // Here material flows from the part to what it was built into.
      if (e['action'] === 'ADD') return children.map((c) => open('associate', parent, c.uri, c))
      return e['action'] === 'DELETE' ? closeBuiltIn(parent, children) : []
    case 'TransformationEvent':
      return transformation(e, eventID)
    default:
      return []
  }
}

const open = (
  kind: 'associate' | 'transform' | 'aggregate',
  child: string,
  parent: string,
  { quantity, uom }: Omit<Amount, 'uri'>,
): EpcisLink => ({ op: 'open', kind, child, parent, quantity, uom })

const close = (kind: 'aggregate', parent: string, children: readonly Amount[]): EpcisLink[] =>
  children.length === 0
    ? [{ op: 'close', kind, child: null, parent }]
    : children.map((c) => ({ op: 'close', kind, child: c.uri, parent }))

const closeBuiltIn = (product: string, parts: readonly Amount[]): EpcisLink[] =>
  parts.length === 0
    ? [{ op: 'close', kind: 'associate', child: product, parent: '' }]
    : parts.map((p) => ({ op: 'close', kind: 'associate', child: product, parent: p.uri }))

function transformation(e: JsonObject, eventID: string): EpcisLink[] {
  const inputs = [...epcs(e['inputEPCList']), ...classes(e['inputQuantityList'])]
  const outputs = [...epcs(e['outputEPCList']), ...classes(e['outputQuantityList'])]
  const id = typeof e['transformationID'] === 'string' ? e['transformationID'] : null
  const node = id ?? (inputs.length * outputs.length > MAX_PAIRS ? eventID : null)
  const pairs = (made: readonly Amount[]): EpcisLink[] =>
    made.flatMap((o) => inputs.map((i) => open('transform', o.uri, i.uri, i))).filter(notItself)
  if (node === null) return pairs(outputs)
  // By way of the node, what stands on both sides would be made from itself.
  const given = new Set(inputs.map((i) => i.uri))
  const both = outputs.filter((o) => given.has(o.uri))
  const direct = both.length * inputs.length <= MAX_PAIRS ? new Set(both) : new Set<Amount>()
  return [
    ...inputs.map((i) => open('transform', node, i.uri, i)),
    ...outputs.filter((o) => !direct.has(o)).map((o) => open('transform', o.uri, node, o)),
    ...pairs([...direct]),
  ]
}

/** A lot of which more is made than went in stands on both sides. */
const notItself = (link: EpcisLink): boolean => link.child !== link.parent

/** Business steps with which things leave (CBV 2.0, 7.1). */
const LEAVING: readonly string[] = ['shipping', 'departing', 'retail_selling']

/**
 * What an event says was packed, or left: what a hold would not have let happen here.
 *
 * @param context of the document around it
 */
export function movesOf(e: JsonObject, context: unknown): EpcisMove[] {
  const step = typeof e['bizStep'] === 'string' ? wordForms(e['bizStep'], { event: e, context }) : []
  const all = (kind: EpcisMove['kind'], uris: readonly string[]): EpcisMove[] =>
    [...new Set(uris)].map((uri) => ({ uri, kind }))
  if (step.some((word) => LEAVING.includes(word))) return all('ship', subjectsOf(e))
  if (e['type'] === 'AggregationEvent' && e['action'] === 'ADD')
    return all(
      'aggregate',
      [...epcs(e['childEPCs']), ...classes(e['childQuantityList'])].map((c) => c.uri),
    )
  return []
}

/** What an event brings into being (ObjectEvent with action ADD, outputs of a transformation), as it is written. */
function madeIn(e: JsonObject): { epcs: unknown[]; classes: unknown[] } {
  const created = e['type'] === 'ObjectEvent' && e['action'] === 'ADD'
  const all = (list: unknown): unknown[] => (Array.isArray(list) ? list : [])
  return {
    epcs: [...(created ? all(e['epcList']) : []), ...all(e['outputEPCList'])],
    classes: [...(created ? all(e['quantityList']) : []), ...all(e['outputQuantityList'])],
  }
}

const LOT_NUMBER = 'cbvmda:lotNumber'
const lotNumber = new FieldName(LOT_NUMBER, null)
const asLot = (name: unknown): string | null =>
  typeof name === 'string' && /^[!-~]{1,20}$/.test(name) ? name : null

/**
 * Lots of units that an event brings into being, where it says them otherwise than by a plain `cbvmda:lotNumber`: by another
 * form of that name, or by the Digital Link of the unit, which counts most.
 *
 * @param context of the document around it
 */
export function lotsOf(e: JsonObject, context: unknown): Record<string, string> {
  const lots: Record<string, string> = {}
  const plainly = isObject(e['ilmd']) ? asLot(e['ilmd'][LOT_NUMBER]) : null
  const [named = null] = valuesIn([e['ilmd']], lotNumber, prefixesOf({ event: e, context }))
    .map(plain)
    .map((value) => asLot(typeof value === 'number' ? String(value) : value))
    .filter((lot) => lot !== null)
  for (const epc of madeIn(e).epcs as string[]) {
    const uri = oneUri(epc)
    if (tradeItem(uri)?.kind !== 'unit') continue
    const lot = (epc === uri ? null : asLot(elementsOf(epc)('10'))) ?? plainly ?? named
    if (lot !== null && lot !== plainly) lots[uri] = lot
  }
  return lots
}

/**
 * Serialised trade items that an event names, and the lots and lot numbers of what it brings into being: questions by
 * serial and lot find them.
 *
 * @param lots as `lotsOf` found them
 */
export function thingsOf(e: JsonObject, lots: Readonly<Record<string, string>> = {}): EpcisThing[] {
  const born = madeIn(e)
  const made = new Set([...epcs(born.epcs), ...classes(born.classes)].map((a) => a.uri))
  const plainly = isObject(e['ilmd']) ? asLot(e['ilmd'][LOT_NUMBER]) : null
  return [...new Set(subjectsOf(e))].flatMap((uri) => {
    const thing = tradeItem(uri)
    if (thing === null || (thing.kind === 'lot' && !made.has(uri))) return []
    return [thing.kind === 'unit' && made.has(uri) ? { ...thing, lot: lots[uri] ?? plainly } : thing]
  })
}

/** Values of a Digital Link by their AIs. */
function elementsOf(uri: string): (ai: string) => string | undefined {
  let elements: { ai: string; value: string }[] | null = null
  try {
    elements = parseDigitalLink(uri)
  } catch {
    // None of GS1: nothing is known of it.
  }
  return (ai) => elements?.find((e) => e.ai === ai)?.value
}

function tradeItem(uri: string): EpcisThing | null {
  const of = elementsOf(uri)
  const gtin = of('01')
  const serial = of('21')
  const lot = of('10')
  if (gtin === undefined) return null
  if (serial !== undefined) return { uri, name: serial, kind: 'unit', gtin, lot: null }
  return lot === undefined ? null : { uri, name: lot, kind: 'lot', gtin, lot }
}
