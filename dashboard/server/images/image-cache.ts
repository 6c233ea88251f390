/**
 * Rendered images by key, least recently used out first, bounded by bytes. Concurrent requests for one key share
 * one rendering, and at most `parallel` renderings run at a time, so that the inspection workers keep their cores.
 */
export class ImageCache {
  readonly #limitBytes: number
  readonly #parallel: number
  readonly #done = new Map<string, Buffer>()
  readonly #pending = new Map<string, Promise<Buffer>>()
  readonly #queue: (() => void)[] = []
  #bytes = 0
  #running = 0

  constructor(limitBytes: number, parallel: number) {
    this.#limitBytes = limitBytes
    this.#parallel = parallel
  }

  async get(key: string, render: () => Promise<Buffer>): Promise<Buffer> {
    const hit = this.#done.get(key)
    if (hit) {
      this.#done.delete(key)
      this.#done.set(key, hit)
      return hit
    }
    const pending = this.#pending.get(key) ?? this.#start(key, render)
    return pending
  }

  #start(key: string, render: () => Promise<Buffer>): Promise<Buffer> {
    const work = this.#inTurn(render)
      .then((bytes) => {
        this.#keep(key, bytes)
        return bytes
      })
      .finally(() => this.#pending.delete(key))
    this.#pending.set(key, work)
    return work
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#parallel) await new Promise<void>((turn) => this.#queue.push(turn))
    else this.#running += 1
    try {
      return await work()
    } finally {
      const next = this.#queue.shift()
      if (next) next()
      else this.#running -= 1
    }
  }

  #keep(key: string, bytes: Buffer): void {
    if (bytes.length > this.#limitBytes / 4) return
    this.#done.set(key, bytes)
    this.#bytes += bytes.length
    for (const [old, value] of this.#done) {
      if (this.#bytes <= this.#limitBytes) break
      this.#done.delete(old)
      this.#bytes -= value.length
    }
  }
}
