import { alikeImages, MOST_COMPARED } from './alike.ts'
import type { FitContext } from './fit.ts'
import { groupsOf } from './groups.ts'
import { kindsOf } from './kinds.ts'
import { turnedCompared } from './plan.ts'
import type { TeachWarning } from './request.ts'
import type { TeachData } from './teach-data.ts'

/** Which good images show the same workpiece. */
export interface FoundWorkpieces {
  count: number
  /** By the names of the images, by their likeness, or not at all: then each image is a workpiece of its own. */
  by: 'name' | 'likeness' | null
  /** Names of the images of each workpiece that has several. */
  photographs: string[][]
}

interface Workpieces {
  /** Number of the workpiece of each good image. */
  groups: number[]
  found: FoundWorkpieces
  warnings: TeachWarning[]
}

/** Workpieces that are named in a warning; the report names all. */
const NAMED = 3

/**
 * Photographs of one workpiece that judge each other score too well: the threshold came out so low that the promise was
 * kept in 17 of 72 draws (ADR 0007). They are told by their names where `groupBy` says how, else by their likeness.
 *
 * @param allowed 1 or 0 per cell; null when all count
 * @throws as `groupsOf`
 */
export async function findWorkpieces(
  data: Pick<TeachData, 'good' | 'turned' | 'options'>,
  allowed: Float32Array | null,
  context: FitContext,
): Promise<Workpieces> {
  const { good, options } = data
  const named = groupsOf(data)
  if (options.groupBy !== null) return { groups: named, found: foundOf(data, named, 'name'), warnings: [] }
  const none = { groups: named, found: foundOf(data, named, null) }
  if (!options.group) return { ...none, warnings: [] }
  if (good.length > MOST_COMPARED) return { ...none, warnings: [notSought(good.length)] }
  const { groups, far } = await alikeImages(
    good.map((g) => g.embedding),
    data.turned.slice(0, turnedCompared(good.length, context.cells)),
    allowed,
    context,
  )
  const found = foundOf(data, groups, 'likeness')
  if (found.count < 2) return { ...none, warnings: [allAlike(good.length)] }
  const several = severalKinds(data, groups, far)
  return found.count === good.length
    ? { ...none, warnings: several }
    : { groups, found, warnings: [joined(good.length, found), ...several] }
}

/** One image of each workpiece is compared: photographs of one are near each other, of whatever kind it is. */
function severalKinds(
  { good }: Pick<TeachData, 'good'>,
  groups: readonly number[],
  far: readonly (readonly number[])[],
): TeachWarning[] {
  const first = [...new Set(groups)].map((group) => groups.indexOf(group))
  const kinds = kindsOf(first.map((i) => first.map((j) => far[i]?.[j] ?? 0)))
  if (kinds.length < 2) return []
  const some = (comma: string, semicolon: string): string =>
    kinds
      .map(
        (kind) =>
          `${kind.length}: ${kind
            .slice(0, NAMED)
            .map((n) => good[first[n] ?? 0]?.name)
            .join(comma)}${kind.length > NAMED ? `${comma}…` : ''}`,
      )
      .join(semicolon)
  return [
    {
      en: `the good images look like ${kinds.length} kinds of part (${some(', ', '; ')}). One threshold holds for all of them and is too high for some, so that defects pass; where they are other products, sides or set-ups, teach a model of each, with a recipe of its own.`,
      zh: `良品图像看起来有 ${kinds.length} 类工件(${some('、', ';')})。同一阈值用于所有类别,对其中一些过高,缺陷会漏过;若是不同的产品、面或工装,请分别示教,并各用一个配方。`,
    },
  ]
}

function foundOf(
  { good }: Pick<TeachData, 'good'>,
  groups: readonly number[],
  by: FoundWorkpieces['by'],
): FoundWorkpieces {
  const names: string[][] = []
  for (const [i, { name }] of good.entries()) (names[groups[i] ?? i] ??= []).push(name)
  return { count: names.length, by, photographs: names.filter((n) => n.length > 1) }
}

function joined(images: number, { count, photographs }: FoundWorkpieces): TeachWarning {
  const some = (comma: string, semicolon: string): string =>
    photographs
      .slice(0, NAMED)
      .map((names) => names.slice(0, NAMED).join(comma) + (names.length > NAMED ? `${comma}…` : ''))
      .join(semicolon) + (photographs.length > NAMED ? `${semicolon}…` : '')
  return {
    en: `${images} images show ${count} workpieces: some are photographs of the same one (${some(', ', '; ')}). They do not judge each other, and the promise counts workpieces. Where that is wrong, say how the file name tells the workpiece (\`--group-by\`) or that each image is one of its own (\`--no-group\`); several kinds of part in one folder look so, too: teach each by itself.`,
    zh: `${images} 张图像显示 ${count} 个工件:部分图像拍的是同一工件(${some('、', ';')})。它们不互相评判,承诺按工件数计算。如有误,请指明文件名如何区分工件(\`--group-by\`),或声明每张图像各为一个工件(\`--no-group\`);同一文件夹中混有多类工件时也会如此:请分别示教。`,
  }
}

const allAlike = (images: number): TeachWarning => ({
  en: `all ${images} images look like photographs of one workpiece: what is promised holds for it, and not for others`,
  zh: `全部 ${images} 张图像看起来都是同一工件的照片:所作承诺只适用于它,不适用于其他工件`,
})

const notSought = (images: number): TeachWarning => ({
  en: `among ${images} images photographs of one workpiece are not looked for, among ${MOST_COMPARED} at most; where there are some, name them with \`--group-by\``,
  zh: `图像共 ${images} 张,超过 ${MOST_COMPARED} 张时不再查找同一工件的多张照片;若有,请用 \`--group-by\` 指定`,
})
