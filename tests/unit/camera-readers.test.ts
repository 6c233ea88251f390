import { getEventListeners } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { Aedes } from 'aedes'
import { connectAsync } from 'mqtt'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createIdentitySource, httpReads, llrpSimulator, type TagReport } from '../../camera/index.ts'
import { readerSide, troubles } from '../../camera/readers/llrp-messages.ts'
import {
  type IdentityItem,
  type IdentityRead,
  type IdentitySource,
  identitySourceSchema,
} from '../../contracts/index.ts'

const closers: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function opened(source: IdentitySource): Promise<{ reads: IdentityRead[]; faults: string[] }> {
  const reads: IdentityRead[] = []
  const faults: string[] = []
  closers.push(() => source.close())
  await source.open((item: IdentityItem) => {
    if (item.kind === 'read') reads.push(item.read)
    else faults.push(item.error.code)
  })
  return { reads, faults }
}

const texts = (reads: readonly IdentityRead[]): string[] => reads.map((r) => r.text)
const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 5_000, interval: 10 })

describe('line scanner over TCP', () => {
  it('reads lines wherever the chunks break, and connects again', async () => {
    const sockets: Socket[] = []
    const server = createServer((s) => void sockets.push(s))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => void server.close())
    closers.push(() => sockets.forEach((s) => s.destroy()))
    const address = server.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    const source = createIdentitySource(
      identitySourceSchema.parse({
        id: 'sc-1',
        adapter: 'scanner-tcp',
        host: '127.0.0.1',
        port,
        maxLength: 20,
      }),
    )
    const { reads, faults } = await opened(source)
    await until(() => expect(source.health().state).toBe('running'))
    for (const part of [']d20', '1\u001dA', 'B\r', '\nSN-7\n', `${'x'.repeat(30)}`, 'y\nSN-8\r']) {
      sockets[0]?.write(part)
      await new Promise((r) => setTimeout(r, 5))
    }
    await until(() => expect(texts(reads)).toEqual(['01\u001dAB', 'SN-7', 'SN-8']))
    expect(reads[0]).toMatchObject({ source: 'sc-1', symbologyId: ']d2', antenna: null, trigger: null })
    expect(faults).toEqual(['CAM_BAD_REQUEST'])
    sockets[0]?.destroy()
    await until(() => expect(source.health().connects).toBe(2))
    sockets[1]?.write('SN-9\n')
    await until(() => expect(texts(reads).at(-1)).toBe('SN-9'))
    expect(faults).toEqual(['CAM_BAD_REQUEST', 'CAM_GONE'])
    expect(source.health()).toMatchObject({ state: 'running', reads: 4, refused: 1, connects: 2 })
  })
})

describe('reads over HTTP', () => {
  const spec = (more: object) =>
    identitySourceSchema.parse({ id: 'hand', adapter: 'http-reads', port: 0, ...more }) as Parameters<
      typeof httpReads
    >[0]

  it('takes text and JSON and refuses everything else', async () => {
    const source = httpReads(spec({ token: 'a-token-of-sixteen' }))
    const { reads, faults } = await opened(source)
    const post = async (body: string, authorization = 'Bearer a-token-of-sixteen'): Promise<number> =>
      (await fetch(source.url() ?? '', { method: 'POST', body, headers: { authorization } })).status
    expect(await post(']C1010950600013435221A1\n')).toBe(202)
    expect(await post('{"text":"SN-7","trigger":12,"position":300.5}')).toBe(202)
    expect(await post('{"text":"]d2010950600013435221A2"}')).toBe(202)
    // As .NET writes text in UTF-8 unless told otherwise.
    expect(await post('\ufeffSN-8')).toBe(202)
    expect(await post('{"text":"SN-7","triger":12}')).toBe(400)
    expect(await post('{"text":"SN-7","\\u0074ext":"SN-8"}')).toBe(400)
    expect(await post('{"text":"S\\":N-7","symbologyId":"]C0"}')).toBe(202)
    expect(await post('{"text"')).toBe(400)
    expect(await post('')).toBe(400)
    expect(await post('x'.repeat(20_000))).toBe(400)
    expect(await post('x'.repeat(4_097))).toBe(400)
    expect(await post('SN-8', 'Bearer another')).toBe(401)
    expect(reads).toMatchObject([
      { text: '010950600013435221A1', symbologyId: ']C1', trigger: null },
      { text: 'SN-7', trigger: 12, position: 300.5 },
      { text: '010950600013435221A2', symbologyId: ']d2' },
      { text: 'SN-8', symbologyId: '' },
      { text: 'S":N-7', symbologyId: ']C0' },
    ])
    expect(faults).toEqual(Array(6).fill('CAM_BAD_REQUEST'))
  })

  it('keeps codes apart that are no UTF-8, as those of scanners are', async () => {
    const source = httpReads(spec({}))
    const { reads, faults } = await opened(source)
    const post = async (body: string, as: BufferEncoding): Promise<number> =>
      (await fetch(source.url() ?? '', { method: 'POST', body: Buffer.from(body, as) })).status
    expect([await post('Ä1', 'latin1'), await post('Ö1', 'latin1'), await post('件1', 'utf8')]).toEqual([
      202, 202, 202,
    ])
    expect(texts(reads)).toEqual(['Ä1', 'Ö1', '件1'])
    // JSON is UTF-8 (RFC 8259, 8.1), and half of a surrogate pair is no character.
    expect([await post('{"text":"Ä1"}', 'latin1'), await post('{"text":"\\ud83d1"}', 'utf8')]).toEqual([
      400, 400,
    ])
    expect([reads.length, faults]).toEqual([3, ['CAM_BAD_REQUEST', 'CAM_BAD_REQUEST']])
  })

  it('takes what the reader sends for FNC1 as FNC1', async () => {
    const source = httpReads(spec({ fnc1: '{GS}', noRead: 'NO{GS}' }))
    const { reads } = await opened(source)
    for (const body of [']d2010950600013435221A1{GS}10L1', 'A1{GS}B{GS}', 'NO{GS}'])
      await fetch(source.url() ?? '', { method: 'POST', body })
    expect(texts(reads)).toEqual(['010950600013435221A1\u001d10L1', 'A1\u001dB\u001d', ''])
    expect(() => spec({ fnc1: 'A1' })).toThrow(/no letter or digit/)
    expect(() => spec({ fnc1: '' })).toThrow(/printable/)
  })

  it('asks for a token on an open network', async () => {
    await expect(httpReads(spec({ host: '0.0.0.0' })).open(() => undefined)).rejects.toMatchObject({
      code: 'CFG_INVALID',
    })
  })
})

describe('reads over MQTT, with a broker in this process', () => {
  const broker = async (port: number) => {
    const aedes = await Aedes.createBroker()
    const server = createServer(aedes.handle)
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    const address = server.address()
    return {
      port: address !== null && typeof address === 'object' ? address.port : 0,
      aedes,
      close: async () => {
        await new Promise<void>((resolve) => aedes.close(() => resolve()))
        await new Promise<void>((resolve) => server.close(() => resolve()))
      },
    }
  }

  it('keeps codes apart that are no UTF-8', async () => {
    const b = await broker(0)
    closers.push(() => b.close())
    const url = `mqtt://127.0.0.1:${b.port}`
    const client = await connectAsync(url)
    closers.push(() => client.endAsync(true))
    const source = createIdentitySource(
      identitySourceSchema.parse({ id: 'm', adapter: 'mqtt-reads', url, topic: 'line/+/reads' }),
    )
    const { reads } = await opened(source)
    await until(() => expect(source.health().state).toBe('running'))
    for (const code of ['Ä1', 'Ö1'])
      await client.publishAsync('line/a/reads', Buffer.from(code, 'latin1'), { qos: 1 })
    await until(() => expect(texts(reads)).toEqual(['Ä1', 'Ö1']))
  })

  it('takes no read that the broker kept: nobody knows of which part it was', async () => {
    const b = await broker(0)
    closers.push(() => b.close())
    const url = `mqtt://127.0.0.1:${b.port}`
    const client = await connectAsync(url)
    closers.push(() => client.endAsync(true))
    await client.publishAsync('line/a/reads', 'SN-OLD', { qos: 1, retain: true })
    const source = createIdentitySource(
      identitySourceSchema.parse({ id: 'm', adapter: 'mqtt-reads', url, topic: 'line/+/reads' }),
    )
    const { reads, faults } = await opened(source)
    await until(() => expect(faults).toEqual(['CAM_IO']))
    // What is kept comes as it is to who is there already.
    await client.publishAsync('line/a/reads', 'SN-1', { qos: 1, retain: true })
    await until(() => expect(texts(reads)).toEqual(['SN-1']))
    expect([faults, source.health().refused]).toEqual([['CAM_IO'], 1])
  })

  it('asks again for a topic that the broker refused, and reads once it is let in', async () => {
    const b = await broker(0)
    closers.push(() => b.close())
    let allowed = false
    b.aedes.authorizeSubscribe = (_client, subscription, answer) =>
      answer(null, allowed ? subscription : null)
    const url = `mqtt://127.0.0.1:${b.port}`
    const source = createIdentitySource(
      identitySourceSchema.parse({ id: 'm', adapter: 'mqtt-reads', url, topic: 'line/a/reads' }),
    )
    const { reads, faults } = await opened(source)
    await until(() => expect(faults).toEqual(['CAM_OPEN']))
    expect(source.health().error?.message).toMatch(/the broker refused the topic/)
    allowed = true
    await vi.waitFor(() => expect(source.health().state).toBe('running'), { timeout: 15_000 })
    const client = await connectAsync(url)
    closers.push(() => client.endAsync(true))
    await client.publishAsync('line/a/reads', 'SN-1', { qos: 1 })
    await until(() => expect(texts(reads)).toEqual(['SN-1']))
    expect(faults).toEqual(['CAM_OPEN'])
  }, 30_000)

  it('subscribes, reads, and subscribes again when the broker comes back', async () => {
    let b = await broker(0)
    closers.push(() => b.close())
    const url = `mqtt://127.0.0.1:${b.port}`
    const source = createIdentitySource(
      identitySourceSchema.parse({ id: 'm', adapter: 'mqtt-reads', url, topic: 'line/+/reads' }),
    )
    const { reads, faults } = await opened(source)
    await until(() => expect(source.health().state).toBe('running'))
    const publish = async (payload: string): Promise<void> => {
      const client = await connectAsync(url)
      await client.publishAsync('line/a/reads', payload, { qos: 1 })
      await client.endAsync()
    }
    await publish('{"text":"SN-1","trigger":4}')
    await publish('{"txt":1}')
    await until(() => expect([texts(reads), faults]).toEqual([['SN-1'], ['CAM_BAD_REQUEST']]))
    expect(reads[0]?.trigger).toBe(4)
    await b.close()
    await until(() => expect(faults).toContain('CAM_GONE'))
    b = await broker(b.port)
    await until(() => expect(source.health().state).toBe('running'))
    await publish('SN-2')
    await until(() => expect(texts(reads)).toEqual(['SN-1', 'SN-2']))
  }, 20_000)
})

describe('RFID reader over LLRP', () => {
  const tag = (n: number, more: Partial<TagReport> = {}): TagReport => ({
    epc: `3074257BF7194E40${n.toString(16).toUpperCase().padStart(8, '0')}`,
    antenna: 1,
    rssiDbm: -50,
    count: 1,
    ...more,
  })
  const reader = (port: number, more: object = {}) =>
    createIdentitySource(
      identitySourceSchema.parse({ id: 'gate', adapter: 'llrp', host: '127.0.0.1', port, ...more }),
    )

  it('sets up the inventory, answers keepalives and reports each tag once per pass', async () => {
    const sim = await llrpSimulator()
    closers.push(() => sim.close())
    const source = reader(sim.port, { windowMs: 300, minRssiDbm: -70 })
    const { reads } = await opened(source)
    await until(() => expect(source.health().state).toBe('running'))
    // DELETE, SET_READER_CONFIG twice, ADD, ENABLE, START_ROSPEC.
    expect(sim.received).toEqual([21, 3, 3, 20, 24, 22])
    sim.keepalive()
    await until(() => expect(sim.received.at(-1)).toBe(72))
    sim.report([tag(1), tag(1, { rssiDbm: -40 }), tag(2, { rssiDbm: -80 }), tag(3, { antenna: 4 })])
    await until(() => expect(reads).toHaveLength(2))
    expect(reads).toMatchObject([
      { text: 'urn:epc:raw:96.x3074257BF7194E4000000001', antenna: 1, rssiDbm: -50 },
      { text: 'urn:epc:raw:96.x3074257BF7194E4000000003', antenna: 4 },
    ])
    await new Promise((r) => setTimeout(r, 450))
    sim.report([tag(1)])
    await until(() => expect(reads).toHaveLength(3))
  })

  it('takes what a report leaves out as the reader said it last', async () => {
    const sim = await llrpSimulator()
    closers.push(() => sim.close())
    const source = reader(sim.port, { minRssiDbm: -70 })
    const { reads, faults } = await opened(source)
    await until(() => expect(source.health().state).toBe('running'))
    const same = { antenna: null, rssiDbm: null }
    // Two of a neighbouring place, the second as weak as the first.
    sim.report([tag(1, { antenna: 3, rssiDbm: -80 }), tag(2, same)])
    sim.report([tag(3, { antenna: 2 }), tag(4, same)])
    await until(() => expect(reads).toHaveLength(2))
    const said = { antenna: 2, rssiDbm: -50 }
    expect(reads).toMatchObject([
      { text: `urn:epc:raw:96.x${tag(3).epc}`, ...said },
      { text: `urn:epc:raw:96.x${tag(4).epc}`, ...said },
    ])
    expect(faults).toEqual([])
  })

  it('refuses tags of unknown strength where weak ones are those of neighbours, and says so once', async () => {
    const sim = await llrpSimulator()
    closers.push(() => sim.close())
    const source = reader(sim.port, { minRssiDbm: -70 })
    const { reads, faults } = await opened(source)
    await until(() => expect(source.health().state).toBe('running'))
    sim.report([tag(1, { rssiDbm: null }), tag(2, { rssiDbm: null }), tag(3)])
    await until(() => expect(texts(reads)).toEqual([`urn:epc:raw:96.x${tag(3).epc}`]))
    expect([faults, source.health().refused]).toEqual([['CAM_IO'], 2])
  })

  it('loses none of 500 reports that arrive together or in pieces of any size', async () => {
    const sim = await llrpSimulator()
    closers.push(() => sim.close())
    const source = reader(sim.port)
    const { reads } = await opened(source)
    await until(() => expect(source.health().state).toBe('running'))
    const all = Array.from({ length: 500 }, (_, n) => tag(n))
    sim.report(all.slice(0, 300))
    sim.report(all.slice(300), 7)
    await until(() => expect(reads).toHaveLength(500))
    expect(texts(reads)).toEqual(all.map((t) => `urn:epc:raw:96.x${t.epc}`))
  })

  it('takes EPCs of other lengths', async () => {
    const sim = await llrpSimulator()
    closers.push(() => sim.close())
    const source = reader(sim.port)
    const { reads } = await opened(source)
    await until(() => expect(source.health().state).toBe('running'))
    sim.report([tag(0, { epc: 'F73795211411234538566CB0AFC4' })])
    await until(() => expect(texts(reads)).toEqual(['urn:epc:raw:112.xF73795211411234538566CB0AFC4']))
  })

  it('connects again after a break and sets the inventory up anew', async () => {
    const sim = await llrpSimulator()
    closers.push(() => sim.close())
    const source = reader(sim.port)
    const { reads, faults } = await opened(source)
    await until(() => expect(sim.reading).toBe(true))
    sim.drop()
    await until(() => expect(faults).toEqual(['CAM_GONE']))
    await until(() => expect(source.health()).toMatchObject({ state: 'running', connects: 2 }))
    sim.report([tag(9)])
    await until(() => expect(reads).toHaveLength(1))
  })

  it('takes no tags that a reader has kept of an earlier connection for those that go by now', async () => {
    const sim = await llrpSimulator({ kept: [tag(1), tag(2)] })
    closers.push(() => sim.close())
    const source = reader(sim.port)
    const { reads, faults } = await opened(source)
    await until(() => expect(source.health().state).toBe('running'))
    sim.report([tag(3)])
    await until(() => expect(texts(reads)).toEqual([`urn:epc:raw:96.x${tag(3).epc}`]))
    expect([faults, source.health().refused]).toEqual([['CAM_IO'], 1])
  })

  it.each(['first', 'pass'])(
    'takes a tag that stood there while the connection was gone for no new one (%s)',
    async (emit) => {
      const sim = await llrpSimulator({ standing: [tag(1)] })
      closers.push(() => sim.close())
      // The break is longer than the window: the first pause before a new connection is.
      const source = reader(sim.port, { emit, windowMs: 100 })
      const { reads } = await opened(source)
      await until(() => expect(sim.reading).toBe(true))
      sim.drop()
      await until(() => expect(source.health()).toMatchObject({ state: 'running', connects: 2 }))
      sim.report([tag(2)])
      await until(() => expect(texts(reads).at(-1)).toBe(`urn:epc:raw:96.x${tag(2).epc}`))
      expect(reads).toHaveLength(2)
    },
  )

  it('reads the tags of a reader that cannot tell of events', async () => {
    const sim = await llrpSimulator({ mute: true })
    closers.push(() => sim.close())
    const source = reader(sim.port)
    const { reads, faults } = await opened(source)
    await until(() => expect(source.health().state).toBe('running'))
    sim.report([tag(5)])
    await until(() => expect(reads).toHaveLength(1))
    expect(faults).toEqual([])
  })

  it('says what failed in the words of the reader, and none of what follows them', () => {
    const words = Buffer.from('Überhitzung')
    const length = Buffer.from([0, words.length])
    // ROSpecID, as one byte of type and four of value.
    const event = readerSide.event(252, length, words, Buffer.from([0x91, 0, 0, 0x20, 0xde]))
    const message = { version: 1, type: 63, id: 1, body: event }
    expect(troubles(message, 1)).toEqual([{ ended: false, said: 'it failed: Überhitzung' }])
  })

  it('says that tags may be lost, and sets an inventory up anew that the reader has ended', async () => {
    const sim = await llrpSimulator()
    closers.push(() => sim.close())
    const source = reader(sim.port)
    const { reads, faults } = await opened(source)
    await until(() => expect(source.health().state).toBe('running'))
    // The buffer of reports was full; antenna 2 is not connected; one that is.
    sim.event(251, Buffer.alloc(0))
    sim.event(255, Buffer.from([0, 0, 2]))
    sim.event(255, Buffer.from([1, 0, 3]))
    // One that cannot be read.
    sim.event(255, Buffer.from([0x81]))
    sim.event(127, Buffer.alloc(2))
    // Of somebody else's inventory, then of ours.
    sim.event(249, Buffer.from([1, 0, 0, 0, 7, 0, 0, 0, 0]))
    await until(() => expect(faults).toEqual(['CAM_IO', 'CAM_IO', 'CAM_IO']))
    expect(source.health().connects).toBe(1)
    sim.event(249, Buffer.from([1, 0, 0, 0x20, 0xde, 0, 0, 0, 0]))
    await until(() => expect(faults).toEqual(['CAM_IO', 'CAM_IO', 'CAM_IO', 'CAM_GONE']))
    await until(() => expect(source.health()).toMatchObject({ state: 'running', connects: 2 }))
    sim.report([tag(4)])
    await until(() => expect(reads).toHaveLength(1))
  })

  it('drops a reader whose bytes make no message any more, however many it sends', async () => {
    const sim = await llrpSimulator()
    closers.push(() => sim.close())
    const source = reader(sim.port, { keepaliveMs: 300, timeoutMs: 1_000 })
    const { reads, faults } = await opened(source)
    await until(() => expect(sim.reading).toBe(true))
    // A length of 3 MiB that is none: what comes behind it would be taken for its body.
    sim.bytes(Buffer.from([4, 61, 0, 0x30, 0, 0, 0, 0, 0, 1]))
    const more = setInterval(() => sim.keepalive(), 20)
    closers.push(() => clearInterval(more))
    await until(() => expect(faults).toEqual(['CAM_GONE']))
    await until(() => expect(source.health()).toMatchObject({ state: 'running', connects: 2 }))
    sim.report([tag(6)])
    await until(() => expect(reads).toHaveLength(1))
  })

  it('says in the words of the reader why it does not start, and drops one that falls silent', async () => {
    const refusing = await llrpSimulator({ refuse: 20 })
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    closers.push(() => refusing.close())
    closers.push(() => void silent.close())
    const a = reader(refusing.port)
    await opened(a)
    await until(() => expect(a.health().error?.message).toMatch(/add inventory: success; found status 401/))
    const address = silent.address()
    const b = reader(address !== null && typeof address === 'object' ? address.port : 0, {
      timeoutMs: 100,
      keepaliveMs: 100,
    })
    await opened(b)
    await until(() => expect(b.health().error?.code).toBe('CAM_IO'))
  })

  it('keeps no connection that was lost', async () => {
    let came = 0
    const server = createServer((socket) => {
      came += 1
      socket.destroy()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => void server.close())
    const address = server.address()
    const source = reader(address !== null && typeof address === 'object' ? address.port : 0)
    await opened(source)
    await until(() => expect(came).toBe(4))
    await until(() => expect(source.health().state).not.toBe('running'))
    const listening: number[] = []
    const abort = vi.spyOn(AbortController.prototype, 'abort').mockImplementationOnce(function (
      this: AbortController,
    ) {
      listening.push(getEventListeners(this.signal, 'abort').length)
      abort.mockRestore()
      this.abort()
    })
    await source.close()
    // The wait for the next try, or the try.
    expect(listening).toEqual([1])
  })
})
