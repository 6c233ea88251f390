import { resolve } from 'node:path'
import { CodedError, type ErrorFact } from '../../contracts/index.ts'
import { leftOut, masksAmong } from '../../datasets/index.ts'

/**
 * Black masks of good parts among images to teach from, each beside its image (KolektorSDD, magnetic tiles): taught, a
 * mask would be a good part.
 *
 * @param places what the user named: folders and files
 * @param files the images in these
 * @returns the masks among the files, and what to say of them
 * @throws TCH_IMAGES for masks that mark something, as bad parts are then among the images, and for masks that the user named one by one
 */
export async function blackMasks(
  places: readonly string[],
  files: readonly string[],
): Promise<{ masks: ReadonlySet<string>; said: ErrorFact[] }> {
  const { masks, marking } = await masksAmong([...new Set(files.map((f) => resolve(f)))])
  const named = new Set(places.map((p) => resolve(p)))
  const [first, ...more] = [...new Set([...marking, ...masks.filter((m) => named.has(m))])]
  if (first !== undefined)
    throw new CodedError('TCH_IMAGES', {
      file: first,
      expected: 'images of parts alone',
      actual: `a mask beside its image${more.length > 0 ? `, and ${more.length} more` : ''}`,
      hint: 'put good and bad parts into folders of their own, without masks (`teach-segments` learns from masks); a picture of a part needs another name',
    })
  const black = new Set(masks)
  const found = files.filter((f) => black.has(resolve(f)))
  return {
    masks: new Set(found),
    said: leftOut(
      found,
      places.join(', '),
      'images of parts: black masks beside their images are not taught',
    ),
  }
}
