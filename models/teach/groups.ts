import { runInNewContext } from 'node:vm'
import { CodedError } from '../../contracts/index.ts'
import type { TeachData } from './teach-data.ts'

/**
 * Number of the workpiece of each good image, from 0 in the order they appear. A name that `groupBy` does not match is
 * a workpiece of its own.
 *
 * @throws CFG_USAGE for what is no regular expression or takes too long on the names; TCH_IMAGES when all images are of one workpiece
 */
export function groupsOf({ good, options }: GroupData): number[] {
  const { groupBy } = options
  if (groupBy === null) return good.map((_, i) => i)
  const parts = partsOf(groupBy, good)
  const numbers = new Map<string, number>()
  const groups = good.map(({ name }, i) => {
    const part = parts[i]
    const key = typeof part === 'string' ? `part ${part}` : `name ${name}`
    const group = numbers.get(key) ?? numbers.size
    numbers.set(key, group)
    return group
  })
  if (numbers.size < 2)
    throw new CodedError('TCH_IMAGES', {
      path: 'groupBy',
      expected: 'good images of at least 2 workpieces',
      actual: `${good.length} images that ${groupBy} puts in one group`,
      hint: 'name the part of the file name that differs between workpieces',
      zh: {
        expected: '至少 2 个工件的良品图像',
        actual: `${good.length} 张图像被 ${groupBy} 归为同一组`,
        hint: '请指明文件名中区分工件的部分',
      },
    })
  return groups
}

/** The greatest score of each workpiece, by its number: its most unusual photograph speaks for it. */
export const worstOfEach = (scores: readonly number[], groups: readonly number[]): number[] => {
  const worst: number[] = []
  for (const [i, group] of groups.entries())
    worst[group] = Math.max(worst[group] ?? -Infinity, scores[i] ?? -Infinity)
  return worst
}

type GroupData = { good: readonly { name: string }[]; options: Pick<TeachData['options'], 'groupBy'> }

/** How long a pattern may look at all names: one that backtracks without end would hold the thread for good, ms. */
const PATTERN_MS = 2_000
const MATCH =
  'names.map((name) => { const m = pattern.exec(name); return m === null ? null : (m[1] ?? m[0]) })'

/** What the pattern finds in each name; null where it finds nothing. */
function partsOf(groupBy: string, good: GroupData['good']): (string | null)[] {
  const refused = (expected: string, cause: unknown): CodedError =>
    new CodedError('CFG_USAGE', { path: 'groupBy', expected, actual: groupBy, cause })
  let pattern: RegExp
  try {
    pattern = new RegExp(groupBy)
  } catch (cause) {
    throw refused('a regular expression', cause)
  }
  try {
    // Where two files have one name, their folders stand before it.
    const names = good.map(({ name }) => name.slice(name.lastIndexOf('/') + 1))
    return runInNewContext(MATCH, { pattern, names }, { timeout: PATTERN_MS }) as (string | null)[]
  } catch (cause) {
    throw refused(`a regular expression that looks through ${good.length} names within 2 s`, cause)
  }
}
