import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, expect, it, vi } from 'vitest'
import { createIdentitySource } from '../../camera/index.ts'
import { identitySourceSchema } from '../../contracts/index.ts'

/** Within this a reader must be known to be gone whose cable was pulled, s. */
const KNOWN_S = 15
const closers: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A port on which somebody reads, and the connection that the source made to it. */
async function asked(spec: (port: number) => object): Promise<{ port: number; socket: Socket }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => void server.close())
  const { port } = server.address() as AddressInfo
  const source = createIdentitySource(identitySourceSchema.parse({ id: 'gun', ...spec(port) }))
  closers.push(() => source.close())
  const [[socket]] = await Promise.all([
    once(server, 'connection') as Promise<[Socket]>,
    source.open(() => undefined),
  ])
  closers.push(() => void socket.destroy())
  return { port, socket }
}

/** How the kernel looks after each TCP connection (proc_net_tcp.txt); Linux alone tells. */
const TABLE = '/proc/net/tcp'
const KEEPALIVE_TIMER = '02'
/** `tm->when` counts in clock ticks of user space, 100 per second. */
const TICKS_PER_S = 100

it.skipIf(!existsSync(TABLE))(
  'a scanner without power is missed by the kernel, though it sends nothing',
  async () => {
    const { port } = await asked((at) => ({ adapter: 'scanner-tcp', host: '127.0.0.1', port: at }))
    const peer = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
    await vi.waitFor(() => {
      const row = readFileSync(TABLE, 'utf8')
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .find(([, , remote]) => remote === peer)
      const [timer, ticks] = row?.[5]?.split(':') ?? []
      expect(timer).toBe(KEEPALIVE_TIMER)
      expect(Number.parseInt(ticks ?? '', 16) / TICKS_PER_S).toBeLessThan(KNOWN_S)
    })
  },
)

it('a broker is asked for a sign of life as often', async () => {
  const { socket } = await asked((port) => ({
    adapter: 'mqtt-reads',
    url: `mqtt://127.0.0.1:${port}`,
    topic: 'reads',
  }))
  const [connect] = (await once(socket, 'data')) as [Buffer]
  // MQTT 3.1.1, 3.1.2: behind the fixed header of 2 bytes, name (6), level and flags stands Keep Alive, s.
  expect(connect.toString('latin1', 4, 8)).toBe('MQTT')
  // The broker counts as gone after one and a half of it.
  expect(connect.readUInt16BE(10) * 1.5).toBeLessThanOrEqual(KNOWN_S)
  expect(connect.readUInt16BE(10)).toBeGreaterThan(0)
})
