import type { z } from 'zod'
import type { plantAlarmSchema, plantAnswerSchema, plantLineSchema } from './schemas/plant.schema.ts'

export type PlantLine = z.infer<typeof plantLineSchema>
export type PlantAlarm = z.infer<typeof plantAlarmSchema>
export type PlantAnswer = z.infer<typeof plantAnswerSchema>

/** The store of a plant, as its server watches it. */
export interface PlantPort {
  /** Host, database and schema, without user and password. */
  readonly place: string
  /** By name of the log, without that of the plant itself. @throws TRC_PLANT, TRC_OPEN */
  lines(): Promise<PlantLine[]>
  /** The log of what is stated at the plant itself, as it was last checked. */
  own(): Pick<PlantLine, 'log' | 'check'>
  /** How many holds are in force, each counted once. @throws TRC_PLANT, TRC_OPEN */
  activeHolds(): Promise<number>
}
