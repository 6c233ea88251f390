import { relative } from 'node:path'
import type { WordedFact } from '../../contracts/index.ts'
import type { DatasetItem } from '../readers/index.ts'
import { leftOut } from '../readers/left-out.ts'
import { isBrokenMask } from '../readers/read-mask.ts'
import { type Mask, readMask } from './score-maps.ts'

/** Reads the masks of an evaluation. One whose file is broken costs its image the scores of pixels, not the others theirs. */
export class MaskReader {
  readonly #broken: string[] = []

  /** @throws DAT_ANNOTATION for a mask that can be decoded and is none, as it is with the others of its kind */
  async read(item: DatasetItem): Promise<Mask> {
    try {
      return await readMask(item)
    } catch (error) {
      if (item.mask === undefined || !isBrokenMask(error)) throw error
      this.#broken.push(item.mask)
      return undefined
    }
  }

  /** DAT_LEFT_OUT with the masks that were broken, by their path below the data set. */
  leftOut(dir: string): WordedFact[] {
    return leftOut(
      this.#broken.map((mask) => relative(dir, mask)).sort(),
      dir,
      'masks that can be read: these are broken, and their images in no score of pixels',
    )
  }
}
