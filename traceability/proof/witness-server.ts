import { createServer, type IncomingMessage, type Server } from 'node:http'
import { asCoded, CodedError } from '../../contracts/index.ts'
import { checkpointNote } from '../log/index.ts'
import type { Witness } from './witness.ts'

const MAX_BODY_BYTES = 65_536
const BODY_TIMEOUT_MS = 10_000

/**
 * `POST /add-checkpoint` of c2sp.org/tlog-witness, and `GET /checkpoint?origin=…` with the latest cosigned checkpoint,
 * for whoever wants to know from somebody other than the line how long the log is.
 *
 * @throws CFG_PORT_IN_USE
 */
export async function serveWitness(
  witness: Witness,
  o: { host: string; port: number; onRefusal: (status: number, reason: string) => void },
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer({ requestTimeout: BODY_TIMEOUT_MS }, (request, response) => {
    const answer = (status: number, type: string, body: string): void => {
      if (status !== 200) o.onRefusal(status, body.trim())
      response.writeHead(status, { 'content-type': type }).end(body)
    }
    // State that cannot be read or written: nothing may be cosigned, and whoever asks must not end the witness.
    const answered = (work: () => void): void => {
      try {
        work()
      } catch (error) {
        answer(500, 'text/plain', `${asCoded(error, 'TRC_WITNESS').message}\n`)
      }
    }
    const [path = '', query = ''] = (request.url ?? '').split('?', 2)
    if (request.method === 'POST' && path === '/add-checkpoint') {
      readBody(request).then(
        (body) =>
          answered(() => {
            const { status, type, body: text } = witness.addCheckpoint(body)
            answer(status, type, text)
          }),
        () => answer(400, 'text/plain', 'the body is too long or broke off\n'),
      )
    } else if (request.method === 'GET' && path === '/checkpoint')
      answered(() => {
        const latest = witness.latest(new URLSearchParams(query).get('origin') ?? '')
        if (latest === null) answer(404, 'text/plain', 'unknown log\n')
        else answer(200, 'text/plain; charset=utf-8', checkpointNote(latest))
      })
    else answer(404, 'text/plain', 'not here\n')
  })
  const port = await listen(server, o.host, o.port)
  return {
    url: `http://${o.host.includes(':') ? `[${o.host}]` : o.host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        'code' in error && error.code === 'EADDRINUSE'
          ? new CodedError('CFG_PORT_IN_USE', { actual: `${host}:${port}: ${error.message}`, cause: error })
          : new CodedError('CFG_USAGE', {
              expected: 'an address and port this machine can listen on',
              actual: `${host}:${port}: ${error.message}`,
              cause: error,
            }),
      ),
    )
    server.listen(port, host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) throw new Error('too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
