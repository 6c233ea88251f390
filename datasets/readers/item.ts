import { type Box, CodedError, type WordedFact } from '../../contracts/index.ts'
import type { RunLengths } from './run-lengths.ts'

/** One annotated region. Boxes of data sets may be fractional, px of the image, half-open. */
export interface TrueBox {
  class: string
  box: Box
  /** Outlines where the data set has them: x1, y1, x2, y2 …, px of the image; several parts of one region. */
  polygons?: number[][]
  /** The very pixels, where the data set has them as run lengths; of the size of the image. */
  runs?: RunLengths
  /** A crowd in the words of COCO, or an object that Pascal VOC marks difficult: what is called in it counts neither as right nor as wrong. */
  crowd?: true
}

/** One image of a data set, whatever layout it came from. Paths are absolute. */
export interface DatasetItem {
  /** Unique inside the data set; path-like. */
  id: string
  image: string
  /** Defect-free template of this very image (paired data sets). */
  reference?: string
  /** `train`, `val`, `test`, or `all` where the data set does not say. */
  split: string
  /** Class of the whole image. */
  label?: string
  /** Absent = not annotated; empty = annotated, nothing there. */
  boxes?: TrueBox[]
  /** Image of the same size, non-zero where defective; or a folder of such, of which any says so. */
  mask?: string
  /** Whether the part is bad: by its boxes, or by its label; null when the data set does not say. */
  defective: boolean | null
}

/**
 * Whether a part is bad: as the data set says, else by its annotated regions; null when nobody looked. A crowd and a
 * difficult object are defects, too, though nobody is asked to find their place.
 */
export function badPart({ defective, boxes }: Pick<DatasetItem, 'defective' | 'boxes'>): boolean | null {
  if (defective !== null || boxes === undefined) return defective
  return boxes.length > 0
}

/** How the four numbers of a box stand in a file, where not as two corners. */
export interface WrittenBox {
  /** `centre`: middle, width and height; `size`: upper left corner, width and height. */
  form: 'centre' | 'size'
  /** Area of the box that the file names beside it, px². */
  areaPx?: number
}

/** A box as a reader finds it. */
export interface FoundBox extends TrueBox {
  /** Where it is annotated; known until the boxes have been held to their images. */
  place: { file: string; line?: number; path?: string }
  /** Absent = as two corners, or an outline. */
  written?: WrittenBox
}

export interface FoundItem extends DatasetItem {
  boxes?: FoundBox[]
}

/** Where an image lies, and in which split. */
export type SplitImage = Pick<DatasetItem, 'id' | 'image' | 'split'>

export interface Dataset {
  format: string
  dir: string
  classes: string[]
  /** Labels that mean a good part. */
  goodLabels: readonly string[]
  items: DatasetItem[]
  /** Images of all splits, whichever was asked for; one that several splits name is there once for each. */
  allImages: readonly SplitImage[]
  /** What lies in the folder and is not used, or not as it could be. */
  leftOut: WordedFact[]
}

export interface ReadOptions {
  /** Labels that mean a good part; default `GOOD_LABELS`. */
  goodLabels?: readonly string[]
}

/** What a reader finds; which labels mean a good part is the caller's to say. */
export interface FoundDataset extends Omit<Dataset, 'goodLabels' | 'leftOut' | 'items' | 'allImages'> {
  /** An image that several splits name is there once for each, under one id. */
  items: FoundItem[]
  /** Label files that were read, and which others would be such, by their path from `/` as the data set. */
  labels?: { used: readonly string[]; pattern: RegExp }
  leftOut?: WordedFact[]
  /** Images that were looked at and are those of no item. */
  seen?: readonly string[]
}

/** One layout. */
export interface DatasetReader {
  format: string
  /** Split whose images models are taught with, where the layout says so. */
  taught?: string
  /** Cheap look at the folder: could this be the layout? */
  recognises(dir: string): Promise<boolean>
  /** The same by signs that may lie beside what other layouts have: asked when none of those is recognised. */
  mayBe?(dir: string): Promise<boolean>
  /** @throws DAT_LAYOUT, DAT_ANNOTATION with file and line, DAT_EMPTY */
  read(dir: string, options?: ReadOptions): Promise<FoundDataset>
}

/**
 * Names under which data sets file good parts; compared without case, with `_` for blanks and hyphens, and without a number
 * before them or a word behind them that says of what: `0_good`, `OK images`, `良品图片`.
 */
export const GOOD_LABELS: readonly string[] = (
  'good ok ok_front normal pass passed negative undamaged intact healthy clean flawless faultless conforming acceptable ' +
  'accepted no_defect nodefect non_defective nondefective defect_free defectfree no_defects no_crack no_cracks non_crack ' +
  'non_cracked uncracked mt_free io gut 良品 合格 正常 好品 无缺陷 无瑕疵 양품 정상'
).split(' ')

const plain = (label: string): string =>
  label
    .trim()
    .toLowerCase()
    .replaceAll('.', '')
    .replace(/[\s-]+/g, '_')

/** Without what says nothing about the part. */
const bare = (label: string): string =>
  plain(label)
    .replace(/^\d+_/, '')
    .replace(/_(images?|imgs?|pictures?|photos?|parts?|samples?|pieces?|products?|items?|units?|class)$/, '')
    .replace(/_?(图片|图像|图|样本|样品|产品|零件|件|品|类)+$/, '')

const BARE: ReadonlySet<string> = new Set(GOOD_LABELS.map(bare))

/** @param good labels that somebody named, which are meant as they stand */
export const isGoodLabel = (label: string, good: readonly string[] = GOOD_LABELS): boolean =>
  good === GOOD_LABELS ? BARE.has(bare(label)) : good.some((g) => plain(g) === plain(label))

/** What counts as good (false), as bad (true), and as neither (null): images, and how many have which label. */
export interface TruthCount {
  defective: boolean | null
  images: number
  labels: { label: string; images: number }[]
}

/** Of these items, in that order; without what none counts as. */
export function truthCounts(
  items: readonly Pick<DatasetItem, 'label' | 'defective' | 'boxes'>[],
): TruthCount[] {
  return [false, true, null].flatMap((defective) => {
    const found = items.filter((item) => badPart(item) === defective)
    const labels = new Map<string, number>()
    for (const { label } of found) if (label !== undefined) labels.set(label, (labels.get(label) ?? 0) + 1)
    const named = [...labels].map(([label, images]) => ({ label, images }))
    named.sort((a, b) => a.label.localeCompare(b.label, 'en'))
    return found.length === 0 ? [] : [{ defective, images: found.length, labels: named }]
  })
}

/** Labels named in a message. */
const NAMED = 8

/**
 * Labels misspelt would make every part a defective one, and the figures would look like a poor model.
 *
 * @param labels those of the images; none where a layout has no labels
 * @throws CFG_USAGE when none of them is a good one
 */
export function checkGoodLabels(good: readonly string[], labels: readonly string[]): void {
  const known = [...new Set(labels)].sort()
  if (known.length === 0 || known.some((label) => isGoodLabel(label, good))) return
  const more = known.length - NAMED
  throw new CodedError('CFG_USAGE', {
    path: '--good',
    expected: `at least one of ${known.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
    actual: good.map((label) => JSON.stringify(label)).join(', '),
    hint: 'leave --good away where no part is good',
  })
}
