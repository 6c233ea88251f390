import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { asCoded, CodedError, isLoopback, monoMs, timeLimit, toFact, wallTime } from '../contracts/index.ts'
import type { CameraItem, FrameSource } from '../contracts/index.ts'
import type { SharedFramePool } from './frame-pool.ts'
import { checkSender, IngestRefusal, readBody, readFacts, readReset, readTrigger } from './http-ingest.ts'
import { unreadable, UnreadRequests } from './http-unread.ts'
import type { ParseError } from './http-unread.ts'
import { ItemFlow, missedItem } from './item-flow.ts'
import { PushedCount } from './pushed-count.ts'
import { SameExposure } from './same-exposure.ts'
import { noBuffer, slotFrame } from './slot-frame.ts'
import { UploadOrder } from './upload-order.ts'

export interface HttpPushOptions {
  station: string
  view: string
  pool: SharedFramePool
  firstTrigger: number
  host: string
  /** 0 = any free port; see `url()`. */
  port: number
  token?: string
  maxBytes: number
  backPressure: 'wait' | 'miss'
  /** An upload that takes longer is incomplete: the frame would be stale anyway. */
  staleMs: number
  /** See `UploadOrder`; default `staleMs`. */
  waitMs?: number
  /** Refuse frames without `x-trigger`; default false: they are numbered here. */
  requireTrigger?: boolean
  /** Makes a number given here durable; absent = a crash may lose it without a trace. */
  announce?: (trigger: number, at: string) => Promise<void>
}

export interface ListeningSource extends FrameSource {
  /** Where frames are to be posted; null while closed. */
  url(): string | null
}

/**
 * Cameras and programs push frames: `POST /ingest/<station>`. Every push by somebody entitled is a trigger: it
 * yields a frame or a missed item, also when its headers are wrong or it breaks off. A refusal that names a
 * `trigger` is accounted for, and repeating it would be another part.
 *
 * The answer 202 `{trigger}` means: the whole frame lies in a slot in memory. It is not judged and not stored yet,
 * and a crash may still lose it, but not without a trace: the sender's own counter in `x-trigger` shows a gap at the
 * next push, and a number given here is announced durably before the answer, so that the next start closes it as
 * interrupted. 429: no slot was free in time; no `retry-after` is said, since the part is accounted for. 503 with a trigger: the frame is judged, but a crash before its record would not be seen.
 *
 * Where a PLC counts the parts, one whose frame has not begun to arrive within `staleMs` of its count is missed.
 *
 * An upload that stalls holds up whole frames behind it for `waitMs` of their time at most, then its part is missed.
 *
 * An exposure that comes again, with the time in `x-captured-at` and the bytes it had for another part, is answered 422.
 *
 * A number at most 998 below the last one is answered 409; a lower one, or one with `x-counter-reset: 1`, is the first
 * of a counter that was restarted. The last one may be of an earlier run: then the first number of this run is a
 * repetition at most 31 below it. The header stands on every frame until one is answered, for the first may be lost; as
 * long as it does, a number at most 31 below the last one is late or a repetition.
 */
export function httpPushSource(options: HttpPushOptions): ListeningSource {
  const { station, view, pool, token } = options
  const flow = new ItemFlow('http-push')
  const count = new PushedCount(flow, options.firstTrigger, options.staleMs)
  const uploads = new UploadOrder(options.waitMs ?? options.staleMs, flow.stopped)
  const unread = new UnreadRequests()
  const exposures = new SameExposure()
  /** Stated time, ms since 1970 → settles when all frames of it so far have been looked at. */
  const looked = new Map<number, Promise<unknown>>()
  let url: string | null = null

  const receive = async (req: IncomingMessage, trigger: number, atMs: number): Promise<Received> => {
    const lost = (status: number, error: CodedError): Received => ({
      item: missedItem(trigger, atMs, error),
      answer: new IngestRefusal(status, error),
    })
    const facts = readFacts(req, options.maxBytes, pool.slotBytes)
    if (facts instanceof IngestRefusal) return lost(facts.status, facts.error)
    const upload = uploads.begin()
    const limit = timeLimit(options.staleMs, upload.signal)
    const end = (whole: boolean): void => {
      limit.clear()
      uploads.end(upload, whole ? atMs : null)
    }
    const waits = options.backPressure === 'wait'
    const slot = waits ? await pool.acquireLater(limit.signal) : pool.acquire()
    if (!slot) {
      end(false)
      return lost(429, noBuffer(pool.slots, waits ? monoMs() - atMs : 0))
    }
    try {
      await readBody(req, slot, facts, limit.signal)
      end(true)
    } catch (e) {
      end(false)
      slot.release()
      return lost(400, asCoded(e, 'CAM_INCOMPLETE'))
    }
    const from = req.socket.remoteAddress ?? 'unknown'
    const frame = slotFrame(slot, facts, {
      station,
      view,
      trigger,
      cameraCounter: req.headers['x-trigger'] === undefined ? null : trigger,
      triggeredAtMs: atMs,
      source: `http-push from ${from}`,
      simulated: false,
      ...(facts.capturedAt !== undefined && { capturedAt: facts.capturedAt }),
      ...(facts.encoder !== undefined && { encoder: facts.encoder }),
      ...(facts.place && { place: facts.place }),
    })
    return { item: { kind: 'frame', frame }, answer: null }
  }

  const looksNew = async (received: Promise<Received>, before?: Promise<unknown>): Promise<Received> => {
    const [one] = await Promise.all([received, before])
    if (one.item.kind !== 'frame') return one
    const { frame } = one.item
    const error = exposures.check(frame)
    if (!error) return one
    frame.release()
    const { trigger, triggeredAtMs } = frame.meta
    return { item: missedItem(trigger, triggeredAtMs, error), answer: new IngestRefusal(422, error) }
  }

  /**
   * In the order of the triggers, so that the part that an exposure was for has it. Frames of another time wait for none:
   * behind an upload that stalls a sender would be without its answer, and send the frame again.
   */
  const inTurn = (atMs: number, came: Promise<Received>): Promise<Received> => {
    const mine = looksNew(came, looked.get(atMs))
    const done = (): void => {
      if (looked.get(atMs) === mine) looked.delete(atMs)
    }
    looked.set(atMs, mine)
    void mine.then(done, done)
    return mine
  }

  const take = (req: IncomingMessage, res: ServerResponse): void => {
    unread.begun(req, res)
    const refused = checkSender(req, station, token)
    if (refused) return answer(req, res, refused.status, toFact(refused.error))
    if (flow.stopped.aborted) return answer(req, res, 503, toFact(stopping()), { 'retry-after': RETRY_S })
    const own = readTrigger(req, options.requireTrigger ?? false)
    const anew = readReset(req)
    const unnumbered = (refusal: IngestRefusal): void => {
      // No trigger is known, so there is no item of one; the fault keeps it from being silent.
      flow.fault(refusal.error, false)
      answer(req, res, refusal.status, toFact(refusal.error))
    }
    if (own instanceof IngestRefusal) return unnumbered(own)
    if (anew instanceof IngestRefusal) return unnumbered(anew)
    const trigger = count.number(own, anew)
    if (trigger instanceof IngestRefusal)
      return answer(req, res, trigger.status, { ...toFact(trigger.error), next: count.next })
    const atMs = monoMs()
    const came = receive(req, trigger, atMs)
    const stated = req.headers['x-captured-at']
    const received = stated === undefined ? came : inTurn(Date.parse(String(stated)), came)
    flow.push(received.then((r) => r.item))
    const announced = own === null ? announcing(options, trigger, atMs) : Promise.resolve(null)
    void Promise.all([received, announced]).then(([{ answer: broken }, unannounced]) => {
      const no = broken ?? unannounced
      answer(req, res, no?.status ?? 202, no ? { ...toFact(no.error), trigger } : { trigger })
    })
  }
  const server = createServer(take)
  // An `Expect` that is not known is no reason to lose a part: its frame comes, or is missed like any other.
  server.on('checkExpectation', take)
  // Nobody knows whether a part is behind it, so it is no trigger; what a sender got wrong shows in `health`.
  server.on('clientError', (error: ParseError, socket) => {
    const refusal = unreadable(error)
    if (refusal) flow.note(refusal.error)
    unread.end(socket, refusal)
  })
  // A camera that keeps its connection open between parts is the fast path; a stalled upload has its own limit.
  server.keepAliveTimeout = 65_000

  const produce = (stopped: AbortSignal): Promise<void> =>
    new Promise<void>((resolve) => {
      if (stopped.aborted) return resolve()
      stopped.addEventListener('abort', () => resolve(), { once: true })
    }).then(() => count.end(new CodedError('CAM_GONE', { actual: 'the source was stopped' })))

  const close = async (): Promise<void> => {
    url = null
    await flow.close()
    if (!server.listening) return
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeIdleConnections()
      // Uploads in progress have just become `incomplete`; give their answers a moment to leave.
      setTimeout(() => server.closeAllConnections(), 200).unref()
    })
  }

  return {
    adapter: 'http-push',
    url: () => url,
    open: async () => {
      if (token === undefined && !isLoopback(options.host)) {
        throw new CodedError('CFG_INVALID', {
          path: 'camera.token',
          expected: 'a token, because the host is not a loopback address',
          actual: `none with host ${options.host}`,
        })
      }
      const port = await listen(server, options.host, options.port)
      const host = options.host.includes(':') ? `[${options.host}]` : options.host
      url = `http://${host}:${port}/ingest/${station}`
      flow.state = 'idle'
    },
    items: (signal) => flow.run(signal, produce),
    counted: (n, anew = false) => count.counted(n, anew),
    lost: (them) => count.lost(them),
    health: () => flow.health,
    close,
  }
}

/** After this many s a frame that was not counted may be sent again: a restart takes about that long. */
const RETRY_S = '5'

/** Null when the number is durable, or need not be. */
async function announcing(
  { announce }: HttpPushOptions,
  trigger: number,
  atMs: number,
): Promise<IngestRefusal | null> {
  try {
    await announce?.(trigger, wallTime(atMs))
    return null
  } catch (error) {
    return new IngestRefusal(503, asCoded(error, 'TRC_WRITE'))
  }
}

/** `answer`: null = accepted. */
interface Received {
  item: CameraItem
  answer: IngestRefusal | null
}

const stopping = (): CodedError =>
  new CodedError('CAM_GONE', {
    actual: 'the line is stopping',
    hint: 'this frame was not counted: send it again when the line runs',
  })

function answer(
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  body: object,
  more: Record<string, string> = {},
): void {
  if (res.writableEnded || res.destroyed) return
  const headers: Record<string, string> = { 'content-type': 'application/json', ...more }
  if (status === 401) headers['www-authenticate'] = 'Bearer'
  if (status === 405) headers['allow'] = 'POST'
  // The rest of a refused body is not read, so the connection cannot carry another request.
  if (!req.complete) headers['connection'] = 'close'
  res.writeHead(status, headers).end(JSON.stringify(body))
}

function listen(server: ReturnType<typeof createServer>, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (e: NodeJS.ErrnoException) => {
      const taken = e.code === 'EADDRINUSE'
      const where = { path: 'camera.port', actual: `${host}:${port}: ${e.message}`, cause: e }
      const hint = taken ? 'stop the other program or choose another port' : 'check host and port'
      reject(new CodedError(taken ? 'CFG_PORT_IN_USE' : 'CAM_OPEN', { ...where, hint }))
    })
    server.listen(port, host, () => {
      const address = server.address()
      resolve(address !== null && typeof address === 'object' ? address.port : port)
    })
  })
}
