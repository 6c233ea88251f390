import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, it } from 'vitest'
import { openModbusLink } from '../../camera/line-io/modbus-link.ts'

/** Longer than a test may take: what it asks must fail by the connection, not by this. */
const NEVER_MS = 600_000

it.each(['nothing', 'half an answer'])(
  'a PLC that resets the connection after %s fails the request at once',
  async (sent) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => {
        if (sent === 'nothing') return void socket.resetAndDestroy()
        // Modbus TCP: transaction 1, 7 bytes behind the header, of which 3 come.
        socket.write(Buffer.from([0, 1, 0, 0, 0, 7, 1, 3, 4]), () => socket.resetAndDestroy())
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    try {
      const link = await openModbusLink({ host: '127.0.0.1', port, unit: 1, timeoutMs: NEVER_MS })
      await expect(link.read(0, 2)).rejects.toMatchObject({
        code: 'CAM_IO',
        message: expect.stringContaining('read: the connection was closed'),
      })
      expect(link.open).toBe(false)
      await expect(link.write(0, [1])).rejects.toMatchObject({ code: 'CAM_IO' })
    } finally {
      server.close()
    }
  },
)
