import type { Dataset } from './item.ts'

/** Spellings of the split level, where there is one. */
const SPLITS: ReadonlyMap<string, string> = new Map([
  ['train', 'train'],
  ['training', 'train'],
  ['val', 'val'],
  ['valid', 'val'],
  ['validation', 'val'],
  ['test', 'test'],
  ['testing', 'test'],
])

/** The split that a folder is named after; undefined for any other folder. */
export const splitNamed = (folder: string): string | undefined => SPLITS.get(folder.toLowerCase())

/** The splits of the images of a data set; `all` where none of its splits is left out. */
export function splitsText({ items, allImages }: Pick<Dataset, 'items' | 'allImages'>): string {
  const taken = new Set(items.map((i) => i.split))
  return allImages.every((i) => taken.has(i.split)) ? 'all' : [...taken].join(', ')
}
