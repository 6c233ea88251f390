import { CodedError } from '../../contracts/index.ts'

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
  socketTimeout: number
}

/**
 * A connection on which a command is unanswered this long is made anew, ms: the answer that a Redis owed when its host
 * lost power never comes, and TCP alone notices after hours. Longer than any command blocks (10 s).
 */
const SILENT_MS = 15_000

/**
 * BullMQ needs connections that wait for Redis instead of failing each command.
 *
 * @throws CFG_INVALID when it is no such address; it is not repeated, since it may hold a password
 */
export function connectionOptions(redisUrl: string): RedisConnection {
  const url = URL.canParse(redisUrl) ? new URL(redisUrl) : refuse('something that is no URL')
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') refuse(url.protocol)
  if (url.hostname === '') refuse('an address without a host')
  const [, db = '', more] = url.pathname.split('/')
  if (!/^\d{0,5}$/.test(db) || more) refuse('a database that is no number')
  return {
    // An IPv6 address stands in brackets in a URL, and without them everywhere else.
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || '6379'),
    ...(url.username ? { username: plain(url.username) } : {}),
    ...(url.password ? { password: plain(url.password) } : {}),
    db: Number(db),
    ...(url.protocol === 'rediss:' ? { tls: {} } : {}),
    maxRetriesPerRequest: null,
    retryStrategy: (times: number) => Math.min(100 * 2 ** Math.min(times, 5), 2_000),
    socketTimeout: SILENT_MS,
  }
}

function plain(encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return refuse('a user or password with a % that begins no code; a bare % is written %25')
  }
}

function refuse(actual: string): never {
  throw new CodedError('CFG_INVALID', {
    path: 'SIGHTLINE_REDIS_URL',
    expected: 'redis://[user:password@]host[:port][/db], or rediss:// for TLS',
    actual,
    hint: 'it is set in the environment',
  })
}
