import { basename, dirname, join } from 'node:path'
import { CodedError } from '../../contracts/index.ts'
import { imagesBelow, stem } from './files.ts'
import { isGoodLabel } from './item.ts'
import { lookOf, looksLikeMask } from './read-mask.ts'
import { splitNamed } from './splits.ts'

/** Images of a folder that are looked at. */
const LOOKED_AT = 5
/** What tools add to the name of an image for that of its mask: `_segm`, `_gt`, `_L`. */
const ADDED = /[-_][a-z]+\d*$/i

/**
 * Folders of masks have names that no list is long enough for: `train_lab` beside `train_img` (DeepCrack, Y. Liu et al.,
 * Neurocomputing 338, 2019), `croppedgt` (GAPs384), `Semantic Maps`, `ground_truth_1`. Taken for classes, every mask
 * would be a bad part, and every image beside it. What they show tells: each is drawn, and a photograph of its name lies
 * in another folder. Parts may look drawn, too, numbered alike in each class: codes, silhouettes before a light, pictures
 * of a threshold, nothing at all. So a folder of good parts is none of masks, and where such parts look drawn, none is.
 *
 * @throws DAT_LAYOUT with the first such folder
 */
export async function refuseMaskClasses(dir: string): Promise<void> {
  const byName = new Map<string, Found[]>()
  const byFolder = new Map<string, Found[]>()
  for (const file of await imagesBelow(dir)) {
    const found = { file, folder: dirname(file), name: stem(basename(file)) }
    listIn(byName, found.name).push(found)
    listIn(byFolder, found.folder).push(found)
  }
  const isGood = (folder: string): boolean => isGoodLabel(classOf(folder))
  const looks = new Map<string, ReturnType<typeof lookOf>>()
  // Once each: of pictures numbered alike in many folders, each is a partner of all others.
  const look = (file: string): ReturnType<typeof lookOf> => {
    const known = looks.get(file) ?? lookOf(join(dir, file))
    looks.set(file, known)
    return known
  }
  const namesakes = ({ name }: Found): Found[] =>
    [...new Set([name, name.replace(ADDED, '')])].flatMap((n) => byName.get(n) ?? [])
  // Of several people each may have drawn masks: `ground_truth_1` and `ground_truth_2`.
  const photographOf = async (of: Found): Promise<string | undefined> => {
    for (const { file, folder } of namesakes(of))
      if (folder !== of.folder && (await look(file)) === 'photograph') return file
    return undefined
  }
  const maskIn = async (own: readonly Found[]): Promise<[mask: string, image: string] | undefined> => {
    const looked = someOf(own)
    let shown: [string, string] | undefined
    // Most masks may be of good parts, and black: then one that marks something is looked for among all.
    for (const [n, one] of [...looked, ...own].entries()) {
      if (n >= looked.length && shown !== undefined) break
      const is = await look(one.file)
      if (is === 'blank' && n >= looked.length) continue
      if (is !== 'drawn' && is !== 'blank') return undefined
      const image = await photographOf(one)
      if (image === undefined || !(await looksLikeMask(join(dir, one.file), join(dir, image))))
        return undefined
      if (is === 'drawn') shown ??= [one.file, image]
    }
    return shown
  }
  const goodLooksDrawn = async (): Promise<boolean> => {
    for (const [folder, own] of byFolder)
      if (isGood(folder)) for (const { file } of someOf(own)) if ((await look(file)) === 'drawn') return true
    return false
  }
  for (const [folder, own] of byFolder) {
    if (isGood(folder)) continue
    if (own.some((one) => !namesakes(one).some((other) => other.folder !== folder))) continue
    const found = await maskIn(own)
    if (found === undefined) continue
    if (await goodLooksDrawn()) return
    throw new CodedError('DAT_LAYOUT', {
      file: join(dir, folder),
      expected:
        'masks in a folder that is named so (masks, gt, ground_truth) beside images, or in ground_truth/<class> of MVTec',
      actual: `a folder of what look like masks, ${basename(found[0])} of ${found[1]}`,
      hint: 'pictures of parts in spite of it: --dataset folder-per-class',
    })
  }
}

interface Found {
  file: string
  folder: string
  name: string
}

function listIn(all: Map<string, Found[]>, key: string): Found[] {
  const known = all.get(key) ?? []
  all.set(key, known)
  return known
}

const someOf = (own: readonly Found[]): Found[] =>
  own.filter((_, n) => n % Math.ceil(own.length / LOOKED_AT) === 0)

/** As the reader of folders takes it: the topmost one, or the one in a split. */
function classOf(folder: string): string {
  const [top = '', below] = folder.split(/[/\\]/)
  return splitNamed(top) === undefined ? top : (below ?? top)
}
