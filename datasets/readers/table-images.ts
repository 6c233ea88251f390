import { basename, dirname, posix } from 'node:path'
import { CodedError } from '../../contracts/index.ts'
import { stem } from './files.ts'
import { splitNamed } from './splits.ts'

/** The split that a table or a folder is named after: `train`, `train_images`, `test labels`, `test_masks`. */
export const splitOfWord = (word: string): string | undefined =>
  splitNamed(/^([a-z]+)(?:[-_ ](?:images?|imgs?|labels?|lab|masks?|gt|set))?$/i.exec(word)?.[1] ?? '')

/** That of the folders of a path, the innermost first. */
export const splitIn = (path: string): string | undefined =>
  dirname(path)
    .split(/[/\\]/)
    .reverse()
    .flatMap((folder) => splitOfWord(folder) ?? [])[0]

/** Folders in which any image may lie, whatever class it is of. */
const ANY_CLASS =
  /^(\.|data|default|(jpeg)?images?|imgs?|uploads?|media|(train|val|valid|test)([-_ ]?images?)?(\d{4})?)$/i

/**
 * The one image of a name: at that path, or wherever it lies, but in no other split. Paths may be those of the machine
 * where they were written, capitals others, and an ID may have no extension.
 *
 * @param ownFolder whether an image of the same name in another folder is another one, as `good/000.png` for `broken/000.png`
 */
export function imageFinder(
  { file, split, ownFolder = false }: { file: string; split: string | undefined; ownFolder?: boolean },
  images: readonly string[],
): (name: string, line?: number) => string {
  const byName = new Map<string, string[]>()
  for (const f of images)
    for (const key of new Set([basename(f), stem(basename(f))].map(plain)))
      byName.set(key, [...(byName.get(key) ?? []), f])
  const folders = new Set(images.map(folderOf))
  /** Of a name with a folder: in one called so, or, where the set has none, in one of all classes. */
  const mayLieIn = (f: string, name: string): boolean => {
    const [wanted, at] = [folderOf(name), folderOf(f)]
    return wanted === '.' || at === wanted || (!folders.has(wanted) && ANY_CLASS.test(at))
  }
  return (written, line) => {
    const name = posix.normalize(written.replaceAll('\\', '/'))
    const own = splitIn(name) ?? split
    const all = (byName.get(plain(basename(name))) ?? []).filter(
      (f) => own === undefined || (splitIn(f) ?? own) === own,
    )
    const exact = all.filter((f) => f === name)
    const alike = all.filter((f) => endsLike(f, name))
    const almost = all.filter((f) => endsLike(plain(f), plain(name)))
    const loose = ownFolder ? all.filter((f) => mayLieIn(f, name)) : all
    const near = loose.filter((f) => own !== undefined && splitIn(f) === own)
    const [image, ...others] = [exact, alike, almost, near, loose].find((l) => l.length > 0) ?? []
    if (image !== undefined && others.length === 0) return image
    throw new CodedError('DAT_LAYOUT', {
      file,
      ...(line !== undefined && { line }),
      expected: `one image ${name}${own === undefined ? '' : ` of the split ${own}`}`,
      actual: image === undefined ? 'none' : all.join(', '),
    })
  }
}

/** The folder directly around a file; `.` for none. */
const folderOf = (path: string): string => plain(basename(dirname(path)) || '.')

/** Without capitals, and accents in one code point each: archives made on a Mac have names in two. */
export const plain = (name: string): string => name.normalize('NFC').toLowerCase()

const endsLike = (a: string, b: string): boolean => `/${a}`.endsWith(`/${b}`) || `/${b}`.endsWith(`/${a}`)
