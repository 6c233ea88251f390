import { resolve } from 'node:path'
import { CodedError, type WordedFact } from '../../contracts/index.ts'
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
): Promise<{ masks: ReadonlySet<string>; said: WordedFact[] }> {
  const { masks, marking } = await masksAmong([...new Set(files.map((f) => resolve(f)))])
  const named = new Set(places.map((p) => resolve(p)))
  const [first, ...more] = [...new Set([...marking, ...masks.filter((m) => named.has(m))])]
  if (first !== undefined)
    throw new CodedError('TCH_IMAGES', {
      file: first,
      expected: 'images of parts alone',
      actual: `a mask beside its image${more.length > 0 ? `, and ${more.length} more` : ''}`,
      hint: 'put good and bad parts into folders of their own, without masks (`teach-segments` learns from masks); a picture of a part needs another name',
      zh: {
        expected: '只有工件的图像',
        actual: `图像旁有掩膜${more.length > 0 ? `,另有 ${more.length} 个` : ''}`,
        hint: '请将良品和缺陷品分别放入不含掩膜的文件夹(teach-segments 可从掩膜学习);工件图像请改名',
      },
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
