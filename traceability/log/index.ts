export { SqliteEventLog } from './event-log.ts'
export { CompactRange, HASH_BYTES, leafHash, nodeHash } from './merkle.ts'
export { openEventLog } from './open-event-log.ts'
