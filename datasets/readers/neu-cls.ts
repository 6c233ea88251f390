import { join } from 'node:path'
import { CodedError } from '../../contracts/index.ts'
import { imagesIn, notEmpty } from './files.ts'
import type { DatasetReader } from './item.ts'
import { openTruth } from './left-out.ts'

/** Beginnings of the names, and the classes they stand for. */
const CLASSES = new Map([
  ['Cr', 'crazing'],
  ['In', 'inclusion'],
  ['Pa', 'patches'],
  ['PS', 'pitted_surface'],
  ['RS', 'rolled-in_scale'],
  ['Sc', 'scratches'],
])
const NAME = /^(Cr|In|Pa|PS|RS|Sc)_\d+\.[a-z]+$/

/**
 * NEU surface defects for classification (K. Song and Y. Yan, Applied Surface Science 285, 2013) as they are downloaded:
 * one folder, `Cr_1.bmp` … `Sc_300.bmp`. There are no good parts.
 */
export const neuCls: DatasetReader = {
  format: 'neu-cls',
  async recognises(dir) {
    const images = await imagesIn(dir)
    const classes = new Set(images.map((f) => NAME.exec(f)?.[1]))
    return classes.size > 1 && !classes.has(undefined)
  },
  async read(dir) {
    const items = notEmpty(await imagesIn(dir), dir, 'images such as Cr_1.bmp').map((id) => {
      const label = CLASSES.get(NAME.exec(id)?.[1] ?? '')
      if (label === undefined)
        throw new CodedError('DAT_LAYOUT', {
          file: join(dir, id),
          expected: `a name such as Cr_1.bmp, of ${[...CLASSES.keys()].join(', ')}`,
          actual: id,
        })
      return { id, image: join(dir, id), split: 'all', label, defective: true }
    })
    const classes = [...new Set(items.map((i) => i.label))].sort()
    return {
      format: 'neu-cls',
      dir,
      classes,
      items,
      leftOut: openTruth(classes, dir, 'a class whose name means a good part: every part counts as bad'),
    }
  },
}
