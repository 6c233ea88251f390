import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Express } from 'express'
import { CodedError } from '../../contracts/index.ts'
import { docsPage } from './docs-page.ts'
import { errorHandler, unknownPath } from './errors.ts'
import { EventTail } from './live/event-tail.ts'
import { LatencyWindow } from './live/latency-window.ts'
import { inspectionOf } from './live/newer-part.ts'
import { LiveFeed } from './live/live-feed.ts'
import { Metrics } from './metrics.ts'
import { openApiDocument } from './openapi.ts'
import type { EpcisService } from '../../traceability/query/index.ts'
import type {
  DashboardLog,
  FactPort,
  IdentityPort,
  ImageReader,
  LiveLine,
  LiveQueries,
  ModuleHandlers,
  OperatorPort,
  PartQueries,
  ProofPort,
  ResolverPort,
  SinkPort,
} from './ports.ts'
import { mount, otherMethods, type Route } from './route.ts'
import { analysisRoutes } from './routes/analysis.ts'
import { balanceRoutes } from './routes/balance.ts'
import { epcisErrors, EPCIS_BASE, unknownEpcisPath } from './routes/epcis-http.ts'
import { EpcisSockets } from './routes/epcis-socket.ts'
import { epcisRoutes } from './routes/epcis.ts'
import { exportRoutes } from './routes/export.ts'
import { genealogyRoutes } from './routes/genealogy.ts'
import { imageRoutes } from './routes/images.ts'
import { lineRoutes } from './routes/line.ts'
import { liveRoutes } from './routes/live.ts'
import { mountModules } from './routes/modules.ts'
import { ncrRoutes } from './routes/ncrs.ts'
import { operationsRoutes } from './routes/operations.ts'
import { operatorRoutes } from './routes/operators.ts'
import { partRoutes } from './routes/parts.ts'
import { proofRoutes } from './routes/proof.ts'
import { resolverRoutes } from './routes/resolver.ts'
import { sinkRoutes } from './routes/sinks.ts'
import { hostGuard, securityHeaders, urlGuard } from './security.ts'
import { mountWeb } from './web-files.ts'

export interface DashboardOptions {
  queries: PartQueries
  /** Absent = `queries`. */
  liveQueries?: LiveQueries
  facts: FactPort
  /** Resolution and change of identities; absent = neither. */
  names?: { resolver: ResolverPort; identity: IdentityPort }
  live: LiveLine
  modules: ModuleHandlers
  images: ImageReader
  /** The EPCIS repository; absent = the server has none. */
  epcis?: EpcisService
  /** Sends events to sinks again; absent = the server says nothing about sinks. */
  sinks?: SinkPort
  /** Who is signed on; absent = nobody ever is. */
  operators?: OperatorPort
  /** The proof of the log; absent = the server has none. */
  proof?: ProofPort
  log: DashboardLog
  version: string
  /** Host names besides localhost, this machine's name and plain addresses. */
  allowedHosts?: readonly string[]
  /** Folder of the built pages; absent = where the build puts them. */
  webDir?: string
}

export interface Dashboard {
  app: Express
  /**
   * Starts following the log and serving. Port 0 takes a free one.
   *
   * @throws CFG_PORT_IN_USE
   */
  listen(host?: string, port?: number): Promise<{ host: string; port: number; url: string }>
  close(): Promise<void>
}

const PRIME_PARTS = 200

/** The HTTP side of a line: API, live feed, metrics, documentation and pages. It reads; it never judges. */
export function createDashboard(options: DashboardOptions): Dashboard {
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

  const routes: Route[] = [
    ...lineRoutes({ queries, live, latency, tail, feed, version, startedAtMs: Date.now() }),
    ...balanceRoutes(queries, live),
    ...partRoutes(queries, live),
    ...genealogyRoutes(queries, options.facts),
    ...ncrRoutes(queries, options.facts),
    ...(options.names ? resolverRoutes(options.names.resolver, options.names.identity) : []),
    ...(options.sinks ? sinkRoutes(queries, live, options.sinks) : []),
    ...(options.operators ? operatorRoutes(options.operators) : []),
    ...(options.proof ? proofRoutes(options.proof) : []),
    ...analysisRoutes(queries),
    ...exportRoutes(queries),
    ...imageRoutes(options.images),
    ...liveRoutes(feed),
    ...(options.epcis ? epcisRoutes(options.epcis, version) : []),
  ]
  let document: object | null = null
  const describe = (): object => (document ??= openApiDocument(routes, options.modules.handlers, version))
  routes.push(
    ...operationsRoutes({
      live,
      metrics,
      version,
      document: describe,
      page: (language) => docsPage(describe(), language),
    }),
  )

  const app = express()
  app.disable('x-powered-by')
  app.set('query parser', 'simple')
  app.use(securityHeaders(), hostGuard(options.allowedHosts ?? []), urlGuard)
  mount(app, routes)
  mountModules(app, options.modules.handlers)
  app.use(otherMethods([...routes, ...options.modules.handlers]))
  app.use('/api', unknownPath)
  app.use(EPCIS_BASE, unknownEpcisPath, epcisErrors(log))
  mountWeb(app, options.webDir)
  app.use(unknownPath)
  app.use(errorHandler(log))

  const server = createServer(app)
  const sockets = options.epcis && new EpcisSockets(options.epcis, options.allowedHosts ?? [])
  sockets?.attach(server)
  return {
    app,
    async listen(host = '127.0.0.1', port = 8414) {
      await new Promise<void>((resolve, reject) => {
        server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)))
        server.listen(port, host, resolve)
      })
      try {
        latency.prime(await queries.recentParts({ limit: PRIME_PARTS }))
        await tail.start()
      } catch (error) {
        server.close()
        throw error
      }
      const at = server.address() as AddressInfo
      if (options.epcis) options.epcis.targets.ownPort = at.port
      const name = at.family === 'IPv6' ? `[${at.address}]` : at.address
      return { host: at.address, port: at.port, url: `http://${name}:${at.port}` }
    },
    async close() {
      feed.close()
      sockets?.close()
      tail.stop()
      metrics.registry.clear()
      if (!server.listening) return
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
        setTimeout(() => server.closeAllConnections(), 1_500).unref()
      })
    },
  }
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): CodedError {
  if (error.code === 'EADDRINUSE')
    return new CodedError('CFG_PORT_IN_USE', {
      expected: 'a free port',
      actual: `${host}:${port} is taken`,
      hint: 'stop the other program or set another port (dashboard.port in the line file, --port)',
      cause: error,
    })
  return new CodedError('CFG_INVALID', {
    path: 'dashboard.host',
    expected: 'an address of this machine',
    actual: `${host}:${port}: ${error.message}`,
    cause: error,
  })
}
