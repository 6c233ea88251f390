import { CodedError, monoMs } from '../../contracts/index.ts'

/** Wrong passwords before one has to wait, and how long, ms. */
const FREE = 5
const WAIT_MS = 60_000
/** Accounts and addresses that are remembered; the oldest are forgotten first. */
const MAX_KEPT = 10_000

interface Tries {
  wrong: number
  untilMs: number
}

/**
 * Slows down whoever tries passwords. Counted by account and address, so that nobody can lock somebody else out, and by
 * account alone at four times as many, so that many addresses gain little.
 */
export class SignInLimit {
  readonly #tries = new Map<string, Tries>()

  /** @throws API_LOGIN while one has to wait */
  check(account: string, from: string): void {
    for (const { key } of keysOf(account, from)) {
      const leftMs = (this.#tries.get(key)?.untilMs ?? 0) - monoMs()
      if (leftMs <= 0) continue
      const s = Math.ceil(leftMs / 1000)
      throw new CodedError('API_LOGIN', {
        expected: `a pause of ${s} s after wrong passwords`,
        actual: 'another try',
        zh: { expected: `密码多次错误,请等待 ${s} 秒`, actual: '再次尝试' },
      })
    }
  }

  /** @returns whether this one begins a pause */
  wrong(account: string, from: string): boolean {
    let paused = false
    for (const { key, free } of keysOf(account, from)) {
      const wrong = (this.#tries.get(key)?.wrong ?? 0) + 1
      this.#tries.delete(key)
      const pause = wrong >= free
      this.#tries.set(key, { wrong: pause ? 0 : wrong, untilMs: pause ? monoMs() + WAIT_MS : 0 })
      paused ||= pause
    }
    while (this.#tries.size > MAX_KEPT) this.#tries.delete(this.#tries.keys().next().value ?? '')
    return paused
  }

  right(account: string, from: string): void {
    for (const { key } of keysOf(account, from)) this.#tries.delete(key)
  }
}

const keysOf = (account: string, from: string): { key: string; free: number }[] => [
  { key: `${account} ${from}`, free: FREE },
  { key: account, free: 4 * FREE },
]
