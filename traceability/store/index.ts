export { migrate, SCHEMA_VERSION } from './migrations.ts'
export { openSql } from './open-sql.ts'
export { openPartStore, type ConsumerLedger, type PartStoreOptions, type TraceStore } from './part-store.ts'
export type { OutboxEntry } from './store-ops.ts'
