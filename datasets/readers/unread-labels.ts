import { basename, extname, join } from 'node:path'
import { CodedError } from '../../contracts/index.ts'
import { filesBelow, foldersIn, isImage, stem } from './files.ts'
import { splitNamed } from './splits.ts'

/** How layouts name the folders of images and of what is said about them; no class of parts is named so. */
const OF_A_LAYOUT =
  /^(images?|imgs?|labels|annotations?|annots|masks|ground_?truths?|jpegimages|imagesets|segmentation(class|object))$/i

/** Whether a folder of this name is no class of parts. */
export const isLayoutFolder = (name: string): boolean =>
  splitNamed(name) !== undefined || OF_A_LAYOUT.test(name)

/** What is missing, by the files in which the labels are. */
const MISSING: Record<string, string> = {
  '.txt': 'data.yaml or classes.txt with the names of the classes (YOLO)',
  '.xml': 'XML in annotations/ with images/ beside it, or XML beside its image (Pascal VOC)',
  '.json': 'annotations/*.json, annotations.json or <split>/_annotations.coco.json (COCO)',
}
const MISSING_MASKS = 'train/good, test/<class> and ground_truth/<class>/<image>_mask.png (MVTec)'

const isNotes = (file: string): boolean => extname(file).toLowerCase() in MISSING

/**
 * Folders of images and labels whose layout nothing recognised must not be taken for classes: every part would count as
 * a defective one of class `images`.
 *
 * @throws DAT_LAYOUT with what is missing
 */
export async function refuseUnreadLabels(dir: string): Promise<void> {
  const levels = (await foldersIn(dir)).flatMap((f) => (splitNamed(f) === undefined ? [] : [f]))
  const folders: string[] = []
  for (const level of levels.length > 0 ? levels : ['.'])
    for (const f of await foldersIn(join(dir, level))) if (OF_A_LAYOUT.test(f)) folders.push(join(level, f))
  const files = await filesBelow(dir)
  const images = new Set(files.filter(isImage).map((f) => stem(basename(f))))
  const notes =
    files.find((f) => isNotes(f) && images.has(stem(basename(f)))) ??
    (folders.length > 0 ? files.find(isNotes) : undefined)
  if (folders.length === 0 && notes === undefined) return
  const masks = folders.some((f) => /mask|truth|segmentation/i.test(f))
  throw new CodedError('DAT_LAYOUT', {
    file: dir,
    expected:
      notes !== undefined
        ? (MISSING[extname(notes).toLowerCase()] ?? 'labels')
        : masks
          ? MISSING_MASKS
          : 'labels of these images, or folders named after the class of their images',
    actual: [
      ...(folders.length === 0 ? [] : [`folders ${folders.join(', ')}`]),
      ...(notes === undefined ? [] : [`labels such as ${notes}`]),
    ].join('; '),
    hint: 'folders that are classes in spite of it: --dataset folder-per-class',
  })
}
