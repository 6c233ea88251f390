import { createReadStream } from 'node:fs'
import { connect } from 'node:net'
import type { Readable } from 'node:stream'
import { asCoded, CodedError, type IdentitySource, type IdentitySourceSpecOf } from '../../contracts/index.ts'
import { LineSplitter } from './line-splitter.ts'
import { pushedRead } from './pushed-read.ts'
import { ReadFeed } from './read-feed.ts'
import { keepConnected } from './reconnect.ts'

type Spec = IdentitySourceSpecOf<'scanner-tcp'> | IdentitySourceSpecOf<'scanner-device'>

/** A scanner that sends one line per code, over TCP or a character device; it is opened again when it goes away. */
export function scannerLines(spec: Spec): IdentitySource {
  const feed = new ReadFeed(spec.id, spec.noRead)
  const stop = new AbortController()
  const where = spec.adapter === 'scanner-tcp' ? `${spec.host}:${spec.port}` : spec.path
  let running: Promise<void> | null = null

  const session = async (worked: () => void): Promise<void> => {
    const stream = await opened(spec, stop.signal)
    worked()
    feed.connected()
    await lines(stream, spec.maxLength, feed)
    throw new CodedError('CAM_GONE', { path: where, actual: 'the scanner closed the connection' })
  }
  return {
    id: spec.id,
    adapter: spec.adapter,
    open: async (listener) => {
      feed.open(listener)
      running = keepConnected(stop.signal, session, (e) => feed.lost(asCoded(e, 'CAM_GONE', { path: where })))
    },
    health: () => feed.health,
    close: async () => {
      feed.close()
      stop.abort()
      await running
    },
  }
}

/** A stream that ends with an error when `signal` aborts. */
function opened(spec: Spec, signal: AbortSignal): Promise<Readable> {
  return new Promise((resolve, reject) => {
    const stream =
      spec.adapter === 'scanner-tcp'
        ? connect({ host: spec.host, port: spec.port, keepAlive: true, signal })
        : createReadStream(spec.path, { signal })
    stream.once(spec.adapter === 'scanner-tcp' ? 'connect' : 'open', () => resolve(stream))
    stream.once('error', (e: Error) =>
      reject(asCoded(e, 'CAM_OPEN', { hint: 'check that the scanner is on and its address' })),
    )
  })
}

async function lines(stream: Readable, maxLength: number, feed: ReadFeed): Promise<void> {
  const splitter = new LineSplitter(maxLength)
  for await (const chunk of stream) {
    for (const line of splitter.push(chunk as Uint8Array)) {
      if (line === null)
        feed.refused(
          new CodedError('CAM_BAD_REQUEST', {
            expected: `a line of at most ${maxLength} characters`,
            actual: 'a longer one',
          }),
        )
      else feed.read(pushedRead(line))
    }
  }
}
