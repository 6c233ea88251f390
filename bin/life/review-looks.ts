/** Longer than a page lets pass between two times that it says what it shows, ms. */
const LOOK_MS = 15_000

/** A part that waits for review, and who has it before them. */
export interface Look {
  inspectionId: string
  by: string
}

/**
 * Which part each screen has before it, so that of two who review at the same time none looks at a part for nothing. It is
 * of the first who came to it; of who has gone, or whose screen sleeps, it is free again. Nothing of it is recorded.
 */
export class ReviewLooks {
  readonly #byScreen = new Map<string, Look & { untilMs: number }>()
  readonly #now: () => number

  /** @param now ms of any clock that is not set */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /**
   * A screen shows a part, which is its own unless another has it.
   *
   * @returns what others have before them
   */
  look(screen: string, { inspectionId, by }: Look): Look[] {
    const now = this.#now()
    for (const [id, { untilMs }] of this.#byScreen) if (untilMs <= now) this.#byScreen.delete(id)
    if (this.#byScreen.get(screen)?.inspectionId !== inspectionId) this.#byScreen.delete(screen)
    const others = [...this.#byScreen]
      .filter(([id]) => id !== screen)
      .map(([, look]): Look => ({ inspectionId: look.inspectionId, by: look.by }))
    if (others.every((o) => o.inspectionId !== inspectionId))
      this.#byScreen.set(screen, { inspectionId, by, untilMs: now + LOOK_MS })
    return others
  }
}
