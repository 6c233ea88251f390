import { Redis } from 'ioredis'
import { CodedError, monoMs } from '../../contracts/index.ts'

/** A type alias, not an interface: BullMQ wants an index signature, which only aliases have implicitly. */
type RedisConnection = {
  host: string
  port: number
  username?: string
  password?: string
  db?: number
  tls?: Record<string, never>
  maxRetriesPerRequest: null
  retryStrategy: (times: number) => number
}

/** BullMQ needs connections that wait for Redis instead of failing each command. */
export function connectionOptions(redisUrl: string): RedisConnection {
  let url: URL
  try {
    url = new URL(redisUrl)
  } catch {
    throw new CodedError('CFG_INVALID', {
      path: 'SIGHTLINE_REDIS_URL',
      expected: 'redis://[user:password@]host[:port][/db]',
      // It may hold a password.
      actual: 'something that is no URL',
    })
  }
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') {
    throw new CodedError('CFG_INVALID', {
      path: 'SIGHTLINE_REDIS_URL',
      expected: 'redis:// or rediss://',
      actual: url.protocol,
    })
  }
  const db = Number(url.pathname.slice(1) || '0')
  return {
    host: url.hostname,
    port: Number(url.port || '6379'),
    ...(url.username ? { username: decodeURIComponent(url.username) } : {}),
    ...(url.password ? { password: decodeURIComponent(url.password) } : {}),
    ...(Number.isInteger(db) ? { db } : {}),
    ...(url.protocol === 'rediss:' ? { tls: {} } : {}),
    maxRetriesPerRequest: null,
    retryStrategy: (times: number) => Math.min(100 * 2 ** Math.min(times, 5), 2_000),
  }
}

/**
 * A connection for frame bytes that fails fast: a command that Redis does not answer within `commandTimeout` is an
 * error, because a part is waiting. It also tells the time of the Redis server, so that deadlines mean the same on
 * every host.
 */
export class RedisLink {
  readonly #redis: Redis
  #offsetMs = 0
  readonly #timer: NodeJS.Timeout

  constructor(redisUrl: string, options: { commandTimeoutMs: number }) {
    this.#redis = new Redis({
      ...connectionOptions(redisUrl),
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      commandTimeout: options.commandTimeoutMs,
    })
    // An unreachable Redis is a state (`up`), reported by its users; without a listener it would end the process.
    this.#redis.on('error', () => undefined)
    this.#redis.on('ready', () => void this.#syncClock())
    this.#timer = setInterval(() => void this.#syncClock(), 30_000)
    this.#timer.unref()
  }

  get up(): boolean {
    return this.#redis.status === 'ready'
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
    await this.#redis.set(
      key,
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      'PX',
      Math.max(1, Math.ceil(ttlMs)),
    )
  }

  async take(key: string): Promise<Uint8Array | null> {
    return this.#redis.getBuffer(key)
  }

  async drop(keys: string[]): Promise<void> {
    if (this.up) await this.#redis.unlink(...keys)
  }

  close(): void {
    clearInterval(this.#timer)
    this.#redis.disconnect()
  }

  /** Offset by half the round trip, as in Cristian's algorithm (1989). */
  async #syncClock(): Promise<void> {
    try {
      const before = monoMs()
      const [seconds, micros] = await this.#redis.time()
      const after = monoMs()
      this.#offsetMs = Number(seconds) * 1000 + Number(micros) / 1000 - (before + after) / 2
    } catch {
      // Redis just went away: the last offset stays good until it is back.
    }
  }
}

/** Whether a Redis answers at this address within three seconds. */
export async function queueReachable(redisUrl: string): Promise<boolean> {
  const link = new RedisLink(redisUrl, { commandTimeoutMs: 2_000 })
  try {
    return await link.ready(3_000)
  } finally {
    link.close()
  }
}
