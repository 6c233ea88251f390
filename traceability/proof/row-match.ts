import { hash } from 'node:crypto'
import type { SqlDatabase } from '../../contracts/index.ts'
import { HASH_BYTES } from '../log/merkle.ts'
import { TILE_WIDTH, widestTile } from '../log/tiles.ts'
import { imageUri } from '../store/inspection-event.ts'
import { inflated, recordHash } from '../store/record-codec.ts'
import { AT, CHILDREN, FIELD, FIELDS, MATCH, REALS, ROW } from './match-query.ts'

/** An event whose columns, and the record of an inspection, are what its signed text says. */
export interface MatchedRow {
  position: number
  source: string
  sequence: number
  /** It is an inspection with its record. */
  inspected: boolean
  /** Hashes of the images that it names. */
  images: string[]
}
export interface Stretch {
  last: number
  /** Leaf hashes one after the other. */
  leaves: Uint8Array
  rows: MatchedRow[]
}

/** Level 0 of the tree: the leaf hashes that a signed head vouches for, as hex. */
export class SignedTiles {
  readonly size: number
  readonly #dir: string
  #tile = { index: -1, hex: '' }

  /** @param tiles folder of the log, and how many of its leaves are proven */
  constructor(tiles: { dir: string; size: number }) {
    this.size = tiles.size
    this.#dir = tiles.dir
  }

  /** Of the events behind `after`, up to `last`. */
  hex(after: number, last: number): string {
    let hex = ''
    for (let at = after; at < last;) {
      const index = Math.floor(at / TILE_WIDTH)
      const end = Math.min(last, (index + 1) * TILE_WIDTH)
      hex += this.#hexOf(index).slice((at % TILE_WIDTH) * HEX, (end - index * TILE_WIDTH) * HEX)
      at = end
    }
    return hex
  }

  #hexOf(index: number): string {
    if (this.#tile.index !== index)
      this.#tile = { index, hex: widestTile(this.#dir, 0, index)?.toString('hex') ?? '' }
    return this.#tile.hex
  }
}
const HEX = 2 * HASH_BYTES

/**
 * A stretch of the log when it is as it was signed: each text has the hash that stands in its place in a signed tile, the
 * columns are what the text says, and the record and the rows of an inspection have the hashes that the text states.
 *
 * @param limit events of the stretch, at most
 * @returns null when something is otherwise, or cannot be told this way: each row has to be looked at by itself
 */
export function matchStretch(
  db: SqlDatabase,
  after: number,
  end: number,
  limit: number,
  tiles: SignedTiles,
): Stretch | null {
  const found = db.get<Found>(MATCH, after, Math.min(end, tiles.size), limit)
  if (found === undefined || found.last === null) return null
  const { count, last } = found
  const leaves = bufferOf(found.leaf_hash)
  const signed = tiles.hex(after, last)
  if (last - after !== count || leaves.toString('hex') !== signed) return null
  const bytes = bufferOf(found.fields)
  // One character per byte, so that places are those of the bytes. Both sides of each comparison are read this way.
  const texts = bytes.toString('latin1').split(ROW)
  if (texts.length !== count) return null
  const children = childrenOf(db, after, last)
  const records = bufferOf(found.record)
  const rows: MatchedRow[] = []
  let hashes = ''
  let stop = -1
  let record = 0
  for (const text of texts) {
    stop += 1 + text.length
    const fields = text.split(FIELD)
    const json = fields[AT.json]
    if (fields.length !== FIELDS || json === undefined) return null
    // The separator before it becomes the 0 that a leaf begins with (RFC 6962, 2.1).
    const start = stop - json.length - 1
    bytes[start] = 0
    hashes += hash('sha256', bytes.subarray(start, stop), 'hex')
    const length = Number(fields[AT.recordLength])
    const row = matched(fields, json, records.subarray(record, record + length), children)
    if (row === null) return null
    record += length
    rows.push(row)
  }
  return hashes === signed ? { last, leaves, rows } : null
}

type Found = {
  count: number
  last: number | null
  fields: Uint8Array | null
  leaf_hash: Uint8Array | null
  record: Uint8Array | null
}
type Children = Record<keyof typeof CHILDREN, ReadonlyMap<number, string>>

/**
 * A quote inside a string is escaped, so that a piece with quotes is found only where it stands as members.
 *
 * @param json text of the event
 * @param record the stored capture
 */
function matched(
  fields: readonly string[],
  json: string,
  record: Uint8Array,
  children: Children,
): MatchedRow | null {
  const position = Number(fields[AT.position])
  const inspected = fields[AT.inspected]
  if (inspected === '' || !json.endsWith(fields[AT.envelope] ?? '\0')) return null
  const row = {
    position,
    source: utf8(fields[AT.source] ?? ''),
    sequence: Number(fields[AT.sequence]),
    inspected: inspected === '1',
    images: [],
  }
  if (!row.inspected) return row
  const stored = inflatedOr(record, fields[AT.encoding] ?? '')
  if (stored === null) return null
  const hashes = `"recordSha256":"${recordHash(stored)}","rowsSha256":"${rowsHash(fields, position, children)}","runType":`
  if (!json.includes(hashes)) return null
  const images = children.inspection_image.get(position)
  if (images === undefined) return json.includes(NO_VIEWS) ? row : null
  const named = JSON.parse(images) as ImageRow[]
  const views = `"views":[${named.map(viewText).join(',')}${AFTER_VIEWS}`
  return json.includes(views) ? { ...row, images: named.map(([, sha256]) => sha256) } : null
}

type ImageRow = [view: string, sha256: string, widthPx: number, heightPx: number]
const viewText = ([view, sha256, widthPx, heightPx]: ImageRow): string =>
  `{"height":${heightPx},"sha256":"${sha256}","uri":"${imageUri(sha256)}","view":${JSON.stringify(view)},"width":${widthPx}}`
const AFTER_VIEWS = ']},"inspectionId":'
const NO_VIEWS = `"views":[${AFTER_VIEWS}`

/** As `rowsHash` of the store has it. */
function rowsHash(fields: readonly string[], position: number, children: Children): string {
  const [before = '', behind = ''] = [fields[AT.before], fields[AT.behind]]
  const row = `${before.slice(0, -1)},${Number(fields[AT.totalMs])},${Number(fields[AT.budgetMs])},${behind.slice(1)}`
  const defects = realNumbers(children.defect.get(position), REALS.defect)
  const measurements = realNumbers(children.measurement.get(position), REALS.measurement)
  const reads = children.carrier_read.get(position) ?? NO_ROWS
  const text = `[${row},${defects},${measurements},${reads}]`
  return hash('sha256', Buffer.from(text, 'latin1'), 'hex')
}

/** @param places of text that stands for a number */
function realNumbers(text: string | undefined, places: readonly number[]): string {
  if (text === undefined) return NO_ROWS
  const rows = JSON.parse(text) as (string | number | null)[][]
  for (const row of rows) for (const i of places) if (typeof row[i] === 'string') row[i] = Number(row[i])
  return JSON.stringify(rows)
}
const NO_ROWS = '[]'

function inflatedOr(record: Uint8Array, encoding: string): Uint8Array | null {
  try {
    return inflated(record, encoding)
  } catch {
    return null
  }
}

function childrenOf(db: SqlDatabase, after: number, last: number): Children {
  const read = (query: string): ReadonlyMap<number, string> => {
    const found = db.get<{ bytes: Uint8Array | null }>(query, after, last)
    const rows = new Map<number, string>()
    if (!found?.bytes) return rows
    for (const row of bufferOf(found.bytes).toString('latin1').split(ROW)) {
      const cut = row.indexOf(FIELD)
      rows.set(Number(row.slice(0, cut)), row.slice(cut + 1))
    }
    return rows
  }
  return {
    inspection_image: read(CHILDREN.inspection_image),
    carrier_read: read(CHILDREN.carrier_read),
    defect: read(CHILDREN.defect),
    measurement: read(CHILDREN.measurement),
  }
}

function bufferOf(bytes: Uint8Array | null): Buffer {
  return bytes === null ? Buffer.alloc(0) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

const utf8 = (text: string): string => Buffer.from(text, 'latin1').toString()
