import { resolve } from 'node:path'
import { CodedError } from '../../contracts/index.ts'
import { masksAmong } from '../../datasets/index.ts'

/**
 * Images to teach from, without the black masks of good parts that lie beside them in a folder (KolektorSDD, magnetic
 * tiles): taught, a mask would be a good part.
 *
 * @param places what the user named: folders and files
 * @param files the images in these
 * @throws TCH_IMAGES for masks that mark something, as bad parts are then among the images, and for masks that the user named one by one
 */
export async function withoutMasks(places: readonly string[], files: readonly string[]): Promise<string[]> {
  const all = files.map((f) => resolve(f))
  const { masks, marking } = await masksAmong('', all)
  const named = new Set(places.map((p) => resolve(p)))
  const [first, ...more] = [...new Set([...marking, ...masks.filter((m) => named.has(m))])]
  if (first !== undefined)
    throw new CodedError('TCH_IMAGES', {
      file: first,
      expected: 'images of parts alone',
      actual: `a mask beside its image${more.length > 0 ? `, and ${more.length} more` : ''}`,
      hint: 'put good and bad parts into folders of their own, without masks; `teach-segments` learns from masks',
    })
  const black = new Set(masks)
  return files.filter((f) => !black.has(resolve(f)))
}
