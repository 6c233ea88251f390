import { EventTail } from './live/event-tail.ts'
import { LatencyWindow } from './live/latency-window.ts'
import { inspectionOf } from './live/inspection-facts.ts'
import { LiveFeed } from './live/live-feed.ts'
import { Metrics } from './metrics.ts'
import type {
  DashboardLog,
  FactPort,
  IdentityPort,
  LiveLine,
  LiveQueries,
  ModuleHandlers,
  OperatorPort,
  PartQueries,
  ProofPort,
  ResolverPort,
  SinkPort,
} from './ports.ts'
import { balanceRoutes } from './routes/balance.ts'
import { lineRoutes } from './routes/line.ts'
import { liveRoutes } from './routes/live.ts'
import { problemsOf } from './routes/operations.ts'
import { operatorRoutes } from './routes/operators.ts'
import { proofRoutes } from './routes/proof.ts'
import { resolverRoutes } from './routes/resolver.ts'
import { sinkRoutes } from './routes/sinks.ts'
import type { Side } from './side.ts'

export interface LineSideOptions {
  queries: PartQueries
  /** Absent = `queries`. */
  liveQueries?: LiveQueries
  facts: FactPort
  /** Resolution and change of identities; absent = neither. */
  names?: { resolver: ResolverPort; identity: IdentityPort }
  live: LiveLine
  modules: ModuleHandlers
  /** Sends events to sinks again; absent = the server says nothing about sinks. */
  sinks?: SinkPort
  /** Who is signed on; absent = nobody ever is. */
  operators?: OperatorPort
  /** The proof of the log; absent = the server has none. */
  proof?: ProofPort
  log: DashboardLog
  version: string
}

const PRIME_PARTS = 200

/** What only a running line has: its state, the live feed, the balance of triggers, sinks, scenario modules. */
export function lineSide(options: LineSideOptions): Side {
  const { queries, live, log, version, liveQueries = queries } = options
  const tail = new EventTail(liveQueries, live, log)
  const latency = new LatencyWindow()
  const feed = new LiveFeed({ queries: liveQueries, live, tail, latency, log })
  const metrics = new Metrics(queries, live, feed, version)
  tail.subscribe((batch) => {
    metrics.observe(batch)
    for (const logged of batch) {
      const part = inspectionOf(logged)
      if (part) latency.add(part.station, part.totalMs)
    }
  })
  return {
    kind: 'line',
    offers: {
      operators: options.operators !== undefined,
      proof: options.proof !== undefined,
      timeZone: live.info().timeZone,
    },
    queries,
    facts: options.facts,
    ncrs: options.facts,
    recipe: (id) => live.recipe(id),
    routes: [
      ...lineRoutes({ live, latency, tail, feed, version, startedAtMs: Date.now() }),
      ...balanceRoutes(queries, live),
      ...(options.names ? resolverRoutes(options.names.resolver, options.names.identity) : []),
      ...(options.sinks ? sinkRoutes(queries, live, options.sinks) : []),
      ...(options.operators ? operatorRoutes(options.operators) : []),
      ...(options.proof ? proofRoutes(options.proof) : []),
      ...liveRoutes(feed),
    ],
    handlers: options.modules.handlers,
    registry: metrics.registry,
    problems: () => problemsOf(live.state()),
    async start() {
      latency.prime(await queries.recentParts({ limit: PRIME_PARTS }))
      await tail.start()
    },
    close() {
      feed.close()
      tail.stop()
    },
  }
}
