import { availableParallelism } from 'node:os'
import {
  type InspectOutcome,
  type ModelCard,
  NO_VERDICT_TEXT,
  type Recipe,
  type StageTiming,
} from '../../contracts/index.ts'
import {
  compileRules,
  LocalInspector,
  recipeHash,
  type ModelSetup,
  type RecipeSource,
} from '../../inspection/index.ts'
import { findPackages, pinnedPackage, type PackageInfo } from '../../models/index.ts'
import type { Dataset, DatasetItem } from '../readers/index.ts'
import { badPart, truthCounts } from '../readers/item.ts'
import { splitsText } from '../readers/splits.ts'
import { checkExport, type DetectionType } from './export-detections.ts'
import { intoFrame } from './frame-box.ts'
import { EVALUATION_CONTEXT, judgeItems } from './judge-items.ts'
import { MaskReader } from './mask-reader.ts'
import { inWords, type Primary, primaryOf } from './primary.ts'
import {
  callable,
  lookedAt,
  lowestFloor,
  openableTools,
  openThresholds,
  reportedFindings,
  saysPlaces,
} from './probe-recipe.ts'
import { oneRecipe, recipesOfSizes } from './recipes-of-sizes.ts'
import type { EvaluatedImage, EvaluationResult } from './result.schema.ts'
import { MapScorer, ShownMaps } from './score-maps.ts'
import { scoresOf } from './scores.ts'
import { segmentScorer } from './segment-scores.ts'
import { stageTimes } from './timing.ts'

export interface EvaluateOptions {
  dataset: Dataset
  /** What judges: a recipe as it runs on the line, or a bare model package under the plainest recipe. */
  subject: { kind: 'recipe'; source: RecipeSource } | { kind: 'model'; model: PackageInfo }
  models: ModelSetup
  /** Operating threshold of the detection rates; default: of the recipe, or of a bare model's card. A recipe's verdicts stay its own. */
  threshold?: number
  /**
   * Calls of detectors are kept down to this score, or the floor of the model above it, for the precision-recall
   * curves; default 0.02.
   */
  scoreFloor?: number
  /** Split to name in the result; the data set is already cut to it. */
  split?: string
  workers?: number
  /** Form in which the detections are exported afterwards: what could not be is refused before anything is judged. */
  exported?: DetectionType
  onProgress?: (done: number, total: number) => void
}

/**
 * Judges every image of a data set by the pipeline of the line and scores the outcome. Thresholds of detectors are
 * opened to `scoreFloor` where that cannot change what lies above them (`openableTools`); the verdict of each image is
 * the recipe's own, by its rules on the findings its own thresholds let through.
 *
 * @throws CFG_*, MDL_*, INS_RULE_INVALID when the recipe does not load; CFG_USAGE for detections that could not be
 *         exported; an image that fails is a no-verdict
 */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationResult> {
  const { models } = options
  const { subject } = options
  const recipes =
    subject.kind === 'recipe'
      ? oneRecipe(subject.source)
      : await recipesOfSizes(subject.model, options.dataset, options.threshold)
  const [{ recipe }] = recipes.all as [RecipeSource]
  const cards = await cardsOf(recipe, models)
  const open = openableTools(recipe, cards)
  const scoreFloor = lowestFloor(open, cards, options.scoreFloor ?? 0.02)
  const threshold = operatingThreshold(options, recipe, cards)
  const rejudge = ownVerdict(recipe, open)
  const primary = primaryOf(recipe, cards, options.dataset)
  const dataset = withoutKinds(primary, options.dataset)
  if (options.exported !== undefined) {
    const { classes, items } = dataset
    checkExport(items, callable(recipe, cards).map(wordsOf(dataset)), { classes, type: options.exported })
  }
  const maps = mapScorer(recipe, primary, dataset)
  const segments = segmentScorer(primary, dataset)
  const masks = new MaskReader()
  const shown = new ShownMaps()
  const workers = options.workers ?? availableParallelism()
  const startedAt = new Date().toISOString()
  const images: EvaluatedImage[] = []
  const timings: StageTiming[] = []
  const inspector = await LocalInspector.start({
    workers,
    buffers: [],
    recipes: recipes.all.map((s) => ({ ...s, recipe: openThresholds(s.recipe, scoreFloor, open) })),
    models,
  })
  const started = performance.now()
  let used: InspectOutcome['verdict']['models'] = []
  try {
    const identity = (r: Recipe) => ({ id: `${r.recipe}@${r.version}`, sha256: recipeHash(r) })
    await judgeItems(dataset.items, inspector, (item) => identity(recipes.of(item).recipe), {
      inFlight: workers * 2,
      rawMaps: maps !== null || segments !== null,
      beside: async (item) => (maps || segments ? masks.read(item) : undefined),
      onOutcome: (item, outcome, mask, n) => {
        const { verdict } = outcome
        if (verdict.models.length > 0) used = verdict.models
        if (outcome.widthPx > 0) timings.push(outcome.timing)
        const image = evaluated(item, outcome, dataset, rejudge(outcome), primary)
        images.push(image)
        shown.offer(
          image,
          verdict.maps.find((m) => m.tool === primary?.tool),
        )
        if (outcome.rawMaps) {
          const seen = { ...image, registration: verdict.registration }
          maps?.add(seen, outcome.rawMaps, mask)
          segments?.add(seen, item, outcome.rawMaps, mask)
        }
        options.onProgress?.(n + 1, dataset.items.length)
      },
    })
    const wallMs = performance.now() - started
    return {
      format: 'sightline-evaluation/4',
      startedAt,
      wallMs,
      dataset: {
        format: dataset.format,
        dir: dataset.dir,
        split: options.split ?? splitsText(dataset),
        images: dataset.items.length,
        classes: dataset.classes,
        truth: truthCounts(dataset.items),
        leftOut: [...dataset.leftOut, ...masks.leftOut(dataset.dir)],
      },
      recipe: { ...identity(recipe), mmPerPx: recipe.calibration?.mmPerPx ?? null },
      models: used,
      family: primary?.card.spec.family ?? null,
      workers,
      provider: inspector.health().provider,
      imagesPerSecond: (images.length * 1000) / wallMs,
      // Kilobytes on every platform (libuv).
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
      threshold,
      scoreFloor: open.size > 0 ? scoreFloor : null,
      ...scoresOf(images, dataset.classes, {
        threshold,
        primary,
        places: saysPlaces(recipe, cards),
        mmPerPx: recipe.calibration?.mmPerPx,
      }),
      pixels: maps?.score() ?? null,
      segments: segments?.score() ?? null,
      leakage: null,
      comparison: null,
      timing: stageTimes(timings),
      images,
    }
  } finally {
    await inspector.close()
  }
}

/** Card of each model tool, by tool id. @throws MDL_UNKNOWN when a pinned package is not there */
async function cardsOf(recipe: Recipe, models: ModelSetup): Promise<Map<string, ModelCard>> {
  const packages = await findPackages(models.modelDirs, () => undefined)
  return new Map(
    recipe.tools.flatMap((t) =>
      t.use === 'model@1'
        ? [[t.id, pinnedPackage(packages, { ...t, id: t.model }, models.modelDirs).card] as const]
        : [],
    ),
  )
}

function operatingThreshold(
  options: EvaluateOptions,
  recipe: Recipe,
  cards: ReadonlyMap<string, ModelCard>,
): EvaluationResult['threshold'] {
  if (options.threshold !== undefined) return { value: options.threshold, perClass: {}, source: 'option' }
  const tool = recipe.tools.find((t) => t.use === 'model@1')
  // Without a model every finding is a call; scores of the other tools are never negative.
  if (!tool) return { value: 0, perClass: {}, source: 'recipe' }
  const named = wordsOf(options.dataset)
  return {
    value: tool.threshold,
    perClass: Object.fromEntries(Object.entries(tool.thresholds).map(([label, v]) => [named(label), v])),
    // The plainest recipe around a bare model has that of the card.
    source:
      options.subject.kind === 'model' && cards.get(tool.id)?.spec.family.startsWith('detection')
        ? 'card'
        : 'recipe',
  }
}

/** Labels in the words of a data set: `pin-hole` and `pinhole` are one class. */
const wordsOf =
  ({ classes }: Pick<Dataset, 'classes'>) =>
  (label: string): string =>
    inWords(label, classes) ?? label

type Own = Pick<EvaluatedImage, 'verdict' | 'reasons'> & Pick<InspectOutcome['verdict'], 'findings'>

/** Judges the facts of an outcome again by the recipe as it is, its thresholds included. */
function ownVerdict(recipe: Recipe, open: ReadonlySet<string>): (o: InspectOutcome) => Own {
  const rules = compileRules(recipe)
  return ({ verdict: v }) => {
    const findings = lookedAt(recipe, v.findings, open)
    if (v.noVerdict || open.size === 0) return { verdict: v.result, reasons: v.reasons, findings }
    const told = reportedFindings(recipe, v.findings)
    const own = rules.evaluate({
      findings: told.findings,
      measurements: v.measurements,
      codes: v.codes,
      scores: v.scores,
      quality: v.quality,
      registration: v.registration,
      context: EVALUATION_CONTEXT,
    })
    return own.result === 'pass' && told.untold > 0
      ? { verdict: 'inconclusive', reasons: [NO_VERDICT_TEXT.tool], findings }
      : { verdict: own.result, reasons: own.reasons, findings }
  }
}

/** An anomaly model knows no kinds of defects: to it every region of a data set is of the one class that it reports. */
function withoutKinds(primary: Primary | null, dataset: Dataset): Dataset {
  const [only] = primary?.card.labels ?? []
  if (primary?.card.spec.family !== 'anomaly-map' || only === undefined) return dataset
  const items = dataset.items.map((item) =>
    item.boxes === undefined ? item : { ...item, boxes: item.boxes.map((b) => ({ ...b, class: only })) },
  )
  return { ...dataset, classes: [only], items }
}

/** A place of a segmenter is called where anything else is likelier than the background. */
const ANYTHING_ELSE = 0.5

/** Null without score maps, or when no image has a mask. */
function mapScorer(recipe: Recipe, primary: Primary | null, dataset: Dataset): MapScorer | null {
  const spec = primary?.card.spec
  if (!primary || !spec || !dataset.items.some((i) => i.mask)) return null
  if (spec.family !== 'anomaly-map' && spec.family !== 'segmentation-classes') return null
  const mapThreshold = spec.family === 'anomaly-map' ? spec.mapThreshold : ANYTHING_ELSE
  return new MapScorer(primary.tool, {
    // Regions grow from the lower of the two, as in the adapter.
    mapThreshold: Math.min(mapThreshold, primary.threshold),
    findingThreshold: primary.threshold,
    decidedByScore: spec.family === 'anomaly-map' && spec.decidedBy === 'score',
    ...(recipe.calibration ? { mmPerPx: recipe.calibration.mmPerPx } : {}),
  })
}

function evaluated(
  item: DatasetItem,
  outcome: InspectOutcome,
  dataset: Dataset,
  own: Own,
  primary: Primary | null,
): EvaluatedImage {
  const { verdict, widthPx, heightPx, timing } = outcome
  const named = wordsOf(dataset)
  return {
    id: item.id,
    image: item.image,
    reference: item.reference ?? null,
    mask: item.mask ?? null,
    split: item.split,
    widthPx,
    heightPx,
    defective: badPart(item),
    label: item.label ?? null,
    called: verdict.noVerdict ? null : (primary?.classOf(verdict.scores) ?? null),
    truths:
      item.boxes?.map(({ class: name, box, crowd }) => ({ class: name, box, ...(crowd ? { crowd } : {}) })) ??
      null,
    detections: verdict.noVerdict
      ? []
      : own.findings.map((f) => ({
          class: named(f.class),
          score: f.score,
          box: intoFrame(f.box, verdict.registration, widthPx, heightPx),
        })),
    verdict: own.verdict,
    reasons: own.reasons,
    noVerdict: verdict.noVerdict,
    scores: verdict.scores,
    score: verdict.noVerdict ? null : (primary?.scoreOf(verdict.scores) ?? null),
    map: null,
    ms: timing.totalMs - timing.queueMs,
  }
}
