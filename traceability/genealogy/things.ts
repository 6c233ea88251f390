import { CodedError, type SqlDatabase } from '../../contracts/index.ts'
import { encodePart, urisIn } from '../identity/index.ts'

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

export const thingUri = (type: PlainType, name: string): string => `urn:sightline:${type}:${encodePart(name)}`

const isUri = (text: string): boolean => /^(urn:|https?:\/\/)/.test(text)

/** `lot/L7` of any URI of a lot: a lot may be spoken of before anybody knows of which product it is. */
export function lotName(uri: string): string | null {
  const found = /^(?:urn:sightline:lot:[^:]*:|https:\/\/id\.gs1\.org\/01\/\d{14}\/10\/)([^/:]+)$/.exec(uri)
  return found?.[1] === undefined ? null : `lot/${decodeURIComponent(found[1])}`
}

/** Short form of a URI for people: `pallet/P1`, `unit/SN1`; what has none stays as it is. */
export function shortName(uri: string): string {
  const lot = lotName(uri)
  if (lot !== null) return lot
  const plain = /^urn:sightline:([a-z]+):([^:]+)$/.exec(uri)
  if (plain?.[1] !== undefined && plain[2] !== undefined) return `${plain[1]}/${decodeURIComponent(plain[2])}`
  const serial = /^(?:urn:sightline:serial:[^:]*:|https:\/\/id\.gs1\.org\/.*\/21\/)([^/:]+)$/.exec(uri)
  return serial?.[1] === undefined ? uri : `unit/${decodeURIComponent(serial[1])}`
}

const ambiguous = (name: string, uris: readonly string[]): CodedError =>
  new CodedError('TRC_GENEALOGY', {
    expected: `one thing called ${name}`,
    actual: uris.slice(0, 5).join(', '),
    hint: 'give the URI instead of the name',
  })

/** Every URI a short name stands for; a URI stands for itself. Empty = a unit or lot that nobody knows. */
export function urisOf(db: SqlDatabase, name: string): string[] {
  if (isUri(name)) return [name]
  const slash = name.indexOf('/')
  const type = name.slice(0, slash)
  const rest = name.slice(slash + 1)
  const rows = (sql: string): string[] =>
    db
      .all<{ uri: string }>(sql, ...Array<string>(sql.split('?').length - 1).fill(rest))
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
    const plain = PLAIN_TYPES.find((t) => t === type)
    if (plain !== undefined) return [thingUri(plain, rest)]
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
    })
  }
  if (others.length > 0) throw ambiguous(name, [first, ...others])
  return first
}

/** Of a hold: a lot may be held by name before it is known, or for all products that use the name. */
export function holdTarget(db: SqlDatabase, name: string): string {
  const uris = urisOf(db, name)
  if (uris.length === 1 && uris[0] !== undefined) return uris[0]
  if (name.startsWith('lot/')) return name
  return uriOf(db, name)
}
