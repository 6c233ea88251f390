import {
  CodedError,
  recipeSchema,
  type FamilySpec,
  type Finding,
  type ModelCard,
  type Recipe,
} from '../../contracts/index.ts'
import type { PackageInfo } from '../../models/index.ts'
import { isGoodLabel } from '../readers/item.ts'

export interface ViewSize {
  widthPx: number
  heightPx: number
}

/** Families that only a tool of their own or a teaching can use. */
const JUDGES_NOTHING: readonly string[] = ['backbone', 'text-detection', 'text-recognition']

/**
 * The plainest recipe around a model package: findings from the card's threshold on fail the part, but those of a class
 * that means good. A part passes when a detector that knows no such class finds nothing, or a model is certain of a good
 * class: a classifier that knows none passes no part, since six defects that are each unlikely are no good part. Pair
 * models get their template from the data set.
 *
 * @throws MDL_PACKAGE for what judges no images
 */
export function recipeOfPackage(
  info: PackageInfo,
  view: ViewSize,
  o: { threshold?: number; goodLabels?: readonly string[] } = {},
): Recipe {
  const { card } = info
  if (JUDGES_NOTHING.includes(card.spec.family))
    throw new CodedError('MDL_PACKAGE', {
      file: info.dir,
      path: 'spec.family',
      expected: 'a model that judges images by itself',
      actual: `${card.id}, family ${card.spec.family}`,
      hint: card.spec.family.startsWith('text-')
        ? 'the two packages of text are named in a tool text@1: docs/SETUP.md, Printed lots and dates'
        : '`sightline models list` shows the family of each',
    })
  const main = card.inputs.find((i) => i.role === 'image')
  return recipeSchema.parse({
    recipe: `evaluate-${card.id}`,
    version: 1,
    title: card.title,
    product: { id: card.id },
    view: { ...view, color: main?.channels === 3 ? 'rgb' : 'mono' },
    ...(card.inputs.some((i) => i.role === 'template') ? { golden: { from: 'frame' } } : {}),
    tools: [
      {
        id: 'model',
        use: 'model@1',
        model: card.id,
        sha256: info.sha256,
        cardSha256: info.cardSha256,
        threshold: o.threshold ?? card.threshold.value,
      },
    ],
    rules: rulesOf(card, o.goodLabels),
  })
}

function rulesOf({ spec, labels }: ModelCard, goodLabels?: readonly string[]): object[] {
  // The background is never found.
  const found = labels.filter((l) => !('background' in spec && l === spec.background))
  const good = found.filter((l) => isGoodLabel(l, goodLabels))
  return spec.family === 'classification' || good.length > 0
    ? classRules(good)
    : [defectRule('findings.size() > 0', 'true'), passRule('findings.size() == 0')]
}

const defectRule = (when: string, condemns: string): object => ({
  id: 'defect',
  when,
  condemns,
  verdict: 'fail',
  disposition: 'rework',
  reason: { en: 'The model found a defect', zh: '模型发现缺陷' },
})

const passRule = (when: string): object => ({
  id: 'good',
  when,
  verdict: 'pass',
  disposition: 'release',
  reason: { en: 'Nothing found', zh: '未发现缺陷' },
})

function classRules(good: readonly string[]): object[] {
  const names = JSON.stringify(good)
  const unclear = {
    id: 'unclear',
    when: 'findings.size() == 0',
    verdict: 'inconclusive',
    disposition: 'hold',
    reason: { en: 'No class is certain enough', zh: '没有足够确定的类别' },
  }
  if (good.length > 0)
    return [
      defectRule(`findings.exists(f, !(f.class in ${names}))`, `!(finding.class in ${names})`),
      passRule(`findings.exists(f, f.class in ${names})`),
      unclear,
    ]
  const reason = {
    en: 'No class is certain enough, and none of the model is known to mean a good part',
    zh: '没有足够确定的类别，且模型中没有已知表示良品的类别',
  }
  return [defectRule('findings.size() > 0', 'true'), { ...unclear, reason }]
}

/**
 * Ids of the model tools whose threshold may be lowered without changing what lies above it: detectors, since their
 * suppression goes by falling score. Not where classes with thresholds of their own compete for a place: one below its
 * high threshold would hide another above its low one. An anomaly map is none either: at a lower threshold its regions
 * grow together. None at all when rules read `scores`, which depend on the threshold too.
 */
export function openableTools(recipe: Recipe, cards: ReadonlyMap<string, ModelCard>): Set<string> {
  const readsScores = recipe.rules.some((r) => /\bscores\b/.test(`${r.when} ${r.condemns ?? ''}`))
  if (readsScores) return new Set()
  return new Set(
    recipe.tools
      .filter((t) => {
        const spec = t.use === 'model@1' && cards.get(t.id)?.spec
        if (t.use !== 'model@1' || !spec || !spec.family.startsWith('detection')) return false
        const own = Object.values(t.thresholds).some((threshold) => threshold !== t.threshold)
        return !own || !classesCompete(spec)
      })
      .map((t) => t.id),
  )
}

/** Whether a place gets one class only: by the best score of its anchor or row, or by suppression across classes. */
function classesCompete(spec: FamilySpec): boolean {
  switch (spec.family) {
    case 'detection-decoded':
      return spec.nms !== null && !spec.nms.classAware
    case 'detection-rows':
      return spec.classes === 'scores'
    default:
      return true
  }
}

/** Classes that the tools of a recipe may call. */
export const callable = (recipe: Recipe, cards: ReadonlyMap<string, ModelCard>): string[] =>
  recipe.tools.flatMap((t) =>
    t.use === 'model@1' ? (cards.get(t.id)?.labels ?? []) : 'class' in t ? [t.class] : [],
  )

/** Whether any tool says where a defect is: a finding of a classifier is the image as a whole. */
export const saysPlaces = ({ tools }: Recipe, cards: ReadonlyMap<string, ModelCard>): boolean =>
  tools.some((t) => (t.use === 'model@1' ? cards.get(t.id)?.spec.family !== 'classification' : 'class' in t))

/** The lowest score that all opened tools can report: below the floor of a detector nothing is looked at. */
export const lowestFloor = (
  open: ReadonlySet<string>,
  cards: ReadonlyMap<string, ModelCard>,
  asked: number,
): number =>
  Math.max(
    asked,
    ...[...open].map((id) => {
      const spec = cards.get(id)?.spec
      return spec !== undefined && 'scoreFloor' in spec ? spec.scoreFloor : 0
    }),
  )

/**
 * The same recipe with the thresholds of some tools lowered to `floor`, so that precision and recall can be drawn
 * below the operating point. Of the other tools one finding more than the recipe looks at is told, which says that there
 * are more. Everything else stays, the version included: it lives only inside one evaluation.
 */
export function openThresholds(recipe: Recipe, floor: number, open: ReadonlySet<string>): Recipe {
  if (open.size === 0) return recipe
  return {
    ...recipe,
    tools: recipe.tools.map((t) =>
      t.use === 'model@1' && open.has(t.id)
        ? {
            ...t,
            threshold: Math.min(floor, t.threshold, ...Object.values(t.thresholds)),
            thresholds: {},
            maxFindings: 10_000,
          }
        : 'maxFindings' in t
          ? { ...t, maxFindings: t.maxFindings + 1 }
          : t,
    ),
  }
}

/** The findings of `openThresholds` without those that are there only to say that there are more. */
export function lookedAt(recipe: Recipe, findings: readonly Finding[], open: ReadonlySet<string>): Finding[] {
  const left = new Map(
    recipe.tools.flatMap((t) => ('maxFindings' in t && !open.has(t.id) ? [[t.id, t.maxFindings]] : [])),
  )
  return findings.filter(({ tool }) => {
    const room = left.get(tool) ?? 1
    if (left.has(tool)) left.set(tool, room - 1)
    return room > 0
  })
}

/**
 * The findings the recipe itself would have reported out of those of `openThresholds`, and how many more it would have
 * had beyond `maxFindings`: with such the line passes no part.
 */
export function reportedFindings(
  recipe: Recipe,
  findings: readonly Finding[],
): { findings: Finding[]; untold: number } {
  const left = new Map<string, number>()
  let untold = 0
  const told = findings.filter((f) => {
    const tool = recipe.tools.find((t) => t.id === f.tool)
    if (tool === undefined || !('maxFindings' in tool)) return true
    if (tool.use === 'model@1' && f.score < (tool.thresholds[f.class] ?? tool.threshold)) return false
    const room = left.get(tool.id) ?? tool.maxFindings
    left.set(tool.id, room - 1)
    if (room <= 0) untold++
    return room > 0
  })
  return { findings: told, untold }
}
