import { afterEach, beforeEach } from 'vitest'
import { migratePostgres, type PostgresDatabase } from '../../../traceability/index.ts'
import { dropSchema, freshSchema, openSchema } from '../../services/postgres.ts'
import { PlantLine } from './plant-line.ts'

export interface OpenPlant {
  schema: string
  plant: PostgresDatabase
  a: PlantLine
  b: PlantLine
}

/** A plant store in a schema of its own for each test, and two lines; gone after the test. */
export function plantForEach(use: (open: OpenPlant) => void): void {
  let open: OpenPlant
  beforeEach(async () => {
    const schema = freshSchema()
    const plant = await openSchema(schema)
    migratePostgres(plant, schema, 'plant')
    open = { schema, plant, a: new PlantLine('line-a'), b: new PlantLine('line-b') }
    use(open)
  })
  afterEach(async () => {
    open.plant.close()
    await dropSchema(open.schema)
    await open.a.dispose()
    await open.b.dispose()
  })
}

export const count = (db: PostgresDatabase, table: string, where = 'true'): number =>
  db.get<{ n: number }>(`select count(*) as n from ${table} where ${where}`)?.n ?? -1
