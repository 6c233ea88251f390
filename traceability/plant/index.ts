export { placeOf } from './database-url.ts'
export { type HoldOrder, holdOrders } from './hold-orders.ts'
export { migratePostgres, refuseEncoding, scriptsOf, type StoreKind } from './migrations.ts'
export { PlantDesk } from './plant-desk.ts'
export {
  openPlant,
  openPlantQuery,
  plantImage,
  type PlantLogFacts,
  plantLogs,
  PlantQuery,
} from './plant-query.ts'
export { openPostgres, type PostgresDatabase } from './postgres.ts'
export { OWN_LOG } from './plant-log.ts'
export { NOT_REPLICATED, REPLICA_TABLES } from './replica-tables.ts'
export { type Replication, startReplication } from './replication.ts'
export { Replicator } from './replicator.ts'
export { sourceOrigin } from './source-log.ts'
export { verifyPlantLog } from './verify-plant.ts'
