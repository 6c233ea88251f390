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
  { labels, family }: ImportArguments,
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

/** `0: 'hole',` of a dict, or `"hole",` of a list. */
const NAME = /(?:(\d+)\s*:\s*)?(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*(?:,|(?=\s*[\]}]))/g

/** A Python dict of names numbered from 0, or a list of names, as `str()` writes it; null for anything else. */
function namesIn(text: string): string[] | null {
  const names = [...text.matchAll(NAME)].map(([, number, single, double]) => ({
    number,
    name: (single ?? double ?? '').replaceAll(/\\(.)/g, '$1'),
  }))
  const whole = /^\s*(\{\s*\}|\[\s*\])\s*$/.test(text.replaceAll(NAME, ''))
  const inOrder = names.every(({ number }, n) => number === undefined || Number(number) === n)
  return whole && inOrder && names.length > 0 ? names.map(({ name }) => name) : null
}
