import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { PlantLine, PlantPort } from './plant-ports.ts'

/** Prometheus metrics of a plant: per log what came, what waits, and whether it is as it was signed. */
export class PlantMetrics {
  readonly registry = new Registry()

  constructor(
    plant: Pick<PlantPort, 'own' | 'activeHolds'>,
    lines: () => Promise<PlantLine[]>,
    version: string,
  ) {
    const { registry } = this
    collectDefaultMetrics({ register: registry })
    new Gauge({
      name: 'sightline_build_info',
      help: 'Version of the product',
      labelNames: ['version', 'node'] as const,
      registers: [registry],
    }).set({ version, node: process.version }, 1)
    const perLogOf = <L extends { log: string }>(
      logs: () => Promise<L[]>,
      name: string,
      help: string,
      read: (log: L) => number | null,
    ): void => {
      new Gauge({
        name: `sightline_plant_log_${name}`,
        help,
        labelNames: ['log'] as const,
        registers: [registry],
        async collect() {
          this.reset()
          for (const log of await logs()) {
            const value = read(log)
            if (value !== null) this.set({ log: log.log }, value)
          }
        },
      })
    }
    const perLog = (name: string, help: string, read: (line: PlantLine) => number | null): void =>
      perLogOf(lines, name, help, read)
    const checked = async (): Promise<Pick<PlantLine, 'log' | 'check'>[]> => [...(await lines()), plant.own()]
    perLog('events', 'Events that the plant has', (l) => l.received)
    perLog('behind', 'Events that the line has and the plant has not', (l) =>
      l.events === null ? null : Math.max(0, l.events - l.received),
    )
    perLog('silent_seconds', 'Time since the line was last heard', (l) =>
      l.seenAt === null ? null : Math.max(0, (Date.now() - Date.parse(l.seenAt)) / 1000),
    )
    perLog('images_missing', 'Images that did not come along', (l) => l.imagesMissing)
    perLogOf(checked, 'altered', '1: the last check found something altered', (l) =>
      l.check === null ? null : l.check.state === 'altered' ? 1 : 0,
    )
    perLogOf(checked, 'gaps', 'Stretches of the log that are missing', (l) => l.check?.gaps ?? null)
    new Gauge({
      name: 'sightline_plant_holds_active',
      help: 'Holds in force',
      registers: [registry],
      async collect() {
        this.set(await plant.activeHolds())
      },
    })
  }
}
