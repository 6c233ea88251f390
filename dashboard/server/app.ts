import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import express, { type Express } from 'express'
import { CodedError } from '../../contracts/index.ts'
import type { AccountPort } from './account-ports.ts'
import { Sessions } from './accounts/session.ts'
import { everybodyIsVisitor, identify } from './accounts/who.ts'
import type { EpcisService } from '../../traceability/query/index.ts'
import { docsPage } from './docs-page.ts'
import { errorHandler, unknownPath } from './errors.ts'
import { lineSide, type LineSideOptions } from './line-side.ts'
import { openApiDocument } from './openapi.ts'
import { plantSide, type PlantSideOptions } from './plant-side.ts'
import type { Certificate, DashboardLog, ImageReader } from './ports.ts'
import { mount, otherMethods, type Route } from './route.ts'
import { accountRoutes } from './routes/accounts.ts'
import { analysisRoutes } from './routes/analysis.ts'
import { counterRoutes } from './routes/counters.ts'
import { epcisErrors, EPCIS_BASE, unknownEpcisPath } from './routes/epcis-http.ts'
import { EpcisSockets } from './routes/epcis-socket.ts'
import { epcisRoutes } from './routes/epcis.ts'
import { exportRoutes } from './routes/export.ts'
import { genealogyRoutes } from './routes/genealogy.ts'
import { imageRoutes } from './routes/images.ts'
import { mountModules } from './routes/modules.ts'
import { ncrRoutes, ncrStepRoutes } from './routes/ncrs.ts'
import { operationsRoutes } from './routes/operations.ts'
import { partRoutes } from './routes/parts.ts'
import type { Side } from './side.ts'
import { hostGuard, securityHeaders, urlGuard } from './security.ts'
import { endUnread } from './unread-bodies.ts'
import { mountWeb } from './web-files.ts'

interface ServerOptions {
  images: ImageReader
  /** The EPCIS repository; absent = the server has none. */
  epcis?: EpcisService
  /** Absent = nobody can sign in. */
  accounts?: AccountPort
  access?: Partial<Access>
  /** A second port, for other machines; absent = none. */
  https?: { host?: string | undefined; port: number; certificate: Certificate }
  log: DashboardLog
  version: string
  /** Folder of the built pages; absent = where the build puts them. */
  webDir?: string
  /** See `REQUEST_MS`, which holds where it is absent. */
  requestMs?: number
}

/** How it may be reached, as a line file says it (`contracts/dashboard.schema.ts`). */
interface Access {
  /** Host names besides localhost, this machine's name and plain addresses; absent = none. */
  allowedHosts: readonly string[]
  /** Passwords are taken over plain http from other machines, too; absent = no. */
  plainSignIn: boolean
  /** Who sits at this machine may do everything without an account; absent = yes. */
  localAdmin: boolean
}

/** Further ones are closed at once: files and sockets of the line itself come first. */
const MAX_CONNECTIONS = 1_000

/** Whoever sends a request for longer is answered 408: the largest body, of 20 MB, then comes at 70 kB/s and more. */
const REQUEST_MS = 300_000
/** So often that is looked at. */
const CHECK_MS = 5_000
/** Whoever says nothing by then is no browser. */
const HANDSHAKE_MS = 10_000
/** So long answers may take that are on their way when the server ends. */
const LAST_ANSWERS_MS = 1_500

export type DashboardOptions = ServerOptions & LineSideOptions
export type PlantDashboardOptions = ServerOptions & PlantSideOptions

export interface Dashboard {
  app: Express
  /**
   * Starts following the log and serving. Port 0 takes a free one.
   *
   * @throws CFG_PORT_IN_USE
   */
  listen(host?: string, port?: number): Promise<Listening>
  close(): Promise<void>
}

export interface Listening {
  host: string
  port: number
  url: string
  /** Absent = nothing is served by https. */
  httpsPort?: number
}

/** The HTTP side of a line: API, live feed, metrics, documentation and pages. It reads; it never judges. */
export const createDashboard = (options: DashboardOptions): Dashboard =>
  createServerOf(lineSide(options), options)

/** The same over the store of a plant: the records of all its lines, without what only a running line has. */
export const createPlantDashboard = (options: PlantDashboardOptions): Dashboard =>
  createServerOf(plantSide(options), options)

function createServerOf(side: Side, options: ServerOptions): Dashboard {
  const { queries } = side
  const { log, version } = options
  const { allowedHosts = [], plainSignIn = false, localAdmin = true } = options.access ?? {}
  const accounts = options.accounts && {
    port: options.accounts,
    sessions: new Sessions(options.accounts.key),
  }
  const routes: Route[] = [
    ...accountRoutes({ accounts, plainSignIn }),
    ...side.routes,
    ...counterRoutes(queries),
    ...partRoutes(side),
    ...genealogyRoutes(queries, side.facts),
    ...ncrRoutes(queries),
    ...(side.ncrs ? ncrStepRoutes(queries, side.ncrs) : []),
    ...analysisRoutes(queries),
    ...exportRoutes(queries),
    ...imageRoutes(options.images),
    ...(options.epcis ? epcisRoutes(options.epcis, version) : []),
  ]
  let document: object | null = null
  const describe = (): object => (document ??= openApiDocument(routes, side.handlers, version))
  routes.push(
    ...operationsRoutes({
      side,
      version,
      document: describe,
      page: (language) => docsPage(describe(), language),
    }),
  )

  const app = express()
  app.disable('x-powered-by')
  app.set('query parser', 'simple')
  app.use(securityHeaders(), hostGuard(allowedHosts), urlGuard)
  if (!localAdmin) app.use(everybodyIsVisitor)
  if (accounts) app.use(identify(accounts.port, accounts.sessions))
  mount(app, routes)
  mountModules(app, side.handlers, log)
  app.use(otherMethods([...routes, ...side.handlers]))
  app.use('/api', unknownPath)
  app.use(EPCIS_BASE, unknownEpcisPath, epcisErrors(log))
  mountWeb(app, options.webDir)
  app.use(unknownPath)
  app.use(errorHandler(log))

  const { requestMs: requestTimeout = REQUEST_MS } = options
  const limits = { requestTimeout, connectionsCheckingInterval: Math.min(CHECK_MS, requestTimeout) }
  const serve: RequestListener = (req, res) => {
    endUnread(req, res)
    app(req, res)
  }
  const { https } = options
  const server = createServer(limits, serve)
  const secure = https && createSecureServer(https.certificate, limits, serve)
  const servers = secure ? [server, secure] : [server]
  const sockets = options.epcis && new EpcisSockets(options.epcis, allowedHosts)
  const connections = new Set<Socket>()
  for (const one of servers) {
    one.maxConnections = MAX_CONNECTIONS
    one.on('connection', (socket) => {
      connections.add(socket)
      socket.once('close', () => connections.delete(socket))
    })
    sockets?.attach(one)
  }
  return {
    app,
    async listen(host = '127.0.0.1', port = 8414) {
      const at = await opened(server, { host, port }, 'dashboard')
      let httpsPort: number | undefined
      try {
        if (https && secure) {
          const address = await opened(secure, https, 'dashboard.https')
          httpsPort = address.port
          log.info({ host: address.address, port: httpsPort }, 'pages are served by https, too')
        }
        await side.start()
      } catch (error) {
        for (const one of servers) one.close()
        throw error
      }
      if (options.epcis)
        options.epcis.targets.ownPorts = [at.port, ...(httpsPort === undefined ? [] : [httpsPort])]
      const url = `http://${nameHere(at)}:${at.port}`
      return { host: at.address, port: at.port, url, ...(httpsPort !== undefined && { httpsPort }) }
    },
    async close() {
      side.close()
      sockets?.close()
      side.registry.clear()
      // Also those that have said nothing by TLS yet, which no server closes.
      const cut = setTimeout(() => connections.forEach((socket) => socket.destroy()), LAST_ANSWERS_MS)
      await Promise.all(servers.filter((one) => one.listening).map(closed))
      clearTimeout(cut)
    },
  }
}

/** Takes every certificate that comes; without one no connection comes about. */
function createSecureServer(certificate: Certificate, limits: object, serve: RequestListener): Server {
  const secure = createHttpsServer(
    { ...limits, ...certificate.current, handshakeTimeout: HANDSHAKE_MS },
    serve,
  )
  certificate.onRenewed((pem) => secure.setSecureContext(pem))
  return secure
}

/** @param path of the setting in the line file */
async function opened(
  server: Server,
  { host, port }: { host?: string | undefined; port: number },
  path: string,
): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(listenError(error, `${host ?? ''}:${port}`, path)),
    )
    server.listen(port, host, resolve)
  })
  return server.address() as AddressInfo
}

async function closed(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
}

/** As who sits at this machine asks: by the name of all its addresses nobody is known to be here (`whoAsks`). */
function nameHere({ address, family }: AddressInfo): string {
  if (address === '0.0.0.0') return '127.0.0.1'
  if (family === 'IPv4') return address
  return address === '::' ? '[::1]' : `[${address}]`
}

function listenError(error: NodeJS.ErrnoException, at: string, path: string): CodedError {
  if (error.code === 'EADDRINUSE')
    return new CodedError('CFG_PORT_IN_USE', {
      path: `${path}.port`,
      expected: 'a free port',
      actual: `${at} is taken`,
      hint: 'stop the other program or set another port (in the line file, or as an option of the command)',
      cause: error,
    })
  return new CodedError('CFG_INVALID', {
    path: `${path}.host`,
    expected: 'an address of this machine',
    actual: `${at}: ${error.message}`,
    cause: error,
  })
}
