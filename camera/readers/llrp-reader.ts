import { connect, type Socket } from 'node:net'
import { addAbortSignal } from 'node:stream'
import {
  asCoded,
  CodedError,
  type IdentitySource,
  type IdentitySourceSpecOf,
  monoMs,
} from '../../contracts/index.ts'
import { encodeFrame, LlrpFramer, type LlrpMessage } from './llrp-frames.ts'
import {
  bytes,
  checkStatus,
  connectionAccepted,
  keepaliveConfig,
  LLRP,
  nothingSaid,
  notificationConfig,
  roSpec,
  type TagReport,
  tagReports,
  troubles,
} from './llrp-messages.ts'
import { ReadFeed } from './read-feed.ts'
import { keepConnected } from './reconnect.ts'
import { type TagPass, TagPasses } from './tag-passes.ts'

const RO_SPEC_ID = 8414
/** What `minRssiDbm` is when nobody sets it. */
const NO_LEAST_DBM = -128

/**
 * RFID reader over LLRP. After every connect the inventory is set up anew; a reader from which no message
 * came for three keepalive periods counts as lost.
 */
export function llrpReader(spec: IdentitySourceSpecOf<'llrp'>): IdentitySource {
  const feed = new ReadFeed(spec.id)
  const passes = new TagPasses(spec)
  const stop = new AbortController()
  const where = `llrp ${spec.host}:${spec.port}`
  let running: Promise<void> | null = null
  let sweep: NodeJS.Timeout | undefined
  /** Said that the reader does not tell how strong a tag is; a log line for each sight would be thousands. */
  let mute = false

  const emit = (found: readonly TagPass[]): void => {
    for (const { epc, atMs, antenna, rssiDbm, count } of found)
      feed.read({ text: `urn:epc:raw:${epc.length * 4}.x${epc}`, atMs, antenna, rssiDbm, count })
  }
  const refused = (e: unknown, again = false): void =>
    feed.refused(asCoded(e, 'CAM_IO', { path: where }), again)
  const report = (tag: TagReport | CodedError): void => {
    if (tag instanceof CodedError) refused(tag)
    else if (tag.rssiDbm === null && spec.minRssiDbm > NO_LEAST_DBM) {
      refused(noStrength(tag.epc), mute)
      mute = true
    } else emit(passes.see({ ...tag, atMs: monoMs() }))
  }
  const session = async (worked: () => void): Promise<void> => {
    const link = new LlrpLink(spec, stop.signal, { report, refused })
    try {
      mute = false
      await link.start()
      passes.back(monoMs())
      worked()
      feed.connected()
      await link.ended
    } finally {
      passes.lost()
      link.drop()
    }
  }
  return {
    id: spec.id,
    adapter: spec.adapter,
    open: async (listener) => {
      feed.open(listener)
      sweep = setInterval(() => emit(passes.over(monoMs())), Math.max(20, spec.windowMs / 4))
      running = keepConnected(stop.signal, session, (e) => feed.lost(e))
    },
    health: () => feed.health,
    close: async () => {
      clearInterval(sweep)
      feed.close()
      stop.abort()
      await running
    },
  }
}

/** It could be the tag of a neighbouring place. */
const noStrength = (epc: string): CodedError =>
  new CodedError('CAM_IO', {
    expected: 'PeakRSSI with every tag, as minRssiDbm asks for it',
    actual: `none with ${epc}`,
    hint: 'set the reader to report it, or take minRssiDbm out',
  })

interface Waiting {
  type: number
  /** The reader may also say that it does not know the message. */
  orError: boolean
  resolve: (m: LlrpMessage) => void
  reject: (e: CodedError) => void
}

interface Heard {
  report(tag: TagReport | CodedError): void
  /** What the reader says of reading that goes wrong, and reads that are of no use. */
  refused(error: CodedError): void
}

/** One TCP connection to a reader. */
class LlrpLink {
  readonly #spec: IdentitySourceSpecOf<'llrp'>
  readonly #socket: Socket
  readonly #framer = new LlrpFramer()
  readonly #heard: Heard
  /** Whether what is reported is of the inventory of this connection. */
  #reading = false
  /** Reports of an earlier one. */
  #stale = 0
  readonly #last = nothingSaid()
  #nextId = 1
  #waiting: Waiting | null = null
  readonly #silence: NodeJS.Timeout
  /** Rejects when the connection ends, for whatever reason. */
  readonly ended: Promise<never>

  constructor(spec: IdentitySourceSpecOf<'llrp'>, stop: AbortSignal, heard: Heard) {
    this.#spec = spec
    this.#heard = heard
    // As an option of `connect` the signal would keep every socket until it aborts (Node 20).
    this.#socket = addAbortSignal(stop, connect({ host: spec.host, port: spec.port, noDelay: true }))
    // By whole messages: behind a wrong length all that comes is taken for its body.
    this.#silence = setTimeout(
      () => this.#socket.destroy(this.#gone('no message from the reader')),
      Math.max(spec.timeoutMs, 3 * spec.keepaliveMs),
    )
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk))
    this.ended = new Promise((_, reject) => {
      let cause: unknown
      this.#socket.on('error', (e) => (cause = e))
      this.#socket.on('close', () => {
        clearTimeout(this.#silence)
        const error = asCoded(cause ?? this.#gone('the reader closed the connection'), 'CAM_GONE', {
          path: this.#where,
        })
        this.#waiting?.reject(error)
        reject(error)
      })
    })
    // Whoever waits sees it; nobody may be waiting during the set-up.
    this.ended.catch(() => undefined)
  }

  get #where(): string {
    return `llrp ${this.#spec.host}:${this.#spec.port}`
  }

  #gone(actual: string): CodedError {
    return new CodedError('CAM_GONE', { path: this.#where, actual })
  }

  drop(): void {
    this.#socket.destroy()
  }

  /**
   * Waits for the reader's greeting, then sets up and starts the inventory. What it has kept since an earlier connection
   * it sends first: those tags went by at a time that nobody knows, and would name the parts that stand there now.
   *
   * @throws CAM_IO, CAM_GONE
   */
  async start(): Promise<void> {
    const greeting = await this.#wait(LLRP.readerEvent)
    if (connectionAccepted(greeting) === false)
      throw new CodedError('CAM_IO', {
        path: this.#where,
        actual: 'the reader refused the connection',
        hint: 'another program may hold the reader',
      })
    const id = bytes([4, RO_SPEC_ID])
    // Left over from an earlier session; a reader that knows none says so, and that is fine.
    await this.#ask(LLRP.deleteRoSpec, id, LLRP.deleteRoSpecResponse, true)
    // One that cannot tell of events reads tags all the same.
    await this.#ask(LLRP.setReaderConfig, notificationConfig(), LLRP.setReaderConfigResponse, true)
    const steps = [
      [
        LLRP.setReaderConfig,
        keepaliveConfig(this.#spec.keepaliveMs),
        LLRP.setReaderConfigResponse,
        'set keepalive',
      ],
      [LLRP.addRoSpec, roSpec(RO_SPEC_ID, this.#spec.antennas), LLRP.addRoSpecResponse, 'add inventory'],
      [LLRP.enableRoSpec, id, LLRP.enableRoSpecResponse, 'enable inventory'],
      [LLRP.startRoSpec, id, LLRP.startRoSpecResponse, 'start inventory'],
    ] as const
    for (const [type, body, answer, what] of steps) {
      this.#reading = type === LLRP.startRoSpec
      checkStatus(await this.#ask(type, body, answer), what)
    }
    if (this.#stale > 0)
      this.#heard.refused(
        new CodedError('CAM_IO', {
          path: this.#where,
          expected: 'reports of this connection',
          actual: `${this.#stale} that the reader kept of an earlier one`,
          hint: 'nobody knows when those tags went by; parts that passed meanwhile have no read',
        }),
      )
  }

  #ask(type: number, body: Buffer, answer: number, orError = false): Promise<LlrpMessage> {
    const waiting = this.#wait(answer, orError)
    this.#send(type, body)
    return waiting
  }

  #send(type: number, body: Buffer, id = this.#nextId++): void {
    this.#socket.write(encodeFrame({ type, id, body }))
  }

  #wait(type: number, orError = false): Promise<LlrpMessage> {
    return new Promise<LlrpMessage>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(
          new CodedError('CAM_IO', {
            path: this.#where,
            expected: `LLRP message ${type} within ${this.#spec.timeoutMs} ms`,
            actual: 'none',
          }),
        )
      }, this.#spec.timeoutMs)
      const done = (): void => {
        clearTimeout(timer)
        this.#waiting = null
      }
      this.#waiting = {
        type,
        orError,
        resolve: (m) => {
          done()
          resolve(m)
        },
        reject: (e) => {
          done()
          reject(e)
        },
      }
    })
  }

  #take(chunk: Buffer): void {
    try {
      for (const m of this.#framer.push(chunk)) this.#handle(m)
    } catch (e) {
      this.#socket.destroy(asCoded(e, 'CAM_IO', { path: this.#where }))
    }
  }

  #handle(m: LlrpMessage): void {
    this.#silence.refresh()
    if (m.type === LLRP.keepalive) this.#send(LLRP.keepaliveAck, Buffer.alloc(0), m.id)
    else if (m.type === LLRP.roAccessReport) this.#report(m)
    else if (this.#waiting?.type === m.type || (m.type === LLRP.error && this.#waiting?.orError))
      this.#waiting.resolve(m)
    else if (m.type === LLRP.error) checkStatus(m, 'the last request')
    else if (m.type === LLRP.readerEvent) this.#event(m)
  }

  #report(m: LlrpMessage): void {
    if (!this.#reading) this.#stale += 1
    try {
      // Also of an earlier inventory, since what is said there may be left out later.
      for (const tag of tagReports(m, this.#last)) if (this.#reading) this.#heard.report(tag)
    } catch (e) {
      Object.assign(this.#last, nothingSaid())
      if (this.#reading) this.#heard.refused(asCoded(e, 'CAM_IO'))
    }
  }

  /** An inventory that ended is set up anew, on a new connection; before ours began, an event is of an earlier one. */
  #event(m: LlrpMessage): void {
    try {
      for (const { ended, said } of troubles(m, RO_SPEC_ID)) {
        if (ended && this.#reading) this.#socket.destroy(this.#gone(said))
        else if (!ended) this.#heard.refused(new CodedError('CAM_IO', { path: this.#where, actual: said }))
      }
    } catch (e) {
      // An event that cannot be read is no reason to read no tags.
      this.#heard.refused(asCoded(e, 'CAM_IO', { path: this.#where }))
    }
  }
}
