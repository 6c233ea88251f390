import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FamilySpec, type ModelCard, type Recipe, recipeSchema } from '../../contracts/index.ts'
import { openableTools, openThresholds, reportedFindings } from '../../datasets/index.ts'
import { adapterFor } from '../../models/adapters/registry.ts'
import type { RawOutputs } from '../../models/runtime/ort-session.ts'
import { context, f32, i64 } from '../unit/samples/raw-outputs.ts'

const SEED = 20_261_127
const LABELS = ['stain', 'crack', 'pit']
const FLOOR = 0.02

/** Boxes of 10 px on a coarse grid, so that many overlap, with a score per class. */
interface Place {
  x: number
  y: number
  scores: number[]
}
const tenths = fc.integer({ min: 0, max: 10 }).map((n) => n / 10)
const places = fc.array(
  fc.record({
    x: fc.constantFrom(20, 24, 40),
    y: fc.constantFrom(20, 23),
    scores: fc.array(fc.oneof(tenths, fc.constant(0.015)), { minLength: 3, maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 8 },
)
const thresholds = fc.record({
  all: tenths,
  own: fc.dictionary(fc.constantFrom(...LABELS), fc.constantFrom(0.01, 0.2, 0.5, 0.9), { maxKeys: 3 }),
  most: fc.integer({ min: 1, max: 4 }),
})

interface Family {
  name: string
  spec: FamilySpec
  outputs(found: readonly Place[]): RawOutputs
}
const yolo = (found: readonly Place[]): RawOutputs => {
  const rows = [
    (p: Place) => p.x + 5,
    (p: Place) => p.y + 5,
    () => 10,
    () => 10,
    ...LABELS.map((_, c) => (p: Place) => p.scores[c] ?? 0),
  ]
  return {
    o: f32(
      [1, rows.length, found.length],
      rows.flatMap((row) => found.map(row)),
    ),
  }
}
const best = ({ scores }: Place): number => scores.indexOf(Math.max(...scores))
const corners = ({ x, y }: Place): number[] => [x, y, x + 10, y + 10]
const rows = (classes: 'index' | 'scores'): Family => ({
  name: `rows with ${classes}`,
  spec: { family: 'detection-rows', output: 'o', boxes: 'xyxy-px', classes, scoreFloor: 0.01 },
  outputs: (found) => {
    const row = (p: Place): number[] => (classes === 'scores' ? p.scores : [Math.max(...p.scores), best(p)])
    const width = classes === 'scores' ? 7 : 6
    return {
      o: f32(
        [1, found.length, width],
        found.flatMap((p) => [...corners(p), ...row(p)]),
      ),
    }
  },
})
const decoded = (name: string, nms: Extract<FamilySpec, { family: 'detection-decoded' }>['nms']): Family => ({
  name: `decoded, ${name}`,
  spec: { family: 'detection-decoded', boxes: 'b', scores: 's', labels: 'l', nms, scoreFloor: 0.01 },
  outputs: (found) => ({
    b: f32([1, found.length, 4], found.flatMap(corners)),
    s: f32(
      [1, found.length],
      found.map((p) => Math.max(...p.scores)),
    ),
    l: i64([1, found.length], found.map(best)),
  }),
})
const FAMILIES: Family[] = [
  {
    name: 'yolov8',
    spec: { family: 'detection-yolov8', output: 'o', nmsIou: 0.4, scoreFloor: 0.01 },
    outputs: yolo,
  },
  rows('index'),
  rows('scores'),
  decoded('no suppression', null),
  decoded('suppressed by class', { iou: 0.4, classAware: true }),
  decoded('suppressed across classes', { iou: 0.4, classAware: false }),
  decoded('scored lower by class', { sigma: 0.5, classAware: true }),
  decoded('scored lower across classes', { sigma: 0.5, classAware: false }),
]

const recipeOf = (t: { all: number; own: Record<string, number>; most: number }): Recipe =>
  recipeSchema.parse({
    recipe: 'r',
    version: 1,
    title: { zh: 'r', en: 'r' },
    product: { id: 'p' },
    view: { widthPx: 64, heightPx: 48 },
    tools: [
      {
        id: 'm',
        use: 'model@1',
        model: 'x',
        sha256: '0'.repeat(64),
        threshold: t.all,
        thresholds: t.own,
        maxFindings: t.most,
      },
    ],
    rules: [
      {
        id: 'bad',
        when: 'findings.size() > 0',
        verdict: 'fail',
        disposition: 'rework',
        reason: { zh: 'b', en: 'b' },
      },
    ],
  })

const openable = (recipe: Recipe, spec: FamilySpec): ReadonlySet<string> =>
  openableTools(recipe, new Map([['m', { spec } as ModelCard]]))

/** What the model tool of a recipe reports. */
function findings(recipe: Recipe, { spec, outputs }: Family, found: readonly Place[]) {
  const [tool] = recipe.tools
  if (tool?.use !== 'model@1') throw new Error('a recipe with a model')
  const { findings: all } = adapterFor(spec).decode(
    outputs(found),
    context({
      labels: LABELS,
      thresholds: LABELS.map((label) => tool.thresholds[label] ?? tool.threshold),
      maxFindings: tool.maxFindings,
    }),
  )
  return all.map((f, n) => ({ ...f, id: `m/${n}`, tool: 'm', use: 'model@1' as const, rois: [] }))
}
const plain = (list: ReturnType<typeof findings>) => list.map((f) => [f.class, f.score, f.box])

describe(`thresholds opened for an evaluation (seed ${SEED})`, () => {
  it.each(FAMILIES)('leave what the recipe reports: $name', (family) => {
    fc.assert(
      fc.property(places, thresholds, (found, limits) => {
        const recipe = recipeOf(limits)
        const open = openable(recipe, family.spec)
        if (Object.keys(limits.own).length === 0) expect([...open]).toEqual(['m'])
        if (open.size === 0) return
        const all = findings(openThresholds(recipe, FLOOR, open), family, found)
        const ids = new Set(reportedFindings(recipe, all).findings.map((f) => f.id))
        expect(plain(all.filter((f) => ids.has(f.id)))).toEqual(plain(findings(recipe, family, found)))
      }),
      { seed: SEED, numRuns: 1_000 },
    )
  })

  it('stay where a class below its own threshold would hide another one', () => {
    const recipe = recipeOf({ all: 0.5, own: { stain: 0.9, crack: 0.3 }, most: 10 })
    const opened = FAMILIES.filter(({ spec }) => openable(recipe, spec).size > 0).map((f) => f.name)
    expect(opened).toEqual([
      'rows with index',
      'decoded, no suppression',
      'decoded, suppressed by class',
      'decoded, scored lower by class',
    ])
    const [first] = FAMILIES
    if (!first) throw new Error('a family')
    const anchor = [{ x: 20, y: 20, scores: [0.6, 0.5, 0] }]
    expect(findings(recipe, first, anchor).map((f) => f.class)).toEqual(['crack'])
    const wide = openThresholds(recipe, FLOOR, new Set(['m']))
    expect(findings(wide, first, anchor).map((f) => f.class)).toEqual(['stain'])
  })
})
