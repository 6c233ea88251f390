import { randomBytes } from 'node:crypto'
import { openPostgres, type PostgresDatabase } from '../../traceability/index.ts'
import { portOpen } from './require-service.ts'

export const DATABASE_URL =
  process.env['SIGHTLINE_TEST_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test'

export async function postgresPresent(): Promise<boolean> {
  const url = new URL(DATABASE_URL)
  return portOpen(url.hostname, Number(url.port || '5432'))
}

/** A name for a schema of one test. */
export const freshSchema = (): string => `t_${randomBytes(6).toString('hex')}`

/** A connection beside those under test, as an administrator would have one. */
export const openSchema = (schema: string): Promise<PostgresDatabase> =>
  openPostgres(DATABASE_URL, { schema })

export async function dropSchema(schema: string): Promise<void> {
  const db = await openSchema(schema)
  db.exec(`drop schema if exists ${schema} cascade`)
  db.close()
}
