import { createServer } from 'node:net'
import { CodedError } from '../../contracts/index.ts'

export interface RegisterServer {
  readonly port: number
  /** Cuts all sessions; the server goes on listening. */
  dropSessions(): void
  close(): Promise<void>
}

interface Registers {
  read(address: number, words: number): number[]
  /** @throws to answer "illegal data address" */
  write(address: number, words: readonly number[]): void
  /** While true requests are swallowed, as by a hung device. */
  mute(): boolean
}

/** Holding registers on Modbus TCP. @throws CFG_PORT_IN_USE, CAM_IO */
export async function serveRegisters(
  at: { host: string; port: number },
  registers: Registers,
): Promise<RegisterServer> {
  const illegalAddress = Object.assign(new Error('illegal data address'), { modbusErrorCode: 2 })
  const guard = <T>(work: () => T): T => {
    try {
      return work()
    } catch {
      throw illegalAddress
    }
  }
  // A promise that never settles keeps the library from answering.
  const silence = (): Promise<never> => new Promise(() => {})
  const vector = {
    getHoldingRegister: (address: number) =>
      registers.mute() ? silence() : Promise.resolve(guard(() => registers.read(address, 1)[0] ?? 0)),
    getMultipleHoldingRegisters: (address: number, words: number) => {
      const values = guard(() => registers.read(address, words))
      return registers.mute() ? (values.map(() => silence()) as unknown as number[]) : values
    },
    setRegister: (address: number, value: number) =>
      registers.mute() ? silence() : Promise.resolve(guard(() => registers.write(address, [value]))),
    setRegisterArray: (address: number, values: number[]) =>
      registers.mute() ? silence() : Promise.resolve(guard(() => registers.write(address, values))),
  }
  // The library takes port 0 for "not given".
  const port = at.port === 0 ? await freePort(at.host) : at.port
  const { ServerTCP } = await import('modbus-serial')
  const server = new ServerTCP(vector, { host: at.host, port, unitID: 255 })
  server.on('socketError', () => {})
  server.on('error', () => {})
  await new Promise<void>((resolve, reject) => {
    server.once('initialized', () => resolve())
    server.once('serverError', (e: unknown) => {
      const error = e instanceof Error ? e : new Error(String(e))
      const taken = 'code' in error && error.code === 'EADDRINUSE'
      const detail = { actual: `${at.host}:${port}: ${error.message}`, cause: error }
      reject(new CodedError(taken ? 'CFG_PORT_IN_USE' : 'CAM_IO', detail))
    })
  })
  return {
    port,
    dropSessions: () => {
      for (const socket of server.socks.keys()) socket.destroy()
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, host, () => {
      const address = probe.address()
      const port = address !== null && typeof address === 'object' ? address.port : 0
      probe.close(() => resolve(port))
    })
  })
}
