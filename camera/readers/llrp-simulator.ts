import { createServer, type Socket } from 'node:net'
import { encodeFrame, LlrpFramer, type LlrpMessage } from './llrp-frames.ts'
import { LLRP, notificationConfig, readerSide, type TagReport } from './llrp-messages.ts'

export interface LlrpSimulator {
  readonly port: number
  /** Message types received, in order. */
  readonly received: readonly number[]
  /** Whether an inventory runs on the present connection. */
  readonly reading: boolean
  /** Reports in one piece; `cut` says how many bytes each written chunk has, for frames that are split anywhere. */
  report(tags: readonly TagReport[], cut?: number): void
  keepalive(): void
  /** An event of that parameter type with this content. */
  event(type: number, content: Buffer): void
  /** As they stand, on the present connection. */
  bytes(some: Buffer): void
  /** Breaks the connection as a power cut would. */
  drop(): void
  close(): Promise<void>
}

const ANSWERS: Readonly<Record<number, number>> = {
  [LLRP.setReaderConfig]: LLRP.setReaderConfigResponse,
  [LLRP.addRoSpec]: LLRP.addRoSpecResponse,
  [LLRP.deleteRoSpec]: LLRP.deleteRoSpecResponse,
  [LLRP.enableRoSpec]: LLRP.enableRoSpecResponse,
  [LLRP.startRoSpec]: LLRP.startRoSpecResponse,
}

/** A reader for demonstrations and tests: one client, one inventory, tags as told. */
export async function llrpSimulator(
  options: {
    refuse?: number
    /** Tags it has kept since an earlier connection. */
    kept?: readonly TagReport[]
    /** Tags that stand before it, and are seen as soon as an inventory starts. */
    standing?: readonly TagReport[]
    /** It cannot tell of events: the message that asks for them is none to it. */
    mute?: boolean
  } = {},
): Promise<LlrpSimulator> {
  const received: number[] = []
  let client: Socket | null = null
  let reading = false
  let added = false
  let nextId = 1000
  const send = (type: number, body: Buffer, id = nextId++): void =>
    void client?.write(encodeFrame({ type, id, body }))

  const handle = (m: LlrpMessage): void => {
    received.push(m.type)
    const answer = ANSWERS[m.type]
    if (answer === undefined) return
    if (options.mute === true && m.body.equals(notificationConfig()))
      return send(LLRP.error, readerSide.status(109, 'unsupported parameter'), m.id)
    const missing = m.type === LLRP.deleteRoSpec && !added
    if (m.type === LLRP.addRoSpec) added = true
    if (m.type === LLRP.startRoSpec) reading = true
    const refused = options.refuse === m.type || missing
    // 401 = the field is invalid (LLRP 1.1, section 14).
    client?.cork()
    send(answer, readerSide.status(refused ? 401 : 0, refused ? 'no such ROSpec' : ''), m.id)
    if (m.type === LLRP.startRoSpec)
      for (const t of options.standing ?? []) send(LLRP.roAccessReport, readerSide.tag(t))
    client?.uncork()
  }
  const server = createServer((socket) => {
    client = socket
    reading = false
    added = false
    const framer = new LlrpFramer()
    socket.on('data', (chunk: Buffer) => framer.push(chunk).forEach(handle))
    socket.on('error', () => undefined)
    send(LLRP.readerEvent, readerSide.connection(0))
    for (const t of options.kept ?? []) send(LLRP.roAccessReport, readerSide.tag(t))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    received,
    get reading() {
      return reading
    },
    report(tags, cut) {
      const frames = Buffer.concat(
        tags.map((t) => encodeFrame({ type: LLRP.roAccessReport, id: nextId++, body: readerSide.tag(t) })),
      )
      const size = cut ?? frames.length
      for (let at = 0; at < frames.length; at += size) client?.write(frames.subarray(at, at + size))
    },
    keepalive: () => send(LLRP.keepalive, Buffer.alloc(0)),
    event: (type, content) => send(LLRP.readerEvent, readerSide.event(type, content)),
    bytes: (some) => void client?.write(some),
    drop() {
      client?.destroy()
      reading = false
    },
    close: async () => {
      client?.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
