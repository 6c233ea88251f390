import { timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import {
  asCoded,
  CodedError,
  type IdentitySource,
  type IdentitySourceSpecOf,
  isLoopback,
  monoMs,
} from '../../contracts/index.ts'
import { parsePushed } from './pushed-read.ts'
import { ReadFeed } from './read-feed.ts'

const MAX_BYTES = 16_384

export interface ListeningReads extends IdentitySource {
  /** Where reads are to be posted; null while closed. */
  url(): string | null
}

/** `POST /reads`: 202 when the read was taken, 400 with a code when it is none. */
export function httpReads(spec: IdentitySourceSpecOf<'http-reads'>): ListeningReads {
  const feed = new ReadFeed(spec.id, spec)
  let url: string | null = null
  const server = createServer((req, res) => {
    const answer = (status: number, body: object): void => {
      if (!req.complete) res.setHeader('connection', 'close')
      res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    if (req.url !== '/reads') return answer(404, { code: 'API_NOT_FOUND' })
    if (req.method !== 'POST') return answer(405, { code: 'API_REQUEST' })
    if (!entitled(req, spec.token)) return answer(401, { code: 'API_REQUEST', message: 'bearer token' })
    // The part is at the reader now; where the body stalls on the way it is gone when that is here.
    const atMs = monoMs()
    body(req)
      .then((bytes) => {
        feed.read({ ...parsePushed(bytes), atMs })
        answer(202, {})
      })
      .catch((e: unknown) => {
        const error = asCoded(e, 'CAM_BAD_REQUEST')
        feed.refused(error)
        answer(400, { code: error.code, message: error.message })
      })
  })
  return {
    id: spec.id,
    adapter: spec.adapter,
    url: () => url,
    open: async (listener) => {
      if (spec.token === undefined && !isLoopback(spec.host))
        throw new CodedError('CFG_INVALID', {
          path: `identity source ${spec.id}: token`,
          expected: 'a token, because the host is not a loopback address',
          actual: `none with host ${spec.host}`,
        })
      feed.open(listener)
      await new Promise<void>((resolve, reject) => {
        server.once('error', (e: NodeJS.ErrnoException) =>
          reject(
            asCoded(e, e.code === 'EADDRINUSE' ? 'CFG_PORT_IN_USE' : 'CAM_OPEN', {
              path: `${spec.host}:${spec.port}`,
            }),
          ),
        )
        server.listen(spec.port, spec.host, resolve)
      })
      const address = server.address()
      const port = address !== null && typeof address === 'object' ? address.port : spec.port
      url = `http://${spec.host.includes(':') ? `[${spec.host}]` : spec.host}:${port}/reads`
      feed.connected()
    },
    health: () => feed.health,
    close: async () => {
      url = null
      feed.close()
      if (!server.listening) return
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}

function entitled(req: IncomingMessage, token: string | undefined): boolean {
  if (token === undefined) return true
  const given = Buffer.from(req.headers.authorization ?? '')
  const wanted = Buffer.from(`Bearer ${token}`)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

/** @throws CAM_BAD_REQUEST above the limit */
async function body(req: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of req) {
    bytes += (chunk as Buffer).length
    if (bytes > MAX_BYTES)
      throw new CodedError('CAM_BAD_REQUEST', { expected: `at most ${MAX_BYTES} bytes`, actual: 'more' })
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}
