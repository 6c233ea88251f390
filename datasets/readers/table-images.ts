import { basename, dirname, posix } from 'node:path'
import { CodedError } from '../../contracts/index.ts'
import { stem } from './files.ts'
import { splitNamed } from './splits.ts'

/** The split that a table or a folder is named after: `train`, `train_images`, `test labels`. */
export const splitOfWord = (word: string): string | undefined =>
  splitNamed(/^([a-z]+)(?:[-_ ](?:images?|labels?|set))?$/i.exec(word)?.[1] ?? '')

/** That of the folders of a path, the innermost first. */
export const splitIn = (path: string): string | undefined =>
  dirname(path)
    .split(/[/\\]/)
    .reverse()
    .flatMap((folder) => splitOfWord(folder) ?? [])[0]

/**
 * The one image of a name: at that path, or wherever it lies, but in no other split. Paths may be those of the machine
 * where they were written, capitals others, and an ID may have no extension.
 */
export function imageFinder(
  { file, split }: { file: string; split: string | undefined },
  images: readonly string[],
): (name: string, line: number) => string {
  const byName = new Map<string, string[]>()
  for (const f of images)
    for (const key of new Set([basename(f), stem(basename(f))].map((k) => k.toLowerCase())))
      byName.set(key, [...(byName.get(key) ?? []), f])
  return (written, line) => {
    const name = posix.normalize(written.replaceAll('\\', '/'))
    const own = splitIn(name) ?? split
    const all = (byName.get(basename(name).toLowerCase()) ?? []).filter(
      (f) => own === undefined || (splitIn(f) ?? own) === own,
    )
    const exact = all.filter((f) => f === name)
    const alike = all.filter((f) => endsLike(f, name))
    const almost = all.filter((f) => endsLike(f.toLowerCase(), name.toLowerCase()))
    const near = all.filter((f) => own !== undefined && splitIn(f) === own)
    const [image, ...others] = [exact, alike, almost, near, all].find((l) => l.length > 0) ?? []
    if (image !== undefined && others.length === 0) return image
    throw new CodedError('DAT_LAYOUT', {
      file,
      line,
      expected: `one image ${name}${own === undefined ? '' : ` of the split ${own}`}`,
      actual: image === undefined ? 'none' : all.join(', '),
    })
  }
}

const endsLike = (a: string, b: string): boolean => `/${a}`.endsWith(`/${b}`) || `/${b}`.endsWith(`/${a}`)
