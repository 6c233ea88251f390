import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A link to a server that can be cut and mended, as a network is. */
export interface CutLink {
  /** The URL with this link in place of the server. */
  url: string
  /** Breaks what is open and refuses what comes. */
  cut(): void
  /** Keeps what is open and takes what comes, and passes nothing on, as a switch that has died. */
  swallow(): void
  /** Passes nothing on over what is open, for good, and lets in what comes: the far host lost its power and is back. */
  orphan(): void
  mend(): void
  close(): void
}

/** @param lasts bytes that a connection takes from the client before it breaks */
export async function cutLink(target: string, lasts = Infinity): Promise<CutLink> {
  const to = new URL(target)
  const open = new Set<Socket>()
  let whole = true
  let silent = false
  let orphaned = 0
  const server = createServer((client) => {
    if (!whole) return void client.destroy()
    const since = orphaned
    const far = connect(Number(to.port || '5432'), to.hostname)
    let left = lasts
    client.on('data', (bytes) => {
      left -= bytes.length
      if (left < 0) far.destroy()
    })
    for (const [a, b] of [
      [client, far],
      [far, client],
    ] as const) {
      open.add(a)
      a.on('error', () => b.destroy())
      a.on('close', () => {
        open.delete(a)
        b.destroy()
      })
      a.on('data', (bytes) => {
        if (!silent && since === orphaned && !b.destroyed) b.write(bytes)
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  const breakAll = (): void => {
    for (const socket of open) socket.destroy()
  }
  return {
    url: url.href,
    cut() {
      whole = false
      breakAll()
    },
    orphan: () => void (orphaned += 1),
    swallow: () => void (silent = true),
    mend() {
      whole = true
      silent = false
    },
    close() {
      breakAll()
      server.close()
    },
  }
}
