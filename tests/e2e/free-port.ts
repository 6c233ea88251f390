import { createServer } from 'node:net'

/** Below the ports that the kernel gives to outgoing connections, which may take a port between look and use. */
const FIRST = 15_000
const COUNT = 15_000
const taken = new Set<number>()

/** A port that nobody listens at; no other call of this process gets it, nor the three behind it. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT)
    if ([0, 1, 2, 3].some((n) => taken.has(port + n)) || !(await isFree(port))) continue
    for (const n of [0, 1, 2, 3]) taken.add(port + n)
    return port
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
