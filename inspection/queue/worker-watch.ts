import type { Queue } from 'bullmq'
import { type I18n, monoMs } from '../../contracts/index.ts'
import type { RedisLink } from './redis-link.ts'

const LOOK_EVERY_MS = 500

/** A Redis that has not said for so long who is connected is as good as none, ms. */
const SILENT_MS = 2_000

const DOWN = {
  connecting: {
    en: 'Redis is not connected yet: judging on this machine only',
    zh: 'Redis 尚未连接:仅在本机判定',
  },
  redis: { en: 'Redis is not reachable: judging on this machine only', zh: 'Redis 无法连接:仅在本机判定' },
  login: {
    en: 'Redis refuses the user name or the password in its address: judging on this machine only',
    zh: 'Redis 拒绝其地址中的用户名或密码:仅在本机判定',
  },
  certificate: {
    en: 'the certificate of Redis has expired, is of another host or of an authority that is not trusted here (NODE_EXTRA_CA_CERTS): judging on this machine only',
    zh: 'Redis 的证书已过期、属于其他主机,或其颁发机构在本机不受信任(NODE_EXTRA_CA_CERTS):仅在本机判定',
  },
  refuses: {
    en: 'Redis refuses to say which workers are connected: judging on this machine only',
    zh: 'Redis 拒绝说明哪些检测主机已连接:仅在本机判定',
  },
  silent: { en: 'Redis does not answer: judging on this machine only', zh: 'Redis 没有应答:仅在本机判定' },
  workers: {
    en: 'no inspection worker is connected: judging on this machine only',
    zh: '没有已连接的检测主机:仅在本机判定',
  },
} as const satisfies Record<string, I18n>

/** What Redis answers to who may not come in at all (redis.io/docs, error prefixes). */
const NO_LOGIN = /^(WRONGPASS|NOAUTH)\b/

/** How OpenSSL says that a certificate is not trusted; of an alert, the other side says it of one that it did not get. */
export const NOT_TRUSTED = /^(?!.*\balert\b).*\bcertificate/

/** Whether there is anybody to ask: Redis answers, and workers are connected to it. */
export class WorkerWatch {
  readonly #link: Pick<RedisLink, 'up' | 'error'>
  readonly #queue: Pick<Queue, 'getWorkersCount'>
  readonly #onChange: (down: I18n | null, error: string | null) => void
  readonly #timer: NodeJS.Timeout
  #askedMs: number | null = null
  #workers = 0
  #down: I18n | null = DOWN.connecting

  /** @param onChange hears why nobody can be asked any more, with the error behind it, or null when somebody can */
  constructor(
    link: Pick<RedisLink, 'up' | 'error'>,
    queue: Pick<Queue, 'getWorkersCount'>,
    onChange: (down: I18n | null, error: string | null) => void,
  ) {
    this.#link = link
    this.#queue = queue
    this.#onChange = onChange
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS)
  }

  /** Worker processes that are connected. */
  get workers(): number {
    return this.#workers
  }

  /** Why nobody can be asked; null = somebody can. */
  get down(): I18n | null {
    return this.#down
  }

  async look(): Promise<void> {
    if (!this.#link.up) return this.#say(this.#away, this.#link.error)
    // One question at a time: those to a Redis that hangs would pile up.
    if (this.#askedMs !== null) {
      if (monoMs() - this.#askedMs > SILENT_MS) this.#say(DOWN.silent, null)
      return
    }
    this.#askedMs = monoMs()
    try {
      this.#workers = await this.#queue.getWorkersCount()
      this.#say(this.#workers === 0 ? DOWN.workers : null, null)
    } catch (error) {
      // What its user may not do is no trouble of the network.
      const refused = this.#link.up && error instanceof Error && error.name === 'ReplyError'
      this.#say(refused ? DOWN.refuses : this.#away, String(error))
    } finally {
      this.#askedMs = null
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** A password that was changed, or a certificate, is looked for elsewhere than a Redis that is gone. */
  get #away(): I18n {
    const error = this.#link.error ?? ''
    if (NOT_TRUSTED.test(error)) return DOWN.certificate
    return NO_LOGIN.test(error) ? DOWN.login : DOWN.redis
  }

  #say(down: I18n | null, error: string | null): void {
    if (down === this.#down) return
    this.#down = down
    this.#onChange(down, error)
  }
}
