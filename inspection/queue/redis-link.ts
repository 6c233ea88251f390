import { Redis } from 'ioredis'
import { monoMs } from '../../contracts/index.ts'
import { connectionOptions } from './redis-url.ts'

/**
 * A connection for frame bytes that fails fast: a command that Redis does not answer within `commandTimeout` is an
 * error, because a part is waiting. It also tells the time of the Redis server, so that deadlines mean the same on
 * every host.
 */
export class RedisLink {
  readonly #redis: Redis
  #offsetMs = 0
  readonly #timer: NodeJS.Timeout
  #error: string | null = null

  constructor(redisUrl: string, options: { commandTimeoutMs: number }) {
    this.#redis = new Redis({
      ...connectionOptions(redisUrl),
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      commandTimeout: options.commandTimeoutMs,
    })
    // An unreachable Redis is a state (`up`), reported by its users; without a listener it would end the process.
    this.#redis.on('error', (error) => (this.#error = error.message))
    this.#redis.on('ready', () => {
      // Where its database does not exist, the library goes on in number 0.
      if (this.#error?.includes('DB index') !== true) this.#error = null
      void this.#syncClock()
    })
    this.#timer = setInterval(() => void this.#syncClock(), 30_000)
    this.#timer.unref()
  }

  get up(): boolean {
    return this.#redis.status === 'ready'
  }

  /** Why it is not connected, as far as is known. */
  get error(): string | null {
    return this.#error
  }

  /** @param again is called with each connection but the first, which may be to an emptied Redis, or another one */
  onReconnect(again: () => void): void {
    let first = !this.up
    this.#redis.on('ready', () => {
      if (!first) again()
      first = false
    })
  }

  /** Resolves when connected; false when that took longer than `ms`. */
  async ready(ms: number): Promise<boolean> {
    const until = monoMs() + ms
    while (!this.up && monoMs() < until) await new Promise((r) => setTimeout(r, 20))
    if (this.up) await this.#syncClock()
    return this.up
  }

  toRedisMs(localMs: number): number {
    return localMs + this.#offsetMs
  }

  toLocalMs(redisMs: number): number {
    return redisMs - this.#offsetMs
  }

  async put(key: string, bytes: Uint8Array, ttlMs: number): Promise<void> {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    await this.#answer(this.#redis.set(key, buffer, 'PX', Math.max(1, Math.ceil(ttlMs))))
  }

  async take(key: string): Promise<Uint8Array | null> {
    return this.#answer(this.#redis.getBuffer(key))
  }

  async has(key: string): Promise<boolean> {
    return (await this.#answer(this.#redis.exists(key))) > 0
  }

  async drop(keys: string[]): Promise<void> {
    if (this.up) await this.#redis.unlink(...keys)
  }

  /** Sets a field of a hash. */
  async note(key: string, field: string, value: number): Promise<void> {
    await this.#redis.hset(key, field, value)
  }

  /** Those that are there end after `ttlMs`. */
  async expire(keys: string[], ttlMs: number): Promise<void> {
    await Promise.all(keys.map((key) => this.#redis.pexpire(key, ttlMs)))
  }

  /**
   * Whether lines may see that a worker is connected, by the name of its connection; a server that knows no such names,
   * as in some clouds, is no refusal.
   */
  async mayBeNamed(): Promise<void> {
    await this.#redis.client('SETNAME', 'sightline').catch((error: unknown) => {
      if (!/unknown command/i.test(String(error))) throw error
    })
  }

  /** Of the server, ms. */
  async time(): Promise<number> {
    const [seconds, micros] = await this.#redis.time()
    return Number(seconds) * 1000 + Number(micros) / 1000
  }

  /** What it says of its memory, a `name:value` a line. */
  async memory(): Promise<string> {
    return this.#redis.info('memory')
  }

  close(): void {
    clearInterval(this.#timer)
    this.#redis.disconnect()
  }

  /** Connects anew when the time is over: a connection whose other end has gone may look open for hours. */
  async #answer<T>(command: Promise<T>): Promise<T> {
    try {
      return await command
    } catch (error) {
      if (this.up && error instanceof Error && error.message === 'Command timed out')
        this.#redis.disconnect(true)
      throw error
    }
  }

  /** Offset by half the round trip, as in Cristian's algorithm (1989). */
  async #syncClock(): Promise<void> {
    try {
      const before = monoMs()
      const there = await this.time()
      const after = monoMs()
      this.#offsetMs = there - (before + after) / 2
    } catch {
      // Redis just went away: the last offset stays good until it is back.
    }
  }
}

/** What Redis answered, without the beginning of what it was sent, which of a frame is its key and its pixels. */
export const saidBy = (error: unknown): string =>
  String(error).replace(/, with args beginning with: [^]*$/, '')

/**
 * By which policy it throws keys away; null = it does not, or has no limit of memory.
 *
 * @param memory what it says of its memory
 */
export function evictionOf(memory: string): string | null {
  const fact = (name: string): string => new RegExp(`^${name}:(\\S*)`, 'm').exec(memory)?.[1] ?? ''
  const policy = fact('maxmemory_policy')
  return Number(fact('maxmemory')) === 0 || policy === 'noeviction' ? null : policy
}
