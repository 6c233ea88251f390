import type { I18n, SqlDatabase } from '../../contracts/index.ts'
import { HASH_BYTES, leafHash, parseEntries, TILE_WIDTH, widestTile } from '../log/index.ts'
import { WORDS } from './finding-words.ts'
import { agreement, type Head } from './heads.ts'
import type { Findings } from './report.ts'

/** Where the leaves that were signed can be read. */
export interface SignedLeaves {
  source: 'tiles' | 'entries' | 'events'
  /** Leaves that the heads confirm. */
  size: number
  /** State of the tree over them, as `CompactRange` keeps it. */
  nodes: Uint8Array
  /** The smallest head that no source confirms, with what is above it unknown. */
  failed: Head | null
  leaves(): Generator<Uint8Array>
  /** The event at an index from 0 as it was signed, or null when no copy of it is left. */
  original(index: number): string | null
}

/** The first of tiles, entry bundles and event table that leads to every head; else the one that leads furthest. */
export function findSignedLeaves(
  logDir: string,
  db: SqlDatabase,
  heads: readonly Head[],
  findings: Findings,
): SignedLeaves {
  const last = heads.at(-1)?.size ?? 0
  const sources: { source: SignedLeaves['source']; leaves(): Generator<Uint8Array> }[] = [
    { source: 'tiles', leaves: () => fromTiles(logDir) },
    { source: 'entries', leaves: () => fromEntries(logDir) },
    { source: 'events', leaves: () => fromEvents(db) },
  ]
  let best: SignedLeaves | null = null
  for (const { source, leaves } of sources) {
    const agreed = agreement(leaves(), heads)
    if (best === null || agreed.size > best.size) best = { source, ...agreed, leaves, original: () => null }
    if (agreed.failed === null) break
  }
  if (best === null) throw new Error('no source of leaves')
  if (last > 0 && best.source !== 'tiles')
    findings.add('tile', firstBadTile(fromTiles(logDir), best.leaves(), best.size))
  const signed = best
  return { ...signed, original: (index) => original(logDir, signed, index) }
}

/** Which tile first differs from the leaves that were signed. */
function firstBadTile(tiles: Generator<Uint8Array>, leaves: Generator<Uint8Array>, size: number): I18n {
  for (let i = 0; i < size; i++) {
    const tile = tiles.next()
    const leaf = leaves.next()
    if (tile.done === true) return WORDS.tilesEnd(i, size)
    if (leaf.done !== true && Buffer.compare(tile.value, leaf.value) !== 0)
      return WORDS.tileDiffers(Math.floor(i / TILE_WIDTH), i + 1)
  }
  return WORDS.tilesEndThere(size)
}

function* fromTiles(logDir: string): Generator<Uint8Array> {
  for (let tile = 0; ; tile++) {
    const bytes = widestTile(logDir, 0, tile)
    if (bytes === null) return
    for (let at = 0; at + HASH_BYTES <= bytes.length; at += HASH_BYTES)
      yield bytes.subarray(at, at + HASH_BYTES)
    if (bytes.length < TILE_WIDTH * HASH_BYTES) return
  }
}

function* fromEntries(logDir: string): Generator<Uint8Array> {
  for (let bundle = 0; ; bundle++) {
    const bytes = widestTile(logDir, 'entries', bundle)
    const entries = bytes === null ? [] : parseEntries(bytes)
    for (const entry of entries) yield leafHash(entry)
    if (entries.length < TILE_WIDTH) return
  }
}

const BATCH = 500

function* fromEvents(db: SqlDatabase): Generator<Uint8Array> {
  for (let after = 0; ;) {
    const rows = db.all<{ position: number; json: string }>(
      'select position, json from event where position > ? order by position limit ?',
      after,
      BATCH,
    )
    if (rows.length === 0) return
    for (const { json } of rows) yield leafHash(json)
    after = rows.at(-1)?.position ?? after
  }
}

/** A copy counts only when it has the hash that was signed. */
function original(logDir: string, signed: SignedLeaves, index: number): string | null {
  const tile = Math.floor(index / TILE_WIDTH)
  const bundle = signed.source === 'events' ? null : widestTile(logDir, 'entries', tile)
  const entry = bundle === null ? undefined : parseEntries(bundle)[index % TILE_WIDTH]
  if (entry === undefined || signed.source === 'entries') return entry ?? null
  const at = (index % TILE_WIDTH) * HASH_BYTES
  const hash = widestTile(logDir, 0, tile)?.subarray(at, at + HASH_BYTES)
  return hash !== undefined && leafHash(entry).equals(hash) ? entry : null
}
