import { expect, it, vi } from 'vitest'
import type { PostgresDatabase } from '../../traceability/index.ts'
import { openSchema, postgresPresent } from '../services/postgres.ts'
import { describeWith } from '../services/require-service.ts'
import { carryAll, type PlantLine } from './samples/plant-line.ts'
import { plantForEach } from './samples/plant-for-each.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

/** Asks until the lost connection was made anew, as whoever asks next does. */
function reconnect(plant: PostgresDatabase): void {
  const before = plant.connections
  while (plant.connections === before)
    try {
      plant.get('select 1 as one')
    } catch {
      // What was asked over the connection that is gone.
    }
}

describeWith('PostgreSQL', await postgresPresent(), 'a server that takes over within a step', () => {
  let schema: string
  let plant: PostgresDatabase
  let a: PlantLine

  plantForEach((open) => ({ schema, plant, a } = open))

  it('takes no events whose images went to the one before, and has them by the next step', async () => {
    await a.judge(4)
    const admin = await openSchema(schema)
    const images = (): number =>
      admin.get<{ n: number }>('select count(*) as n from image_bytes')?.n ?? Number.NaN
    const { pid } = plant.get<{ pid: number }>('select pg_backend_pid() as pid') ?? { pid: 0 }
    let over = false
    // Behind the second image: a server that was not told of it yet answers from now on.
    const meanwhile = (): void => {
      if (over || images() < 2) return
      over = true
      admin.get('select pg_terminate_backend(cast(? as integer)) as gone', pid)
      admin.exec('delete from image_bytes')
      reconnect(plant)
    }
    const replicator = a.replicator(plant, { images: 'all', meanwhile })
    expect(() => replicator.step()).toThrow(/TRC_PLANT/)
    expect([over, plant.get('select 1 as one from event')]).toEqual([true, undefined])
    carryAll(a.replicator(plant, { images: 'all' }))
    expect(images()).toBe(4)
    admin.close()
  })
})
