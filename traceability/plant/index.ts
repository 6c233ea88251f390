export { checkDatabaseUrl, placeOf } from './database-url.ts'
export { migratePostgres, scriptsOf, type StoreKind } from './migrations.ts'
export { openPostgres, type PostgresDatabase, type PostgresOptions } from './postgres.ts'
