import { asCoded } from '../../contracts/index.ts'
import { CompactRange } from '../log/index.ts'
import type { Received } from './plant-log.ts'
import type { SourceLog } from './source-log.ts'

/**
 * How far the log of a line was gone through. Outlives the connections to the plant: a link that breaks sooner than a long
 * log is through would have it begun anew each time, and nothing would ever arrive.
 */
export class GoneThrough {
  /** From where, and the tree up to where. */
  #checked: { from: number; tree: CompactRange } | null = null

  /**
   * Once for all that is new, while the line goes on.
   *
   * @param meanwhile called between the pieces; what it throws breaks the check off, which goes on from there
   * @returns the tree up to where it was gone through; null = all of it in this call
   * @throws TRC_REPLICA
   */
  check(
    source: SourceLog,
    received: Received,
    head: { size: number; root: Uint8Array },
    meanwhile: () => void,
  ): CompactRange | null {
    const known = this.#checked
    const checked =
      known !== null && known.from <= received.size && received.size <= known.tree.size
        ? known
        : { from: received.size, tree: copyOf(received.tree) }
    const { tree } = checked
    const before = tree.size > received.size ? tree : null
    if (tree.size >= head.size) return before
    const signed = source.signed()
    // A checkpoint comes behind its events.
    if (signed !== null && signed.size > received.size && signed.size <= tree.size)
      source.asSigned(signed, copyOf(received.tree))
    this.#checked = checked
    try {
      source.check(tree, head, signed, meanwhile)
    } catch (error) {
      // What is altered may be put right.
      if (asCoded(error, 'TRC_PLANT').code === 'TRC_REPLICA') this.forget()
      throw error
    }
    return before
  }

  forget(): void {
    this.#checked = null
  }
}

const copyOf = (tree: CompactRange): CompactRange => new CompactRange(tree.size, tree.nodes())
