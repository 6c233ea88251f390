import { join } from 'node:path'
import { imagesBelow, imagesIn, notEmpty } from './files.ts'
import type { DatasetReader } from './item.ts'

/** Images in a folder and its sub-folders, without any annotation. */
export const folder: DatasetReader = {
  format: 'folder',
  recognises: async (dir) => (await imagesIn(dir)).length > 0,
  async read(dir) {
    const found = notEmpty(await imagesBelow(dir), dir, 'images (jpg, png, bmp, tif, webp, pgm, ppm)')
    return {
      format: 'folder',
      dir,
      classes: [],
      items: found.map((f) => ({ id: f, image: join(dir, f), split: 'all', defective: null })),
    }
  },
}
