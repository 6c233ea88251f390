import type { IncomingMessage, ServerResponse } from 'node:http'
import { hasBody } from './body-bytes.ts'

/** Of a body that nobody waits for, so much is still taken in, and for so long: see `endUnread`. */
const LINGER_BYTES = 1_048_576
const LINGER_MS = 2_000

/**
 * Ends the connection of a request that is answered before its body was read: node itself would read the rest, however
 * long, before the next request. Whoever is still sending gets to read the answer (RFC 9112, 9.6): for a moment a little
 * more is taken in, then nothing.
 */
export function endUnread(req: IncomingMessage, res: ServerResponse): void {
  if (!hasBody(req)) return
  const keep = res.shouldKeepAlive
  res.shouldKeepAlive = false
  req.once('end', () => (res.shouldKeepAlive = keep))
  // To node, a request that nobody ever read from is one to be read to its end.
  req.read(0)
  res.once('prefinish', () => {
    if (!req.complete) linger(req)
  })
}

/** Once the answer is out, node calls `destroySoon` on a connection that is not kept. */
function linger(req: IncomingMessage): void {
  const { socket } = req
  const destroySoon = socket.destroySoon.bind(socket)
  let left = LINGER_BYTES
  socket.destroySoon = () => {
    socket.end()
    const timer = setTimeout(() => socket.destroy(), LINGER_MS)
    socket.once('close', () => clearTimeout(timer))
    req.once('end', destroySoon)
    req.on('data', (chunk: Buffer) => {
      left -= chunk.length
      if (left < 0) req.pause()
    })
    req.resume()
  }
}
