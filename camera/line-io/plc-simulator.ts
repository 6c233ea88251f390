import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { asCoded, CodedError, monoMs } from '../../contracts/index.ts'
import { serveRegisters } from './modbus-server.ts'
import {
  ACK_CODES,
  decodePc,
  encodePlc,
  PC_OFFSET,
  PC_WORDS,
  PLC_OFFSET,
  PLC_WORDS,
  RESULT_CODES,
} from './register-map.ts'
import type { PcBlock, PlcBlock } from './register-map.ts'

/** What the gate did with a part; `pending` while it is between camera and gate. */
export type GateAction = 'pending' | 'released' | 'rejected' | 'held' | 'default-rejected'

export interface GatePart {
  trigger: number
  action: GateAction
  triggeredAtMs: number
  decidedAtMs: number | null
}

export interface PlcSimulatorOptions {
  host?: string
  /** 0 = any free port. */
  port?: number
  baseRegister?: number
  /** Time from the trigger to the gate, ms: a part without its own result by then is rejected. */
  gateMs: number
  /** The counter survives a power cut in this file; without it, it starts at 0. */
  counterFile?: string
  /** Number of the counter behind which 0 comes; default that of 32 bits. */
  greatest?: number
  /** Parts to remember; default 10,000. */
  keep?: number
}

export interface PlcSimulator {
  readonly host: string
  readonly port: number
  readonly baseRegister: number
  readonly counter: number
  /** One part passes the camera; returns its trigger number. */
  trigger(): number
  /** Parts at a fixed rate until the returned function is called. */
  startTriggers(perSecond: number): () => void
  /** Remembered parts in trigger order. */
  parts(): readonly GatePart[]
  part(trigger: number): GatePart | null
  /** Called when the gate has decided about a part. */
  onGate(listener: (part: GatePart) => void): () => void
  /** The registers the PC has written. */
  inputs(): PcBlock
  /** Faults to rehearse: results are taken but not acknowledged; requests are not answered; the cable is out. */
  setAcknowledging(on: boolean): void
  setAnswering(on: boolean): void
  /** False = STOP: the registers are answered as they are, and no program looks at them. */
  setRunning(on: boolean): void
  dropSessions(): void
  close(): Promise<void>
}

/**
 * A PLC on a real Modbus TCP port with the register map of `register-map.ts`, for `sightline demo` and tests. It
 * is on the safe side of the handshake: a part is released only by a valid result of its own trigger that comes
 * before the part reaches the gate; all others are rejected by default.
 */
export async function startPlcSimulator(options: PlcSimulatorOptions): Promise<PlcSimulator> {
  const { host = '127.0.0.1', baseRegister = 0, gateMs, counterFile, keep = 10_000 } = options
  const { greatest = 0xffff_ffff } = options
  const parts = new Map<number, GatePart>()
  const timers = new Map<number, NodeJS.Timeout>()
  const listeners = new Set<(part: GatePart) => void>()
  const rates = new Set<NodeJS.Timeout>()
  const pcWords: number[] = Array.from({ length: PC_WORDS }, () => 0)
  const plc: PlcBlock = { trigger: loadCounter(counterFile), ackTrigger: 0, ackCode: 0, heartbeat: 0 }
  let acknowledging = true
  let answering = true
  let running = true
  const heartbeat = setInterval(() => {
    if (running) plc.heartbeat = (plc.heartbeat + 1) & 0xffff
  }, 250)

  const decide = (part: GatePart, action: Exclude<GateAction, 'pending'>): void => {
    clearTimeout(timers.get(part.trigger))
    timers.delete(part.trigger)
    part.action = action
    part.decidedAtMs = monoMs()
    for (const listener of listeners) listener({ ...part })
  }

  /** One scan of the PLC over what the PC has written. */
  const scan = (): void => {
    const pc = decodePc(pcWords)
    const action = actionOf(pc.resultCode)
    if (!running || !pc.resultValid || action === null) return
    const part = parts.get(pc.resultTrigger)
    // The part is where it is, whether or not its timer has had its turn.
    if (part?.action === 'pending' && monoMs() - part.triggeredAtMs >= gateMs)
      decide(part, 'default-rejected')
    let ackCode: number = ACK_CODES.unknownTrigger
    if (part?.action === 'pending') {
      decide(part, action)
      ackCode = ACK_CODES.accepted
      // A repeated write of the same result is no second decision.
    } else if (part) ackCode = part.action === action ? ACK_CODES.accepted : ACK_CODES.late
    if (acknowledging) Object.assign(plc, { ackTrigger: pc.resultTrigger, ackCode })
  }

  const server = await serveRegisters(
    { host, port: options.port ?? 0 },
    {
      mute: () => !answering,
      read: (address, words) => {
        const at = address - baseRegister
        if (at < PLC_OFFSET || at + words > PC_OFFSET + PC_WORDS) throw new RangeError('outside the block')
        const spare = Array.from({ length: PC_OFFSET - PLC_WORDS }, () => 0)
        return [...encodePlc(plc), ...spare, ...pcWords].slice(at, at + words)
      },
      write: (address, words) => {
        const at = address - baseRegister - PC_OFFSET
        // The block of the PLC is not ours to write.
        if (at < 0 || at + words.length > PC_WORDS) throw new RangeError('outside the block of the PC')
        pcWords.splice(at, words.length, ...words)
        scan()
      },
    },
  )

  const trigger = (): number => {
    const next = plc.trigger === greatest ? 0 : plc.trigger + 1
    // On disk before the part counts: after a power cut no number is used twice.
    saveCounter(counterFile, next)
    plc.trigger = next
    const part: GatePart = { trigger: next, action: 'pending', triggeredAtMs: monoMs(), decidedAtMs: null }
    parts.set(next, part)
    timers.set(
      next,
      setTimeout(() => decide(part, 'default-rejected'), gateMs),
    )
    for (const oldest of parts.keys()) {
      if (parts.size <= keep || parts.get(oldest)?.action === 'pending') break
      parts.delete(oldest)
    }
    return next
  }

  return {
    host,
    port: server.port,
    baseRegister,
    get counter() {
      return plc.trigger
    },
    trigger,
    startTriggers: (perSecond) => {
      const timer = setInterval(trigger, 1000 / perSecond)
      rates.add(timer)
      return () => {
        clearInterval(timer)
        rates.delete(timer)
      }
    },
    parts: () => [...parts.values()].map((part) => ({ ...part })),
    part: (n) => {
      const part = parts.get(n)
      return part ? { ...part } : null
    },
    onGate: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    inputs: () => decodePc(pcWords),
    setAcknowledging: (on) => void (acknowledging = on),
    setAnswering: (on) => void (answering = on),
    setRunning: (on) => void (running = on),
    dropSessions: () => server.dropSessions(),
    close: async () => {
      clearInterval(heartbeat)
      for (const timer of [...rates, ...timers.values()]) clearTimeout(timer)
      await server.close()
    },
  }
}

function actionOf(code: number): 'released' | 'rejected' | 'held' | null {
  switch (code) {
    case RESULT_CODES.release:
      return 'released'
    case RESULT_CODES.reject:
      return 'rejected'
    case RESULT_CODES.hold:
      return 'held'
    default:
      return null
  }
}

/** @throws CAM_HANDSHAKE for a file that holds no count: starting again at 0 would use numbers twice */
function loadCounter(file: string | undefined): number {
  if (file === undefined) return 0
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (e) {
    if (e instanceof Error && 'code' in e && e.code === 'ENOENT') return 0
    throw asCoded(e, 'CAM_HANDSHAKE', { file })
  }
  if (/^\d{1,10}\s*$/.test(text)) return Number(text)
  throw new CodedError('CAM_HANDSHAKE', { file, expected: 'a trigger counter', actual: text.slice(0, 40) })
}

function saveCounter(file: string | undefined, value: number): void {
  if (file === undefined) return
  writeFileSync(`${file}.new`, String(value))
  renameSync(`${file}.new`, file)
}
