import type { Awaitable } from './ports.ts'

const MAX_KEYS = 64

/** Remembers answers for a moment, one per key; a failed answer is not kept. */
export class Briefly<T> {
  readonly #keepMs: number
  readonly #make: (key: string) => Awaitable<T>
  readonly #kept = new Map<string, { until: number; value: Promise<T> }>()

  constructor(keepMs: number, make: (key: string) => Awaitable<T>) {
    this.#keepMs = keepMs
    this.#make = make
  }

  get(key: string): Promise<T> {
    const now = performance.now()
    const hit = this.#kept.get(key)
    if (hit && hit.until > now) return hit.value
    const value = (async () => this.#make(key))()
    value.catch(() => this.#kept.delete(key))
    this.#kept.delete(key)
    this.#kept.set(key, { until: now + this.#keepMs, value })
    const oldest = this.#kept.keys().next().value
    if (this.#kept.size > MAX_KEYS && oldest !== undefined) this.#kept.delete(oldest)
    return value
  }
}
