import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { CodedError, monoMs, wallTime } from '../contracts/index.ts'
import type { FrameFormat, FrameSlot, FrameSource } from '../contracts/index.ts'
import { DAMAGED, DamagedPictures, gentler, HoleInVideo, saysDamaged } from './ffmpeg-damage.ts'
import type { Strictness } from './ffmpeg-damage.ts'
import { checkFfmpeg, ffmpegArgs, inputName, liveAt, startFfmpeg, wrongSize } from './ffmpeg-process.ts'
import type { FfmpegInput, FfmpegRun } from './ffmpeg-process.ts'
import type { SharedFramePool } from './frame-pool.ts'
import { FramePeriod } from './frame-period.ts'
import { ItemFlow, missedItem } from './item-flow.ts'
import { PendingTriggers } from './pending-triggers.ts'
import type { PendingTrigger } from './pending-triggers.ts'
import { PictureLag } from './picture-lag.ts'
import { RestartBudget, SHORT_WAIT_MS } from './restart-budget.ts'
import { noBuffer, rawBytes, slotFrame, tooLarge } from './slot-frame.ts'
import { TriggerCounter } from './trigger-counter.ts'

export interface FfmpegOptions extends FfmpegInput {
  station: string
  view: string
  pool: SharedFramePool
  firstTrigger: number
  mode: 'free' | 'triggered'
  /** Triggered mode never waits for a slot: the frames behind would become old in the pipe. */
  backPressure: 'wait' | 'miss'
  watchdogMs: number
  restart: { max: number; withinMs: number }
  /** How long a trigger waits for its frame, ms; default two measured frame periods, at least 100 ms. */
  timeoutMs?: number
  /** Program to run; default `ffmpeg` on the PATH. */
  binary?: string
}

/** Where the bytes of the frame in the pipe go; `pending` in triggered mode. */
interface Arrival {
  trigger: number
  atMs: number
  slot: FrameSlot | null
  pending: PendingTrigger | null
}

const LEAST_TIMEOUT_MS = 100
/** How often this thread looks whether the camera is silent, and whether it stood still itself. */
const ATTEND_MS = 50

/** `damaged`: after frames, at a damaged picture; the camera is there. */
type RunEnd = 'stopped' | 'ended' | { error: CodedError; damaged: boolean }

/**
 * Whatever ffmpeg reads. Free: every frame is a trigger. Triggered: a trigger takes the first frame whose bytes
 * start to arrive after it, within `timeoutMs`, and that was not gathered while the stream was opened; of several
 * triggers before one frame it is the newest that gets it, the parts of the others have passed. Frames nobody asked for
 * are not triggers and are skipped. A camera that is gone or silent is opened again within the restart budget, one whose
 * picture was damaged always; a file that ends, ends.
 */
export function ffmpegSource(options: FfmpegOptions): FrameSource {
  const { station, view, pool, mode, watchdogMs, pixel, widthPx, heightPx } = options
  const binary = options.binary ?? 'ffmpeg'
  const source = `ffmpeg ${inputName(options.input)}`
  const live = liveAt(options.input)
  const frameBytes = rawBytes(options.pixel, options.widthPx, options.heightPx)
  const format: FrameFormat = { kind: 'raw', pixel, widthPx, heightPx }
  const flow = new ItemFlow('ffmpeg')
  const counter = new TriggerCounter(options.firstTrigger > 1 ? options.firstTrigger : null)
  const period = new FramePeriod(mode === 'triggered' ? live : null)
  const lag = new PictureLag()
  // An unknown period gets the least: a stream that only starts would show some later part.
  const timeoutMs = (): number => options.timeoutMs ?? Math.max(LEAST_TIMEOUT_MS, 2 * (period.ms ?? 0))
  const gone = (actual: string): CodedError => new CodedError('CAM_GONE', { actual: `${source} ${actual}` })
  let why = gone('gives no new frames yet')
  const triggers = new PendingTriggers(flow, counter, timeoutMs, (waitedMs) => {
    const none = { expected: `a frame within ${waitedMs.toFixed()} ms`, actual: 'none' }
    const { state } = flow.health
    return state === 'online' ? new CodedError('CAM_TIMEOUT', none) : state === 'late' ? lag.error : why
  })
  let nextTrigger = options.firstTrigger
  let strictness: Strictness = 'strict'
  /** Whether any run has given a frame. */
  let shown = false

  /** Decides at its first byte what becomes of a frame; null = nobody asked for it, it is old, or the line stops. */
  const arrive = async (stopped: AbortSignal): Promise<Arrival | null> => {
    if (period.catchingUp || (mode === 'triggered' && lag.late)) return null
    const pending = mode === 'triggered' ? triggers.claim() : null
    if (pending === undefined) return null
    const waits = options.backPressure === 'wait' && pending === null
    const slot = waits ? await pool.acquireLater(stopped) : pool.acquire()
    if (stopped.aborted || (pending && !triggers.isOpen(pending))) {
      slot?.release()
      return null
    }
    // One that triggers itself did so when it was taken.
    const atMs = monoMs() - lag.ms
    return pending
      ? { trigger: pending.trigger, atMs: pending.atMs, slot, pending }
      : { trigger: nextTrigger++, atMs, slot, pending }
  }

  const complete = ({ trigger, atMs, slot, pending }: Arrival): void => {
    if (pending && !triggers.isOpen(pending)) {
      slot?.release()
      return
    }
    const facts = { station, view, source, cameraCounter: null, simulated: !live }
    const captured = pending ? {} : { capturedAt: wallTime(atMs) }
    const content = { byteLength: frameBytes, format }
    const item = slot
      ? ({
          kind: 'frame',
          frame: slotFrame(slot, content, { ...facts, ...captured, trigger, triggeredAtMs: atMs }),
        } as const)
      : missedItem(trigger, atMs, noBuffer(pool.slots))
    if (pending) pending.settle(item)
    else flow.push(item)
  }

  /** A picture that nobody is to see: the next one has its number, or is for its trigger. */
  const leaveOut = ({ slot, pending }: Arrival): void => {
    slot?.release()
    if (pending === null) nextTrigger -= 1
  }

  /** A frame that broke off. In triggered mode its trigger stays open and may get the next one. */
  const breakOff = (arrival: Arrival, bytes: number): void => {
    arrival.slot?.release()
    if (arrival.pending) return
    const detail = { expected: `${frameBytes} bytes`, actual: `${bytes}` }
    flow.missed(arrival.trigger, arrival.atMs, new CodedError('CAM_INCOMPLETE', detail))
  }

  /** @returns whether a frame broke off */
  const readFrames = async (
    run: FfmpegRun,
    stopped: AbortSignal,
    hole: HoleInVideo,
    onFrame: () => void,
    busy: (waiting: boolean) => void,
  ): Promise<boolean> => {
    let at = 0
    let arrival: Arrival | null = null
    let first = true
    try {
      for await (const chunk of run.stdout as AsyncIterable<Buffer>) {
        for (let offset = 0; offset < chunk.length && !stopped.aborted && !hole.found;) {
          if (at === 0) {
            const arrivedMs = monoMs()
            period.attended(arrivedMs, ATTEND_MS)
            const stampMs = await run.stamps.next()
            period.arrived(arrivedMs)
            if (stampMs !== null) lag.arrived(arrivedMs, stampMs)
            busy(true)
            arrival = await arrive(stopped)
            busy(false)
          }
          const n = Math.min(frameBytes - at, chunk.length - offset)
          if (arrival?.slot) new Uint8Array(arrival.slot.buffer).set(chunk.subarray(offset, offset + n), at)
          at += n
          offset += n
          if (at < frameBytes) continue
          // What stderr says of this frame was written before it, and may not have been read.
          await turn()
          if (hole.found) break
          if (arrival && first && hole.beginsMidway) leaveOut(arrival)
          else if (arrival) complete(arrival)
          first = false
          arrival = null
          at = 0
          onFrame()
        }
      }
    } catch {
      // The pipe was destroyed by stop(); why is known to the caller.
    }
    if (arrival) breakOff(arrival, at)
    return arrival !== null
  }

  const missDamaged = (pictures: number): void => {
    // In triggered mode the trigger that would have had it stays open.
    if (mode === 'triggered') return
    for (let i = 0; i < pictures; i++)
      flow.missed(nextTrigger++, monoMs(), new CodedError('CAM_INCOMPLETE', DAMAGED))
  }

  /** One life of the process. */
  const runOnce = async (stopped: AbortSignal, budget: RestartBudget): Promise<RunEnd> => {
    period.restart(monoMs())
    lag.restart()
    let silent = false
    let frames = 0
    let inFrame = false
    const leavesOut = strictness === 'alone'
    const damaged = new DamagedPictures(!live)
    const hole = new HoleInVideo(strictness)
    const run = startFfmpeg(binary, ffmpegArgs(options, strictness), (line) => {
      const told = leavesOut ? damaged.read(line, frames) : hole.read(line, frames, () => run.stop())
      if (hole.alone) damaged.readLost(line, frames)
      // A frame whose bytes arrive has its number already.
      if (!inFrame) missDamaged(damaged.take(frames))
      return told
    })
    let [lastMs, lookedMs] = [monoMs(), monoMs()]
    let waiting = false
    const watchdog = setInterval(() => {
      const nowMs = monoMs()
      period.attended(nowMs, ATTEND_MS)
      // While this thread stood still it could see no frame: that is no silence of the camera.
      lastMs += Math.max(0, nowMs - lookedMs - 2 * ATTEND_MS)
      lookedMs = nowMs
      if (waiting) lastMs = nowMs
      else if (nowMs - lastMs > watchdogMs) {
        silent = true
        run.stop()
      }
    }, ATTEND_MS)
    const stop = (): void => run.stop()
    stopped.addEventListener('abort', stop, { once: true })
    if (stopped.aborted) stop()
    const onFrame = (): void => {
      frames += 1
      shown = true
      inFrame = false
      missDamaged(damaged.take(frames))
      lastMs = monoMs()
      if (!period.catchingUp) flow.state = lag.late ? 'late' : 'online'
      budget.worked()
    }
    const busy = (on: boolean): void => {
      waiting = on
      inFrame = true
      if (!on) lastMs = monoMs()
    }
    const brokeOff = await readFrames(run, stopped, hole, onFrame, busy)
    const died = await run.closed
    clearInterval(watchdog)
    stopped.removeEventListener('abort', stop)
    missDamaged(damaged.take(Infinity))
    if (stopped.aborted) return 'stopped'
    const stderr = run.stderr()
    const sizeError = frames === 0 ? wrongSize(stderr, options, shown) : null
    if (sizeError) return { error: sizeError, damaged: false }
    const next = frames === 0 && strictness === 'strict' ? gentler(stderr) : null
    if (next) {
      strictness = next
      return runOnce(stopped, budget)
    }
    // Before its first frame a camera only opens; of a file, what is damaged was a part.
    const counts = frames > 0 || !live
    const atDamage = counts && !silent && !leavesOut && (hole.found || saysDamaged(stderr))
    if (atDamage && !(hole.found && brokeOff)) missDamaged(1)
    // Behind a damaged picture comes the same video, and a try in vain would miss parts; a camera that was gone may
    // have been given another codec.
    strictness = !atDamage ? 'strict' : hole.found ? hole.next : strictness
    if (died === null && !silent && !hole.found && !live) return 'ended'
    const ended = hole.found ? 'a part of the video is missing' : (died ?? 'the stream ended')
    const what = silent ? `no frame for ${watchdogMs} ms` : ended
    const hint = stderr && { hint: lastLines(stderr) }
    return {
      error: new CodedError('CAM_GONE', { actual: `${source}: ${what}`, ...hint }),
      damaged: atDamage || (hole.found && hole.beginsMidway),
    }
  }

  const produce = async (stopped: AbortSignal): Promise<void> => {
    const budget = new RestartBudget(options.restart)
    flow.state = 'opening'
    while (!stopped.aborted) {
      const end = await runOnce(stopped, budget)
      if (end === 'ended') why = gone('has ended')
      if (end === 'stopped' || end === 'ended') break
      why = end.error
      // Opening a file again would show the same parts a second time.
      const fatal = !live || why.code === 'CAM_OPEN'
      const waitMs = fatal ? null : end.damaged ? SHORT_WAIT_MS : budget.take(monoMs())
      if (!fatal && budget.usedUp) why = budget.exhausted(why)
      flow.fault(why, waitMs === null)
      if (waitMs === null) break
      flow.state = budget.usedUp ? 'offline' : 'reconnecting'
      await sleep(waitMs, undefined, { signal: stopped }).catch(() => {})
      if (!stopped.aborted) flow.countRestart()
    }
    triggers.settleAll(
      stopped.aborted ? new CodedError('CAM_GONE', { actual: 'the source was stopped' }) : why,
    )
  }

  return {
    adapter: 'ffmpeg',
    open: async () => {
      if (frameBytes > pool.slotBytes) throw tooLarge(frameBytes, pool.slotBytes)
      await checkFfmpeg(binary, options.input)
    },
    items: (signal) => flow.run(signal, produce),
    ...(mode === 'triggered' && triggers.port),
    health: () => flow.health,
    close: () => flow.close(),
  }
}

const lastLines = (text: string): string => text.split('\n').slice(-5).join(' | ')
