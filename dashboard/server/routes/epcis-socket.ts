import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { EpcisService } from '../../../traceability/query/index.ts'
import { allowedHost, foreignPage } from '../security.ts'
import { EPCIS_BASE, formatOf, problemBody, problemOf, refused } from './epcis-http.ts'
import { STREAM_PARAMETERS } from './epcis-queries.ts'

const PATH = new RegExp(`^${EPCIS_BASE}/queries/([^/]+)/events$`)
const SCHEDULE = ['second', 'minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek']
/** A client that leaves this much unread is cut off, bytes: what it missed it can ask for. */
const MAX_BUFFERED = 8 * 1024 * 1024
const PING_MS = 30_000
const MAX_CLIENTS = 100

/** Subscriptions over WebSocket: `GET /queries/{name}/events?stream=true` with an upgrade (EPCIS 2.0, 12.7.5). */
export class EpcisSockets {
  readonly #epcis: EpcisService
  readonly #hosts: readonly string[]
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: 1024, clientTracking: true })
  readonly #ping: NodeJS.Timeout
  /** From when on a handshake asks for events, where it says so. */
  readonly #since = new WeakMap<IncomingMessage, string>()

  constructor(epcis: EpcisService, allowedHosts: readonly string[]) {
    this.#epcis = epcis
    this.#hosts = allowedHosts
    this.#server.on('headers', (headers, req) => {
      headers.push(`GS1-Query-Min-Record-Time: ${this.#since.get(req) ?? new Date().toISOString()}`)
    })
    const answered = new WeakSet<WebSocket>()
    this.#server.on('connection', (socket: WebSocket) => {
      answered.add(socket)
      socket.on('pong', () => answered.add(socket))
    })
    this.#ping = setInterval(() => {
      for (const socket of this.#server.clients) {
        if (!answered.has(socket)) socket.terminate()
        answered.delete(socket)
        socket.ping()
      }
    }, PING_MS)
    this.#ping.unref()
  }

  attach(server: Server): void {
    server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => socket.destroy())
      this.#upgrade(req, socket, head).catch((error: unknown) => refuseUpgrade(socket, error))
    })
  }

  close(): void {
    clearInterval(this.#ping)
    for (const socket of this.#server.clients) socket.close(1001, 'the line is stopped')
    this.#server.close()
  }

  async #upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const url = urlOf(req)
    const name = nameIn(url)
    const { host = '' } = req.headers
    const foreign = allowedHost(host, this.#hosts) ? foreignPage(req) : host
    if (foreign !== null) throw refused('SecurityException', 'a page and host name of this server', foreign)
    if (this.#server.clients.size >= MAX_CLIENTS)
      throw refused('ImplementationException', `at most ${MAX_CLIENTS} subscribers`, 'more')
    const controls = controlsOf(url.searchParams)
    let client: WebSocket | null = null
    let ended: string | null = null
    let dead = false
    const queue: { text: string; taken: (ok: boolean) => void }[] = []
    const send = (text: string): Promise<boolean> =>
      new Promise((taken) => {
        if (dead) taken(false)
        else if (client === null) queue.push({ text, taken })
        else sendTo(client, text, taken)
      })
    const closed = await this.#epcis.connect(name, controls, socketFormat(req), send, (reason) => {
      ended = reason
      if (client !== null) endWith(client, reason)
    })
    // The standing query must end with the subscriber it was made for, also when that one never came about.
    const giveUp = (): void => {
      dead = true
      closed()
      for (const { taken } of queue.splice(0)) taken(false)
    }
    if (socket.destroyed) return giveUp()
    const { initialRecordTime: since } = controls
    if (typeof since === 'string') this.#since.set(req, since)
    this.#server.handleUpgrade(req, socket, head, (ws) => {
      client = ws
      ws.on('close', closed)
      ws.on('error', () => ws.terminate())
      this.#server.emit('connection', ws, req)
      for (const { text, taken } of queue.splice(0)) sendTo(ws, text, taken)
      // Its query may have been removed while the handshake went on.
      if (ended !== null) endWith(ws, ended)
    })
    // A request that is no handshake is answered by the server above, which calls nobody back.
    if (client === null) giveUp()
  }
}

/** @throws EpcisError ValidationException */
function urlOf({ url = '/' }: IncomingMessage): URL {
  try {
    return new URL(url, 'http://here')
  } catch {
    throw refused('ValidationException', 'a well-formed URL', url)
  }
}

/** Name of the query that is subscribed to. @throws EpcisError NoSuchNameException, ValidationException */
function nameIn({ pathname }: URL): string {
  const name = PATH.exec(pathname)?.[1]
  if (name === undefined)
    throw refused('NoSuchNameException', `${EPCIS_BASE}/queries/{name}/events`, pathname)
  try {
    return decodeURIComponent(name)
  } catch {
    throw refused('ValidationException', 'percent encoding of UTF-8', name)
  }
}

const endWith = (ws: WebSocket, reason: string): void => ws.close(1013, reason.slice(0, 100))

function sendTo(ws: WebSocket, text: string, taken: (ok: boolean) => void): void {
  if (ws.readyState !== ws.OPEN || ws.bufferedAmount > MAX_BUFFERED) return taken(false)
  ws.send(text, (error) => taken(error === undefined || error === null))
}

/** @throws EpcisError SubscriptionControlsException for a parameter that is none of a subscription */
function controlsOf(query: URLSearchParams): Record<string, unknown> {
  const controls: Record<string, unknown> = {}
  const schedule: Record<string, string> = {}
  for (const [key, value] of query) {
    if (!STREAM_PARAMETERS.includes(key))
      throw refused('SubscriptionControlsException', STREAM_PARAMETERS.join(', '), key, `/${key}`)
    if (key in schedule || key in controls)
      throw refused('SubscriptionControlsException', 'each parameter once', key, `/${key}`)
    if (SCHEDULE.includes(key)) schedule[key] = value
    else controls[key] = value === 'true' ? true : value === 'false' ? false : value
  }
  return Object.keys(schedule).length === 0 ? controls : { ...controls, schedule }
}

/** @throws EpcisError NotAcceptableException */
function socketFormat(req: IncomingMessage): ReturnType<typeof formatOf> {
  const header = req.headers['gs1-epc-format']
  return formatOf(typeof header === 'string' ? header : undefined)
}

function refuseUpgrade(socket: Duplex, error: unknown): void {
  const problem = problemOf(error)
  const body = JSON.stringify(problemBody(problem))
  socket.end(
    `HTTP/1.1 ${problem.status} Refused\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
