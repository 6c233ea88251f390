import { createServer } from 'node:net'
import { CodedError, type LineSpec } from '../../contracts/index.ts'

/**
 * Every fixed port the line will listen on is free now, so that a taken one stops the start before store, workers
 * and cameras are opened. Whoever takes it afterwards is refused when the port is really opened.
 *
 * @throws CFG_PORT_IN_USE, CFG_INVALID for an address this machine does not have
 */
export async function checkPorts(spec: LineSpec): Promise<void> {
  const { host, port, https } = spec.dashboard
  await tryPort(host, port, 'dashboard.port', 'set another port there or with --port')
  if (https) await tryPort(https.host, https.port, 'dashboard.https.port', 'set another port there')
  for (const [i, { camera }] of spec.stations.entries())
    if (camera.adapter === 'http-push')
      await tryPort(camera.host, camera.port, `stations[${i}].camera.port`, 'set another port there')
  for (const [i, reader] of spec.readers.entries())
    if (reader.adapter === 'http-reads')
      await tryPort(reader.host, reader.port, `readers[${i}].port`, 'set another port there')
}

async function tryPort(host: string | undefined, port: number, path: string, remedy: string): Promise<void> {
  if (port === 0) return
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE'
      reject(
        new CodedError(taken ? 'CFG_PORT_IN_USE' : 'CFG_INVALID', {
          path,
          expected: taken ? 'a free port' : 'an address and port this machine can listen on',
          actual: taken ? `${host ?? ''}:${port} is taken` : `${host ?? ''}:${port}: ${error.message}`,
          hint: `stop the other program, or ${remedy}`,
          cause: error,
        }),
      )
    })
    server.listen(port, host, () => server.close(() => resolve()))
  })
}
