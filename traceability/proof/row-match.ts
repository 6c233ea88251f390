import { hash } from 'node:crypto'
import type { SqlDatabase } from '../../contracts/index.ts'
import { HASH_BYTES } from '../log/merkle.ts'
import { TILE_WIDTH, widestTile } from '../log/tiles.ts'
import { imageUri } from '../store/inspection-event.ts'
import { inflated, recordHash } from '../store/record-codec.ts'
import { AT, FIELD, FIELDS, MATCH, MATCH_WITHOUT_LINKS, ROW } from './match-query.ts'

/** An event whose columns, and the record of an inspection, are what its signed text says. */
export interface MatchedRow {
  position: number
  source: string
  sequence: number
  /** It is an inspection with its record. */
  inspected: boolean
  /** Rows of units that it made, 0 or 1; null: that of its own is not as it should be. */
  units: number | null
  /** Hashes of the images that it names. */
  images: string[]
  /** Its text, one character per byte. */
  json: string
  /** Links of its unit (`LINKS`); empty where it has none. */
  links: string
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
 * @param links whether links are asked for
 * @returns null when something is otherwise, or cannot be told this way: each row has to be looked at by itself
 */
export function matchStretch(
  db: SqlDatabase,
  after: number,
  end: number,
  limit: number,
  tiles: SignedTiles,
  links = true,
): Stretch | null {
  const found = db.get<Found>(
    links ? MATCH : MATCH_WITHOUT_LINKS,
    after,
    Math.min(after + limit, end, tiles.size),
  )
  if (found === undefined || found.last === null) return null
  const { count, last } = found
  const leaves = bufferOf(found.leaf_hash)
  const signed = tiles.hex(after, last)
  if (last - after !== count || leaves.toString('hex') !== signed) return null
  const bytes = bufferOf(found.fields)
  // One character per byte, so that places are those of the bytes. Both sides of each comparison are read this way.
  const texts = bytes.toString('latin1').split(ROW)
  if (texts.length !== count) return null
  const below = {
    inspection_image: new Below(found.inspection_image),
    carrier_read: new Below(found.carrier_read),
    defect: new Below(found.defect),
    measurement: new Below(found.measurement),
  }
  const records = bufferOf(found.record)
  const rows: MatchedRow[] = []
  let hashes = ''
  let stop = -1
  let record = 0
  let [latin1, source] = ['', '']
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
    // There is a row for each position.
    const position = after + rows.length + 1
    const row = matched(position, fields, json, records.subarray(record, record + length), below)
    if (row === null) return null
    record += length
    // Most events come from the same station as the one before.
    if (row.source === latin1) row.source = source
    else [latin1, source] = [row.source, (row.source = utf8(row.source))]
    rows.push(row)
  }
  return hashes === signed ? { last, leaves, rows } : null
}

type ChildTable = 'inspection_image' | 'carrier_read' | 'defect' | 'measurement'
type Found = Record<ChildTable | 'fields' | 'leaf_hash' | 'record', Uint8Array | null> & {
  count: number
  last: number | null
}
type Children = Record<ChildTable, Below>

/**
 * A quote inside a string is escaped, so that a piece with quotes is found only where it stands as members.
 *
 * @param json text of the event
 * @param record the stored capture
 */
function matched(
  position: number,
  fields: readonly string[],
  json: string,
  record: Uint8Array,
  below: Children,
): MatchedRow | null {
  const inspected = fields[AT.inspected]
  if (inspected === '' || !json.endsWith(fields[AT.envelope] ?? '\0')) return null
  const row = {
    position,
    source: fields[AT.source] ?? '',
    sequence: Number(fields[AT.sequence]),
    inspected: inspected === '1',
    units: inspected === '1' ? unitsMade(fields[AT.named]) : 0,
    images: [],
    json,
    links: fields[AT.links] ?? '',
  }
  if (!row.inspected) return row
  const stored = inflatedOr(record, fields[AT.encoding] ?? '')
  if (stored === null) return null
  const place = `${position}${FIELD}`
  if (!statesHashes(json, recordHash(stored), rowsHash(fields, place, below))) return null
  const named = JSON.parse(below.inspection_image.of(place)) as ImageRow[]
  const views = `views":[${named.map(viewText).join(',')}]},"inspectionId":`
  return json.includes(views) ? { ...row, images: named.map(([, sha256]) => sha256) } : null
}

/** As `NAMED` tells it. */
const unitsMade = (named = ''): number | null => (named === '2' ? 1 : named === '1' ? 0 : null)

/** Looks for the member behind a letter that is rare: an S is nearly nowhere else. */
function statesHashes(json: string, record: string, rows: string): boolean {
  const at = json.indexOf(`Sha256":"${record}","rowsSha256":"${rows}","runType":`)
  return at > 0 && json.startsWith('"record', at - '"record'.length)
}

type ImageRow = [view: string, sha256: string, widthPx: number, heightPx: number]
const viewText = ([view, sha256, widthPx, heightPx]: ImageRow): string =>
  `{"height":${heightPx},"sha256":"${sha256}","uri":"${imageUri(sha256)}","view":${JSON.stringify(view)},"width":${widthPx}}`

/** As `rowsHash` of the store has it. */
function rowsHash(fields: readonly string[], place: string, below: Children): string {
  const [before = '', behind = ''] = [fields[AT.before], fields[AT.behind]]
  const row = `${before.slice(0, -1)},${Number(fields[AT.totalMs])},${Number(fields[AT.budgetMs])},${behind.slice(1)}`
  const children = `${below.defect.of(place)},${below.measurement.of(place)},${below.carrier_read.of(place)}`
  return hash('sha256', latin1Bytes(`[${row},${children}]`), 'hex')
}

let scratch = Buffer.alloc(16_384)

/** In memory that the next call overwrites: to make a buffer for each text takes longer than to fill it. */
function latin1Bytes(text: string): Uint8Array {
  if (text.length > scratch.length) scratch = Buffer.alloc(2 * text.length)
  return scratch.subarray(0, scratch.write(text, 'latin1'))
}

function inflatedOr(record: Uint8Array, encoding: string): Uint8Array | null {
  try {
    return inflated(record, encoding)
  } catch {
    return null
  }
}

/** Rows below inspections, asked for in the order of the log. */
class Below {
  readonly #rows: readonly string[]
  #at = 0

  constructor(bytes: Uint8Array | null) {
    this.#rows = bytes === null ? [] : bufferOf(bytes).toString('latin1').split(ROW)
  }

  /**
   * @param place position as it stands before a row
   * @returns JSON of an array
   */
  of(place: string): string {
    let found = ''
    for (let row = this.#rows[this.#at]; row?.startsWith(place) === true; row = this.#rows[++this.#at])
      found += (found === '' ? '[' : ',') + jsonOf(row)
    return found === '' ? '[]' : `${found}]`
  }
}

function jsonOf(row: string): string {
  const parts = row.split(FIELD)
  let text = parts[1] ?? ''
  for (let i = 2; i < parts.length; i += 2) text += numberText(parts[i] ?? '') + (parts[i + 1] ?? '')
  return text
}

const numberText = (real: string): string => (real === 'null' ? real : String(Number(real)))

function bufferOf(bytes: Uint8Array | null): Buffer {
  return bytes === null ? Buffer.alloc(0) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

const utf8 = (text: string): string => Buffer.from(text, 'latin1').toString()
