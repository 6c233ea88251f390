/** Bounded queue, earliest deadline first; equal deadlines keep their order of arrival. */
export class DeadlineQueue<T extends { readonly deadlineMs: number }> {
  readonly #bound: number
  readonly #items: T[] = []

  constructor(bound: number) {
    this.#bound = bound
  }

  get length(): number {
    return this.#items.length
  }

  /** Null when there was room; else the one that must go: the item with the latest deadline, perhaps the new one. */
  push(item: T): T | null {
    let at = this.#items.length
    while (at > 0 && (this.#items[at - 1]?.deadlineMs ?? 0) > item.deadlineMs) at--
    this.#items.splice(at, 0, item)
    return this.#items.length > this.#bound ? (this.#items.pop() ?? null) : null
  }

  /** Puts an item back in front of its equals, beyond the bound if need be: it had been accepted before. */
  putBack(item: T): void {
    let at = 0
    while ((this.#items[at]?.deadlineMs ?? Infinity) < item.deadlineMs) at++
    this.#items.splice(at, 0, item)
  }

  shift(): T | undefined {
    return this.#items.shift()
  }

  /** True when it was still waiting. */
  remove(item: T): boolean {
    const at = this.#items.indexOf(item)
    if (at >= 0) this.#items.splice(at, 1)
    return at >= 0
  }
}
