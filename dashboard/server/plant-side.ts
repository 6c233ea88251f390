import { asCoded } from '../../contracts/index.ts'
import { Briefly } from './briefly.ts'
import { plantAlarms } from './plant-alarms.ts'
import { PlantMetrics } from './plant-metrics.ts'
import type { PlantPort } from './plant-ports.ts'
import type { FactPort, RecordQueries } from './ports.ts'
import { jsonRoute } from './route.ts'
import { plantAnswerSchema } from './schemas/plant.schema.ts'
import type { Side } from './side.ts'

export interface PlantSideOptions {
  queries: RecordQueries
  /** Holds and releases of the plant. */
  facts: Pick<FactPort, 'recordFact'>
  plant: PlantPort
  version: string
}

/** Several screens ask for the same. */
const KEEP_MS = 2_000

/** What only a plant has: its lines, how far each has come, and what is wrong with any. */
export function plantSide({ queries, facts, plant, version }: PlantSideOptions): Side {
  const startedAtMs = Date.now()
  const kept = new Briefly(KEEP_MS, () => plant.lines())
  const lines = (): ReturnType<PlantPort['lines']> => Promise.resolve(kept.get(''))
  return {
    kind: 'plant',
    offers: { operators: false, proof: false, timeZone: null },
    queries,
    facts,
    // Recipes stay on their lines.
    recipe: () => null,
    routes: [
      jsonRoute({
        path: '/api/plant',
        tag: 'plant',
        summary: {
          zh: '各产线:已接收到的位置、滞后、最近事件、缺失、篡改报警',
          en: 'The lines: how far each has come, lag, last event, gaps, alarms of tampering',
        },
        response: plantAnswerSchema,
        async handle() {
          const all = await lines()
          return {
            place: plant.place,
            lines: all,
            alarms: plantAlarms(all, plant.own(), Date.now()),
            version,
            node: process.version,
            uptimeS: Math.round((Date.now() - startedAtMs) / 1000),
          }
        },
      }),
    ],
    handlers: [],
    registry: new PlantMetrics(plant, lines, version).registry,
    problems: () =>
      lines().then(
        () => [],
        (error: unknown) => [asCoded(error, 'TRC_PLANT').message],
      ),
    start: () => Promise.resolve(),
    close: () => undefined,
  }
}
