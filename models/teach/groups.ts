import { CodedError } from '../../contracts/index.ts'
import type { TeachData } from './teach-data.ts'

/**
 * Number of the workpiece of each good image, from 0 in the order they appear. A name that `groupBy` does not match is
 * a workpiece of its own.
 *
 * @throws CFG_USAGE for what is no regular expression; TCH_IMAGES when all images are of one workpiece
 */
export function groupsOf({ good, options }: GroupData): number[] {
  const { groupBy } = options
  if (groupBy === null) return good.map((_, i) => i)
  const pattern = patternOf(groupBy)
  const numbers = new Map<string, number>()
  const groups = good.map(({ name }) => {
    const match = pattern.exec(name)
    const key = match === null ? `name ${name}` : `part ${match[1] ?? match[0]}`
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

function patternOf(groupBy: string): RegExp {
  try {
    return new RegExp(groupBy)
  } catch (cause) {
    throw new CodedError('CFG_USAGE', {
      path: 'groupBy',
      expected: 'a regular expression',
      actual: groupBy,
      cause,
    })
  }
}
