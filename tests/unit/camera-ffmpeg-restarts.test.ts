import { chmod, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { expect, it } from 'vitest'
import { errorText, monoMs } from '../../contracts/index.ts'
import { describeFfmpeg, made, read, STAMPED, triggersOf } from './samples/ffmpeg-source.ts'

describeFfmpeg('connections of ffmpeg', ({ path }) => {
  it.each([
    ['rtp', 'rawvideo', 'bcd'],
    ['sdp', 'bitpacked', 'bcd'],
    ['rtsp', 'h264', 'abc'],
    ['nut', 'rawvideo', 'abc'],
  ])(
    'leaves out the first picture, which may be a part of one, of raw video over RTP alone: %s, %s',
    async (format, codec, shown) => {
      const binary = path('midway.sh')
      const told = `[info] Input #0, ${format}, from x\\n[info]   Stream #0:0 -> #0:0 (${codec} (native) -> rawvideo (native))`
      const frames = `for c in a b c d; do ${STAMPED}; head -c 3072 /dev/zero | tr "\\0" $c; done`
      await writeFile(
        binary,
        `#!/bin/sh\n[ "$1" = -version ] && exit\nprintf '${told}\\n' >&2\n${frames}\nexec sleep 60\n`,
      )
      await chmod(binary, 0o755)
      const source = made({ binary, input: ['-i', 'rtp://127.0.0.1:1'] })
      await source.open()
      const { items, pixels } = await read(source, 3)
      expect(triggersOf(items.slice(0, 3))).toEqual([1, 2, 3])
      expect(
        pixels
          .slice(0, 3)
          .map((p) => p.toString('latin1', 0, 1))
          .join(''),
      ).toBe(shown)
    },
  )

  it('opens raw video over RTP as often as it takes until no packet of its first pictures is lost', async () => {
    const binary = path('loses.sh')
    const told =
      '[info] Input #0, rtp, from x\\n[info]   Stream #0:0 -> #0:0 (rawvideo (native) -> rawvideo (native))'
    const lost = `echo x >> ${path('opened')}; [ "$(wc -l < ${path('opened')})" -gt 4 ] || { echo '[warning] RTP: missed 3 packets' >&2; exec sleep 60; }`
    await writeFile(
      binary,
      `#!/bin/sh\n[ "$1" = -version ] && exit\nprintf '${told}\\n' >&2\n${lost}\nfor c in a b c; do ${STAMPED}; head -c 3072 /dev/zero; done\nexec sleep 60\n`,
    )
    await chmod(binary, 0o755)
    const source = made({ binary, input: ['-i', 'rtp://127.0.0.1:1'] })
    await source.open()
    expect(triggersOf((await read(source, 6)).items)).toEqual([
      ...Array<string>(4).fill('fault'),
      1,
      2,
      'end',
    ])
  }, 60_000)

  it('opens a camera again within the restart budget, says when it is used up, and hides its password', async () => {
    // A port nobody listens on.
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const input = ['-i', `http://user:secret@127.0.0.1:${port}/cam`]
    const source = made({ input, restart: { max: 2, withinMs: 2_500 } })
    await source.open()
    const at: number[] = []
    const { items } = await read(source, 5, () => at.push(monoMs()))
    expect(items.slice(0, 5)).toMatchObject([
      { kind: 'fault', code: 'CAM_GONE', fatal: false },
      { kind: 'fault', code: 'CAM_GONE', fatal: false },
      ...Array<object>(3).fill({ kind: 'fault', code: 'CAM_RESTARTS_EXHAUSTED', fatal: false }),
    ])
    // The third restart and the fourth, each 2.5 s behind the second one before it.
    expect((at[3] ?? 0) - (at[1] ?? 0)).toBeGreaterThan(2_000)
    expect((at[4] ?? 0) - (at[2] ?? 0)).toBeGreaterThan(2_000)
    for (const told of items.slice(0, 5))
      expect(told).toMatchObject({ message: expect.stringContaining('Connection refused') })
    expect(JSON.stringify(items)).not.toContain('secret')
    const last = items[4]
    expect(last?.kind === 'fault' && errorText(last).zh).toMatch(
      /2500 ms 内至多重启 2 次;.*;请检查相机、其线缆、地址与密码;相机将自动重新打开$/s,
    )
    expect(source.health()).toMatchObject({ state: 'offline', restarts: 4, faults: 5 })
  })

  it('a camera that comes after the budget is used up is seen, and the budget of none ends at the first loss', async () => {
    const clip = await readFile(path('a.ts'))
    const server = createServer((socket) => socket.end(clip)).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const input = ['-f', 'mpegts', '-i', `tcp://127.0.0.1:${port}`]
    const source = made({ input, restart: { max: 1, withinMs: 1_500 } })
    await source.open()
    const states: string[] = []
    const { items } = await read(source, 4, () => {
      states.push(source.health().state)
      if (states.length === 2) server.listen(port, '127.0.0.1')
    })
    const none = made({ input: ['-i', `tcp://127.0.0.1:1`], restart: { max: 0, withinMs: 60_000 } })
    await none.open()
    const { items: once } = await read(none)
    server.close()
    expect(items.slice(0, 3).map((i) => (i.kind === 'fault' ? i.code : i.kind))).toEqual([
      'CAM_GONE',
      'CAM_RESTARTS_EXHAUSTED',
      'frame',
    ])
    expect(states[2]).toBe('online')
    expect(once).toMatchObject([
      { kind: 'fault', code: 'CAM_RESTARTS_EXHAUSTED', fatal: true },
      { kind: 'end' },
    ])
    expect(none.health()).toMatchObject({ state: 'offline', restarts: 0 })
  })

  it('goes on after the camera was gone for a while', async () => {
    const clip = await readFile(path('a.ts'))
    const server = createServer((socket) => socket.end(clip)).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const source = made({ input: ['-f', 'mpegts', '-i', `tcp://127.0.0.1:${port}`] })
    await source.open()
    const { items } = await read(source, 7)
    server.close()
    const triggers = items.flatMap((i) => (i.kind === 'frame' ? [i.frame.meta.trigger] : []))
    expect(triggers.slice(0, 6)).toEqual([1, 2, 3, 4, 5, 6])
    expect(items[3]).toMatchObject({ kind: 'fault', code: 'CAM_GONE', fatal: false })
    expect(items[0]).toMatchObject({ frame: { meta: { simulated: false } } })
  })

  it('restarts a camera that is connected but silent', async () => {
    const open = new Set<Socket>()
    const server = createServer((socket) => {
      open.add(socket)
      socket.on('error', () => {})
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const input = ['-f', 'mpegts', '-i', `tcp://127.0.0.1:${port}`]
    const source = made({ input, watchdogMs: 1_500, restart: { max: 1, withinMs: 60_000 } })
    await source.open()
    const { items } = await read(source, 2)
    for (const socket of open) socket.destroy()
    server.close()
    expect(open.size).toBe(2)
    expect(items.map((i) => (i.kind === 'fault' ? i.code : i.kind))).toEqual([
      'CAM_GONE',
      'CAM_RESTARTS_EXHAUSTED',
      'end',
    ])
    expect(items[0]).toMatchObject({ message: expect.stringContaining('no frame for 1500 ms') })
  })
})
