import { CodedError } from '../../contracts/index.ts'
import type { ForeignFamily, ImportArguments } from './arguments.schema.ts'

/** Ultralytics' `task` and the families that read its heads. */
const FAMILIES_OF = new Map<string, readonly ForeignFamily[]>([
  ['detect', ['yolo-detect', 'yolo-objectness', 'yolo-rows', 'rtdetr']],
  ['segment', ['yolo-segment']],
  ['classify', ['yolo-classify']],
  ['obb', []],
  ['pose', []],
])

/**
 * Holds the arguments to what Ultralytics writes into its exports (`names`, `task`). Reference images seldom show every
 * class: the names of those they do not show are checked by nothing else. A class may be called otherwise, by a name
 * that the export gives to none.
 *
 * @throws MDL_PACKAGE when the number of labels is another, a label is the name of another class, or the family reads
 *         another kind of head
 */
export function refuseContradictions(
  metadata: ReadonlyMap<string, string>,
  { labels, family }: Pick<ImportArguments, 'labels' | 'family'>,
): void {
  const families = FAMILIES_OF.get(metadata.get('task') ?? '')
  if (families !== undefined && !families.includes(family))
    throw new CodedError('MDL_PACKAGE', {
      path: 'family',
      expected: families.join(', ') || 'an export that finds boxes, outlines or classes',
      actual: `${family}, and an export made for ${metadata.get('task')}`,
    })
  const names = namesIn(metadata.get('names') ?? '')
  if (names === null) return
  const wrong = labels.some((label, n) => names.includes(label) && names[n] !== label)
  if (names.length === labels.length && !wrong) return
  throw new CodedError('MDL_PACKAGE', {
    path: 'labels',
    expected: `the classes of the export in their order: ${names.join(', ')}`,
    actual: labels.join(', '),
  })
}

/**
 * `0: 'hole',` of a dict, or `"hole",` of a list; read where the one before ended, and no longer than any name is, so that
 * no text takes long or fills the stack.
 */
const NAME =
  /\s*(?:(?:(\d{1,9})|"(\d{1,9})")\s*:\s*)?(?:'((?:[^'\\]|\\.){0,1000})'|"((?:[^"\\]|\\.){0,1000})")\s*(?:,|(?=[\]}]))/sy
const CLOSED = /\s*[\]}]\s*$/y

/** What stands behind a backslash in a string of Python or JSON, as far as their writers put it there. */
const ESCAPED = /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U(000[0-9a-f]{5}|0010[0-9a-f]{4})|(.))/gis
const SIGNS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

/** A dict of names numbered from 0, or a list of names, as Python's `str()` or JSON writes it; null for anything else. */
function namesIn(text: string): string[] | null {
  const body = text.trim()
  if (!/^[[{]/.test(body)) return null
  const names: string[] = []
  NAME.lastIndex = 1
  for (let at = 1; ; at = NAME.lastIndex) {
    const [found, number, quoted, single, double] = NAME.exec(body) ?? []
    if (found === undefined) {
      CLOSED.lastIndex = at
      return CLOSED.test(body) && names.length > 0 ? names : null
    }
    const place = number ?? quoted
    if (place !== undefined && Number(place) !== names.length) return null
    names.push(unescaped(single ?? double ?? ''))
  }
}

const unescaped = (text: string): string =>
  text.replaceAll(ESCAPED, (_, byte?: string, unit?: string, point?: string, sign?: string) =>
    sign === undefined
      ? String.fromCodePoint(parseInt(byte ?? unit ?? point ?? '', 16))
      : (SIGNS[sign] ?? sign),
  )
