import { execFileSync } from 'node:child_process'
import { connect } from 'node:net'
import { describe } from 'vitest'

/**
 * A describe block that needs something a bare machine may lack. Absent: the block is skipped under a name that says
 * what is missing. With SIGHTLINE_REQUIRE_SERVICES=1 an absent service is a failure instead.
 */
export function describeWith(service: string, present: boolean, name: string, body: () => void): void {
  if (present) return void describe(name, body)
  if (process.env['SIGHTLINE_REQUIRE_SERVICES'] === '1') {
    describe(name, () => {
      throw new Error(`${service} is required here but absent`)
    })
    return
  }
  describe.skip(`${name} (skipped: ${service} is not present)`, body)
}

export function commandPresent(command: string, args = ['--version']): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export const REDIS_URL = process.env['SIGHTLINE_TEST_REDIS_URL'] ?? 'redis://127.0.0.1:6379'

export function portOpen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 500 })
    const done = (open: boolean): void => {
      socket.destroy()
      resolve(open)
    }
    socket
      .once('connect', () => done(true))
      .once('error', () => done(false))
      .once('timeout', () => done(false))
  })
}

export async function redisPresent(): Promise<boolean> {
  const url = new URL(REDIS_URL)
  return portOpen(url.hostname, Number(url.port || '6379'))
}
