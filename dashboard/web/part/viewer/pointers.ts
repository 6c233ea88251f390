import { panBy, type ViewTransform, zoomAt } from './view-transform.ts'

interface Point {
  /** px of the screen on the canvas. */
  x: number
  y: number
}

/** What is pressed on the canvas: one finger or the mouse moves the picture, two fingers also zoom it. */
export class Pointers {
  readonly #at = new Map<number, Point>()

  press(id: number, at: Point): void {
    this.#at.set(id, at)
  }

  lift(id: number): void {
    this.#at.delete(id)
  }

  /**
   * Moves one to a place.
   *
   * @param inPane column of the canvas → column of the pane that it lies in
   * @returns what becomes of the view; null = it is not pressed
   */
  move(
    id: number,
    to: Point,
    inPane: (x: number) => number,
  ): ((view: ViewTransform) => ViewTransform) | null {
    if (!this.#at.has(id)) return null
    const before = this.#span()
    this.#at.set(id, to)
    const after = this.#span()
    if (before === null || after === null) return null
    const factor = before.apart > 0 && after.apart > 0 ? after.apart / before.apart : 1
    return (view) =>
      panBy(zoomAt(view, factor, inPane(before.x), before.y), after.x - before.x, after.y - before.y)
  }

  /** Middle of the first two, and how far they are apart; a third one, as of a palm, moves nothing. */
  #span(): (Point & { apart: number }) | null {
    const [a, b = a] = this.#at.values()
    if (!a || !b) return null
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, apart: Math.hypot(a.x - b.x, a.y - b.y) }
  }
}
