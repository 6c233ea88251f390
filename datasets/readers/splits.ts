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
