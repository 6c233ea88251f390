import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { describeWith } from '../services/require-service.ts'

/** A line that looks at a camera; it is killed before it could end anything. */
const LINE = `
const { createFramePool, ffmpegSource } = await import(process.argv[1])
const pool = createFramePool({ slots: 2, slotBytes: 4096 })
const input = ['-f', 'mjpeg', '-i', 'tcp://127.0.0.1:' + process.argv[2]]
const picture = { input, widthPx: 64, heightPx: 64, pixel: 'mono8', mode: 'free' }
const limits = { firstTrigger: 1, backPressure: 'miss', watchdogMs: 600000, restart: { max: 5, withinMs: 60000 } }
const source = ffmpegSource({ station: 'st1', view: 'top', pool, ...picture, ...limits })
await source.open()
for await (const item of source.items(new AbortController().signal)) void item
`

describeWith(
  'ffmpeg',
  spawnSync('ffmpeg', ['-version']).status === 0,
  'an ffmpeg whose line was killed',
  () => {
    it('lets go of a camera that sends nothing, as one between two triggers', async () => {
      const server = createServer()
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const camera = new URL('camera/index.js', `${process.env['SIGHTLINE_BUILT']}/`).href
      const { port } = server.address() as AddressInfo
      const line = spawn(process.execPath, ['--input-type=module', '-e', LINE, camera, String(port)], {
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      onTestFinished(() => {
        line.kill('SIGKILL')
        server.close()
      })
      const [socket] = (await once(server, 'connection')) as [Socket]
      // One left behind by a failed test ends here.
      onTestFinished(() => void socket.destroy())
      let held = true
      // It may end by a reset.
      socket.on('error', () => undefined).once('close', () => (held = false))
      socket.resume()
      line.kill('SIGKILL')
      await expect.poll(() => held).toBe(false)
    })
  },
)
