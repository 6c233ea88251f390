import { asCoded, CodedError, monoMs } from '../../contracts/index.ts'
import type {
  LostTriggers,
  RejectAck,
  RejectCommand,
  RejectOutput,
  RejectOutputSpec,
} from '../../contracts/index.ts'
import { openModbusLink } from './modbus-link.ts'
import type { ModbusLink } from './modbus-link.ts'
import { handshake, HANDSHAKE_START, pcImage } from './plc-handshake.ts'
import type { HandshakeInput, HandshakeState } from './plc-handshake.ts'
import { PlcPulse } from './plc-pulse.ts'
import { decodePlc, encodePc, PC_OFFSET, PLC_OFFSET, PLC_WORDS } from './register-map.ts'

export interface ModbusOutputOptions extends Omit<
  Extract<RejectOutputSpec, { adapter: 'modbus-tcp' }>,
  'adapter'
> {
  /** Pause between polls of the trigger counter, ms; default 5. */
  pollMs?: number
  /** See `HandshakeLimits.freshMs`; default 250. */
  freshMs?: number
}

const HEARTBEAT_MS = 250
/** So many failed requests in a row open the circuit: the session is dropped, commands fail at once. */
const BREAK_AFTER = 3
const RETRY_MS = { first: 100, most: 5_000 }

/**
 * Gate behind a PLC on Modbus TCP. One session, one request at a time: write our registers when they changed,
 * read those of the PLC, let the handshake decide. A request may be repeated until the deadline of its result,
 * because the PLC acts once per trigger. With the session down, or the program of the PLC stopped, every command is
 * answered CAM_IO at once, and the PLC rejects by default.
 */
export function modbusOutput(options: ModbusOutputOptions): RejectOutput {
  const { baseRegister, pollMs = 5, freshMs = 250, heartbeatMs, ackMs } = options
  const limits = { ackMs, freshMs }
  const pending = new Map<number, (ack: RejectAck) => void>()
  const listeners = new Set<(trigger: number, anew: boolean) => void>()
  const lostListeners = new Set<(lost: LostTriggers) => void>()
  let state: HandshakeState = HANDSHAKE_START
  const pulse = new PlcPulse(heartbeatMs)
  let link: ModbusLink | null = null
  /** Requests are answered, but no program serves them: as good as no link. */
  let stopped = false
  let running: Promise<void> | null = null
  let closing = false
  let announced = false
  let healthy = false
  let wake: (() => void) | null = null
  let applied = 0
  let failed = 0
  let lastError: string | null = null

  /** What the PLC counted while nobody listened is unknown: the first number may be below those of an earlier run. */
  const first = (anew: boolean): boolean => {
    const may = anew || !announced
    announced = listeners.size > 0 || lostListeners.size > 0
    return may
  }

  const feed = (input: HandshakeInput): void => {
    const step = handshake(state, input, limits)
    state = step.state
    for (const out of step.out) {
      if (out.kind === 'trigger') {
        const anew = first(out.anew ?? false)
        for (const listener of listeners) listener(out.trigger, anew)
      } else if (out.kind === 'lost') {
        const { from, to, sinceMs } = out
        const anew = first(out.anew)
        for (const listener of lostListeners) listener({ from, to, sinceMs, anew })
      } else if (out.kind === 'violation')
        lastError = new CodedError('CAM_HANDSHAKE', { actual: out.message }).message
      else {
        const resolve = pending.get(out.trigger)
        pending.delete(out.trigger)
        resolve?.(
          out.ok
            ? { ok: true, atMs: monoMs() }
            : { ok: false, code: out.code, message: out.message, atMs: monoMs() },
        )
      }
    }
  }

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        wake = null
        resolve()
      }
      const timer = setTimeout(done, ms)
      wake = done
    })

  const lost = (error: CodedError): void => {
    link?.drop()
    link = null
    healthy = false
    lastError = error.message
    feed({ kind: 'link-lost', message: error.message })
  }

  const seePulse = (heartbeat: number): void => {
    const error = pulse.see(heartbeat, monoMs())
    const news = error !== null && !stopped
    stopped = error !== null
    if (!news) return
    lastError = error.message
    feed({ kind: 'link-lost', message: error.message })
  }

  const connect = async (): Promise<boolean> => {
    try {
      link = await openModbusLink(options)
      pulse.resume(monoMs())
      return true
    } catch (e) {
      lost(asCoded(e, 'CAM_IO'))
      return false
    }
  }

  /** Serves one session until it breaks; false when not a single cycle worked. */
  const serve = async (on: ModbusLink): Promise<boolean> => {
    let worked = false
    let sent = ''
    let sentMs = 0
    let heartbeat = 0
    let failures = 0
    // Where this process stands still, an acknowledge that is there already is read before it counts as missing.
    let askedMs = 0
    while (!closing) {
      let asksMs = askedMs
      try {
        feed({ kind: 'tick', atMs: monoMs(), askedMs })
        if (monoMs() - sentMs >= HEARTBEAT_MS) heartbeat += 1
        const words = encodePc(pcImage(state, heartbeat))
        if (words.join() !== sent) {
          const shown = state.shown
          feed({ kind: 'sent' })
          await on.write(baseRegister + PC_OFFSET, words)
          sent = words.join()
          sentMs = monoMs()
          if (shown) feed({ kind: 'written', trigger: shown.result.trigger, atMs: sentMs })
        }
        asksMs = monoMs()
        const plc = decodePlc(await on.read(baseRegister + PLC_OFFSET, PLC_WORDS))
        failures = 0
        worked = true
        seePulse(plc.heartbeat)
        if (!stopped) feed({ kind: 'poll', plc, atMs: monoMs() })
        healthy = !stopped
      } catch (e) {
        failures += 1
        feed({ kind: 'unanswered' })
        const error = asCoded(e, 'CAM_IO')
        lastError = error.message
        sent = ''
        if (failures >= BREAK_AFTER || !on.open) {
          lost(error)
          return worked
        }
      }
      askedMs = asksMs
      const settledImage = encodePc(pcImage(state, heartbeat)).join() === sent
      if (settledImage && !closing) await pause(pollMs)
    }
    await sayGoodbye(on)
    return worked
  }

  /** Not ready and no result, so that the PLC need not wait for the heartbeat to stop. */
  const sayGoodbye = async (on: ModbusLink): Promise<void> => {
    const words = encodePc(pcImage({ ...HANDSHAKE_START, fault: state.fault }, 0))
    await on.write(baseRegister + PC_OFFSET, words).catch(() => {})
    on.drop()
  }

  const run = async (): Promise<void> => {
    let retryMs = RETRY_MS.first
    while (!closing) {
      if (link && (await serve(link))) retryMs = RETRY_MS.first
      if (closing) break
      await pause(retryMs)
      retryMs = Math.min(RETRY_MS.most, retryMs * 2)
      if (!closing) await connect()
    }
    link?.drop()
    link = null
    feed({ kind: 'link-lost', message: 'CAM_IO: the output was closed' })
  }

  const send = (command: RejectCommand): Promise<RejectAck> => {
    const refuse = (code: 'CAM_IO' | 'CAM_HANDSHAKE', message: string): Promise<RejectAck> =>
      Promise.resolve({ ok: false, code, message, atMs: monoMs() })
    const { trigger, action, deadlineMs } = command
    if (!link || stopped) {
      feed({ kind: 'unsent', trigger })
      return refuse('CAM_IO', lastError ?? 'CAM_IO: the output is not open')
    }
    if (pending.has(trigger)) return refuse('CAM_HANDSHAKE', `trigger ${trigger} has a result already`)
    return new Promise((resolve) => {
      pending.set(trigger, resolve)
      feed({ kind: 'result', result: { trigger, action, deadlineMs }, atMs: monoMs() })
      wake?.()
    })
  }

  const lines = (change: { ready?: boolean; fault?: boolean }): void => {
    feed({ kind: 'lines', ready: state.ready, fault: state.fault, ...change })
    wake?.()
  }

  return {
    adapter: 'modbus-tcp',
    /** Resolves after the first attempt; a PLC that is still off is tried again, and `health` says so. */
    open: async () => {
      if (running) return
      await connect()
      running = run()
    },
    apply: async (command) => {
      const ack = await send(command)
      if (ack.ok) applied += 1
      else {
        failed += 1
        lastError = ack.message
      }
      return ack
    },
    onTrigger: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    onLost: (listener) => {
      lostListeners.add(listener)
      return () => void lostListeners.delete(listener)
    },
    setReady: (ready) => lines({ ready }),
    setFault: (fault) => lines({ fault }),
    health: () => ({ connected: healthy && link !== null && link.open, applied, failed, lastError }),
    close: async () => {
      closing = true
      wake?.()
      await running
      link?.drop()
      link = null
    },
  }
}
