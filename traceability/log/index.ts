export * from './checkpoint.ts'
export { dropLeftovers, replaceDurably, writeDurably } from './durable-file.ts'
export { type Newest, type NewestInspection, SqliteEventLog } from './event-log.ts'
export { CompactRange, HASH_BYTES, leafHash, nodeHash } from './merkle.ts'
export { openEventLog } from './open-event-log.ts'
export {
  consistencyProof,
  inclusionProof,
  type TreeHashes,
  verifyConsistency,
  verifyInclusion,
} from './proofs.ts'
export * from './signed-note.ts'
export { parseEntries, TILE_WIDTH, TileTree, TileWriter, tilePath, widestTile } from './tiles.ts'
