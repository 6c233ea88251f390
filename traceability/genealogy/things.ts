import type { SqlDatabase } from '../../contracts/index.ts'
import { CodedError } from '../../contracts/thread.ts'
import { oneUri } from '../epcis/epc.ts'
import { urisIn } from '../identity/canonical-uri.ts'
import { encodePart } from '../identity/gs1/index.ts'
import { identityMap } from './identity-names.ts'

/** Kinds of things that have no number of their own in GS1 terms here, or that a plant names itself. */
const PLAIN_TYPES = [
  'supplier',
  'pallet',
  'box',
  'shipment',
  'order',
  'customer',
  'station',
  'carrier',
  'fixture',
  'run',
  'recipe',
  'model',
  'product',
] as const
export type PlainType = (typeof PLAIN_TYPES)[number]

/** What holds other things for a while: what is in it is in it only as long as the edge says. */
const HOLDERS = ['pallet', 'box', 'shipment', 'station', 'carrier', 'fixture', 'run'] as const

/** Of the holders, GS1: SSCC (00) and returnable asset (8003). */
const HOLDER = new RegExp(`^(urn:sightline:(${HOLDERS.join('|')}):|https://id\\.gs1\\.org/(00|8003)/)`)
export const isHolder = (uri: string): boolean => HOLDER.test(uri)
export const isShipment = (uri: string): boolean => uri.startsWith('urn:sightline:shipment:')

export const thingUri = (type: PlainType, name: string): string => `urn:sightline:${type}:${encodePart(name)}`

/** Also in capitals, as small QR codes have them. */
export const isUri = (text: string): boolean => /^(urn:|https?:\/\/)/i.test(text)

/** What a piece of a URI says; one that is percent-encoded wrongly, as programs before this check took, stays as it is. */
export function decoded(piece: string): string {
  try {
    return decodeURIComponent(piece)
  } catch {
    return piece
  }
}

/** @throws TRC_GENEALOGY for a text that cannot be a URI: lists of URIs go by lines (RFC 3986, 2.1 for the percent sign) */
function checkedUri(uri: string): string {
  if (!/[\s\p{Cc}\p{Cs}]|%(?![\dA-Fa-f]{2})/u.test(uri)) return uri
  throw new CodedError('TRC_GENEALOGY', {
    expected: 'a URI without blanks and line breaks, a percent sign before two hexadecimal digits only',
    actual: JSON.stringify(uri.slice(0, 80)),
  })
}

/** A name as it is kept since names have one spelling: NFC, no blanks around. */
export const spelt = (name: string): string => name.trim().normalize('NFC')

/** Spellings under which a name may be on record: as it is kept, as it was asked for, and as older programs took it. */
const spellings = (name: string): string[] => [...new Set([spelt(name), name, spelt(name).normalize('NFD')])]

const isOnRecord = (db: SqlDatabase, uri: string): boolean =>
  db.get(
    `select 1 as found from edge where child = ?1 union all select 1 from edge where parent = ?1
     union all select 1 from identity where uri = ?1 limit 1`,
    uri,
  ) !== undefined

/** `lot/L7` of any URI of a lot: a lot may be spoken of before anybody knows of which product it is. */
export function lotName(uri: string): string | null {
  const found = /^(?:urn:sightline:lot:[^:]*:|https:\/\/id\.gs1\.org\/01\/\d{14}\/10\/)([^/:]+)$/.exec(uri)
  return found?.[1] === undefined ? null : `lot/${decoded(found[1])}`
}

/** What names one thing that may be a part; the serial last, and before it, where there is one, its product. */
const INDIVIDUALS = [
  /^urn:sightline:serial:(?<product>[^:]*):(?<serial>[^:]+)$/,
  /^urn:sightline:di:[^:]*:(?<serial>[^:]+)$/,
  /^urn:sightline:trigger:(?<serial>.+)$/,
  /^https:\/\/id\.gs1\.org\/(?:01|8006|8010)\/(?<product>[^/]+)\/(?:21|235|8011)\/(?<serial>[^/]+)$/,
  /^https:\/\/id\.gs1\.org\/8004\/(?<serial>[^/]+)$/,
  /^urn:epc:id:(?:gid|usdod|adi):(?:.*\.)?(?<serial>[^.]+)$/,
  // Objects by names of one's own: CBV 2.0, 8.2.2 to 8.2.4.
  /^urn:.+:obj:(?<serial>.+)$/,
  /^https?:\/\/.+\/obj\/(?<serial>.+)$/,
]

/** Serial and product of a single thing, as its URI says them; null for lots, boxes, places and whatever else. */
export function individualIn(uri: string): { serial: string; product: string } | null {
  for (const form of INDIVIDUALS) {
    const { serial, product = '' } = form.exec(uri)?.groups ?? {}
    if (serial !== undefined) return { serial: decoded(serial), product: decoded(product) }
  }
  return null
}

/** Short form of a URI for people: `pallet/P1`, `unit/SN1`; what has none stays as it is. */
export function shortName(uri: string): string {
  const lot = lotName(uri)
  if (lot !== null) return lot
  const plain = /^urn:sightline:([a-z]+):([^:]+)$/.exec(uri)
  if (plain?.[1] !== undefined && plain[2] !== undefined) return `${plain[1]}/${decoded(plain[2])}`
  const serial = /^(?:urn:sightline:serial:[^:]*:|https:\/\/id\.gs1\.org\/.*\/21\/)([^/:]+)$/.exec(uri)
  return serial?.[1] === undefined ? uri : `unit/${decoded(serial[1])}`
}

const ambiguous = (name: string, uris: readonly string[]): CodedError =>
  new CodedError('TRC_GENEALOGY', {
    expected: `one thing called ${name}`,
    actual: uris.slice(0, 5).join(', '),
    hint: 'give the URI instead of the name',
  })

/** Of a thing that is known by its name alone. */
function plainUri(name: string): string | null {
  const slash = name.indexOf('/')
  const plain = PLAIN_TYPES.find((t) => t === name.slice(0, slash))
  return plain === undefined ? null : thingUri(plain, spelt(name.slice(slash + 1)))
}

/**
 * Every URI a short name stands for. A URI stands for the one URI of what it names: an EPC, or a Digital Link of whichever
 * domain with all that its label says, is the part or lot that parts and events name. What an older program took under
 * the URI as it came goes on under it. Empty = a unit or lot that nobody knows.
 */
export function urisOf(db: SqlDatabase, name: string): string[] {
  if (isUri(name)) {
    const uri = checkedUri(name)
    const one = oneUri(uri)
    return one === uri || !isOnRecord(db, uri) ? [one] : [uri, one]
  }
  const slash = name.indexOf('/')
  const type = name.slice(0, slash)
  const rest = name.slice(slash + 1)
  const rows = (sql: string): string[] =>
    spellings(rest)
      .flatMap((r) => db.all<{ uri: string }>(sql, ...Array<string>(sql.split('?').length - 1).fill(r)))
      .map((r) => r.uri)
      .sort()
  if (slash > 0 && rest !== '') {
    if (type === 'unit') {
      const known = rows(
        'select uri from identity where serial = ? union select uri from identity_alias where value = ?',
      )
      const read = urisIn(rest).filter((uri) => db.get('select 1 as found from identity where uri = ?', uri))
      return [...new Set([...known, ...read])].sort()
    }
    if (type === 'lot') return rows('select uri from material_lot where lot = ?')
    const kept = plainUri(name)
    if (kept !== null) {
      const others = spellings(rest).map((s) => thingUri(type as PlainType, s))
      const known = others.filter((uri) => uri !== kept && isOnRecord(db, uri))
      return known.length === 0 || isOnRecord(db, kept) ? [kept, ...known] : known
    }
  }
  throw new CodedError('TRC_GENEALOGY', {
    expected: `a URI, or unit/…, lot/…, ${PLAIN_TYPES.map((t) => `${t}/…`).join(', ')}`,
    actual: name.slice(0, 80),
  })
}

/** @throws TRC_NOT_FOUND, TRC_GENEALOGY when several go by that name */
export function uriOf(db: SqlDatabase, name: string): string {
  const [first, ...others] = urisOf(db, name)
  if (first === undefined) {
    throw new CodedError('TRC_NOT_FOUND', {
      expected: 'a unit or lot that was inspected, commissioned or received',
      actual: name,
      hint: 'record its commission or receipt first',
      zh: { expected: '检测过、已赋码或已收货的工件或批次', hint: '请先登记其赋码或收货' },
    })
  }
  // Of several spellings of one name the one that is kept comes first.
  if (others.length === 0 || isUri(name) || first === plainUri(name)) return first
  const merged = identityMap(db)
  const things = new Set([first, ...others].map((uri) => merged.canonical(uri)))
  if (things.size > 1) throw ambiguous(name, [first, ...others])
  return merged.canonical(first)
}

/** Of a hold: a lot may be held by name before it is known, or for all products that use the name. */
export function holdTarget(db: SqlDatabase, name: string): string {
  const uris = urisOf(db, name)
  if (uris.length === 1 && uris[0] !== undefined) return uris[0]
  if (name.startsWith('lot/')) return spelt(name)
  return uriOf(db, name)
}

/** Of a release: a text that an older program held as it came, even if it is no URI. */
export const heldText = (db: SqlDatabase, name: string): string | null =>
  isUri(name) && db.get('select 1 as found from hold where target = ?', name) !== undefined ? name : null
