import { once } from 'node:events'
import { connect } from 'node:net'
import type { Duplex, Readable } from 'node:stream'
import { isatty } from 'node:tty'
import type { SerialPort } from 'serialport'
import {
  asCoded,
  CodedError,
  type IdentitySource,
  type IdentitySourceSpecOf,
  monoMs,
} from '../../contracts/index.ts'
import { keyboardDevice } from './keyboard-device.ts'
import { KeyboardLines } from './keyboard-lines.ts'
import { LineSplitter } from './line-splitter.ts'
import { pushedRead } from './pushed-read.ts'
import { ReadFeed } from './read-feed.ts'
import { keepConnected } from './reconnect.ts'
import { OPENED_MS, TimedLines } from './timed-lines.ts'

type Spec = IdentitySourceSpecOf<'scanner-tcp' | 'scanner-serial' | 'scanner-keyboard'>

/** A scanner that sends one line per code, over TCP, a serial line or as a keyboard; it is opened again when it goes away. */
export function scannerLines(spec: Spec): IdentitySource {
  const feed = new ReadFeed(spec.id, spec)
  const stop = new AbortController()
  const where = spec.adapter === 'scanner-tcp' ? `${spec.host}:${spec.port}` : spec.path
  let running: Promise<void> | null = null

  const session = async (worked: (heard?: true) => void): Promise<void> => {
    const stream = await opened(spec, stop.signal)
    worked()
    const lines =
      spec.adapter === 'scanner-keyboard'
        ? new KeyboardLines(spec.maxLength)
        : new LineSplitter(spec.maxLength)
    // Until then nothing is taken for a code.
    const heardFromMs = monoMs() + OPENED_MS
    const forget = atMono(heardFromMs, () => feed.connected())
    try {
      await readUntilGone(stream, new TimedLines(lines, heardFromMs), feed, worked, stop.signal)
    } finally {
      forget()
    }
    throw new CodedError('CAM_GONE', { path: where, actual: 'the scanner closed the connection' })
  }
  return {
    id: spec.id,
    adapter: spec.adapter,
    open: async (listener) => {
      feed.open(listener)
      running = keepConnected(stop.signal, session, (e) => feed.lost(asCoded(e, 'CAM_GONE', { path: where })))
    },
    health: () => feed.health,
    close: async () => {
      feed.close()
      stop.abort()
      await running
    },
  }
}

/**
 * Not before the time, as a timer may by a part of a millisecond: whoever sees the scanner run may send a code at once.
 *
 * @param atMs monotonic
 * @returns forgets it
 */
function atMono(atMs: number, work: () => void): () => void {
  let timer: NodeJS.Timeout | undefined
  const look = (): void => {
    const leftMs = atMs - monoMs()
    if (leftMs > 0) timer = setTimeout(look, leftMs)
    else work()
  }
  look()
  return () => clearTimeout(timer)
}

/**
 * After so much silence the kernel asks whether the other side is still there, ten times, a second apart (libuv,
 * `uv_tcp_keepalive`). By itself it would wait two hours, and a scanner that was switched off and on knows nothing of the
 * connection on which it is waited for.
 */
const SILENT_MS = 5_000

/** @throws CAM_OPEN */
async function opened(spec: Spec, signal: AbortSignal): Promise<Readable> {
  try {
    if (spec.adapter === 'scanner-keyboard') return keyboardDevice(spec.path)
    if (spec.adapter === 'scanner-tcp') {
      const { host, port } = spec
      const socket = connect({ host, port, keepAlive: true, keepAliveInitialDelay: SILENT_MS })
      await ready(socket, 'connect', signal)
      return socket
    }
    const { path, baudRate, dataBits, parity, stopBits } = spec
    const { SerialPort } = await import('serialport')
    const port = new SerialPort({ path, baudRate, dataBits, parity, stopBits, endOnClose: true })
    await ready(port, 'open', signal)
    closeWhenHungUp(port)
    return port
  } catch (e) {
    throw asCoded(e, 'CAM_OPEN', { hint: 'check that the scanner is on, its address, and the rights to it' })
  }
}

async function ready(stream: Duplex, event: string, signal: AbortSignal): Promise<void> {
  try {
    await once(stream, event, { signal })
  } catch (error) {
    await ended(stream)
    throw error
  }
}

/** How often a serial line is asked whether it is still a terminal, ms. */
const HANG_UP_MS = 500

/**
 * A line that is unplugged within a read answers every later one with nothing, which `serialport` takes
 * for "not yet" and asks again at once, for ever. A terminal that was hung up is none any more.
 */
function closeWhenHungUp(port: SerialPort): void {
  const fd = port.port !== undefined && 'fd' in port.port ? port.port.fd : null
  if (typeof fd !== 'number' || !isatty(fd)) return
  const timer = setInterval(() => {
    if (port.isOpen && !port.closing && !isatty(fd)) port.close()
  }, HANG_UP_MS)
  port.once('close', () => clearInterval(timer))
}

/** Ends when the stream does. @throws what the stream met */
async function readUntilGone(
  stream: Readable,
  timed: TimedLines,
  feed: ReadFeed,
  worked: (heard: true) => void,
  signal: AbortSignal,
): Promise<void> {
  stream.on('data', (chunk: Buffer) => {
    for (const line of timed.push(chunk, monoMs()))
      if (line instanceof CodedError) feed.refused(line)
      else {
        worked(true)
        feed.read({ ...pushedRead(line.text), atMs: line.atMs })
      }
  })
  try {
    await once(stream, 'end', { signal })
  } finally {
    await ended(stream)
  }
}

/** Of the streams that are read here, only a serial line is opened by itself. */
const isSerial = (stream: Readable): stream is SerialPort => 'isOpen' in stream && 'opening' in stream

/** Of a serial line nobody else can take it before it is closed; to destroy its stream leaves it open. */
async function ended(stream: Readable): Promise<void> {
  stream.on('error', () => undefined)
  if (!isSerial(stream)) stream.destroy()
  else if (stream.isOpen) await new Promise((resolve) => stream.close(resolve))
  else if (stream.opening) stream.once('open', () => stream.close())
}
