import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { portOpen } from '../services/require-service.ts'
import { freePort } from './free-port.ts'

/** A Redis of this test alone, without persistence, that can be killed and started again on the same port. */
export class PrivateRedis {
  readonly port: number
  readonly url: string
  readonly #more: readonly string[]
  #child: ChildProcess | null = null

  private constructor(port: number, more: readonly string[]) {
    this.port = port
    this.#more = more
    this.url = `redis://127.0.0.1:${port}`
  }

  /** @param more arguments of its command line */
  static async start(...more: string[]): Promise<PrivateRedis> {
    const redis = new PrivateRedis(await freePort(), more)
    await redis.start()
    return redis
  }

  async start(): Promise<void> {
    const args = [
      '--port',
      String(this.port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      ...this.#more,
    ]
    this.#child = spawn('redis-server', args, { stdio: 'ignore' })
    while (!(await portOpen('127.0.0.1', this.port))) await sleep(50)
  }

  /** Keeps its connections and answers nothing, until `thaw`. */
  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  /** As a power cut: nothing is saved, no connection is closed in order. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = null
    if (!child) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }
}
