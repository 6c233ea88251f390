import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { errorText } from '../../contracts/index.ts'
import { describeFfmpeg, made, read, triggersOf } from './samples/ffmpeg-source.ts'

describeFfmpeg('a camera that comes back with another size', ({ path }) => {
  it('shows nothing of it, says so, and is back by itself with the size that it had', async () => {
    const [right, other] = await Promise.all([readFile(path('a.ts')), readFile(path('b.ts'))])
    const shows = [right, other, other, right]
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.end(shows.shift() ?? '')
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const source = made({
      input: ['-f', 'mpegts', '-i', `tcp://127.0.0.1:${port}`],
      restart: { max: 5, withinMs: 60_000 },
    })
    await source.open()
    const { items } = await read(source, 9)
    server.close()
    expect(triggersOf(items.slice(0, 9))).toEqual([1, 2, 3, 'fault', 'fault', 'fault', 4, 5, 6])
    const told = items[4]
    expect(told).toMatchObject({
      code: 'CAM_GONE',
      fatal: false,
      message: expect.stringContaining('64 x 48 px, as before') as string,
    })
    expect(told?.kind === 'fault' && errorText(told).zh).toMatch(/64 x 48 px.*与之前相同.*请将相机设回/s)
  }, 30_000)
})
