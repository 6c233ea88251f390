import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { asCoded, CodedError } from '../../contracts/index.ts'

export interface ModbusAddress {
  host: string
  port: number
  unit: number
  timeoutMs: number
}

/** One TCP session to a PLC. Requests must be serialised by the caller. */
export interface ModbusLink {
  readonly open: boolean
  read(address: number, words: number): Promise<number[]>
  write(address: number, words: readonly number[]): Promise<void>
  drop(): void
}

/** @throws CAM_IO when the PLC does not accept the connection in time */
export async function openModbusLink(at: ModbusAddress): Promise<ModbusLink> {
  const where = `modbus-tcp ${at.host}:${at.port}, unit ${at.unit}`
  const { default: modbus } = await import('modbus-serial')
  // The socket is ours: the library tells of an error and of a close by different, partly missing events.
  const socket = await connected(at).catch((e: unknown) => {
    throw asCoded(e, 'CAM_IO', { path: where, hint: 'check that the PLC runs and its address is right' })
  })
  const client = new modbus.default()
  client.on('error', () => {})
  await client.linkTCP(socket, { port: at.port })
  client.setID(at.unit)
  client.setTimeout(at.timeoutMs)

  const ask = async <T>(request: () => Promise<T>, what: string): Promise<T> => {
    if (socket.destroyed) throw new CodedError('CAM_IO', { path: where, actual: 'the connection is closed' })
    try {
      return await unlessClosed(socket, request())
    } catch (e) {
      throw asCoded(e, 'CAM_IO', { path: where, actual: `${what}: ${said(e, at.timeoutMs)}` })
    }
  }
  return {
    get open() {
      return !socket.destroyed
    },
    async read(address, words) {
      const { data } = await ask(() => client.readHoldingRegisters(address, words), 'read')
      if (data.length === words) return data
      throw new CodedError('CAM_IO', {
        path: where,
        expected: `${words} registers`,
        actual: `${data.length}`,
      })
    },
    async write(address, words) {
      await ask(() => client.writeRegisters(address, [...words]), 'write')
    },
    drop: () => void socket.destroy(),
  }
}

/** The library waits for the answer of a connection that is gone until its time is over. */
function unlessClosed<T>(socket: Socket, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const closed = (): void => reject(new Error('the connection was closed'))
    socket.once('close', closed)
    answer.finally(() => socket.off('close', closed)).then(resolve, reject)
  })
}

/** The library throws objects that are no `Error`, the timeout among them. */
function said(e: unknown, timeoutMs: number): string {
  const { errno, message } = e as { errno?: unknown; message?: string }
  return errno === 'ETIMEDOUT' ? `no answer within ${timeoutMs} ms` : String(message)
}

function connected(at: ModbusAddress): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: at.host, port: at.port, noDelay: true })
    const timer = setTimeout(
      () => socket.destroy(new Error(`no connection within ${at.timeoutMs} ms`)),
      at.timeoutMs,
    )
    socket.once('error', reject)
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.off('error', reject)
      // Later errors show as `destroyed` at the next request.
      socket.on('error', () => {})
      resolve(socket)
    })
    socket.once('close', () => {
      clearTimeout(timer)
      reject(new Error('the connection was closed'))
    })
  })
}
