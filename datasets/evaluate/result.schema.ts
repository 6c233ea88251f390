import { z } from 'zod'
import {
  ERROR_CODES,
  type ErrorCode,
  i18nSchema,
  NO_VERDICT_REASONS,
  VERDICTS,
} from '../../contracts/index.ts'
import {
  classificationSchema,
  detectionSchema,
  imageRankingSchema,
  judgementSchema,
  pixelSchema,
  segmentSchema,
} from '../metrics/metrics.schema.ts'

const box = z.tuple([z.number(), z.number(), z.number(), z.number()]).readonly()
const errorCode = z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]])

const words = { expected: z.string().optional(), actual: z.string().optional(), hint: z.string().optional() }
/** What a reader says of a set; `detail` has its words apart, and in Chinese. */
const saidSchema = z.strictObject({
  code: errorCode,
  message: z.string(),
  detail: z
    .strictObject({
      ...words,
      zh: z.strictObject(words).optional(),
      file: z.string().optional(),
      path: z.string().optional(),
      line: z.number().optional(),
    })
    .optional(),
})
const labelledBox = z.strictObject({ class: z.string(), box })

const scoreMap = z.strictObject({
  tool: z.string(),
  widthPx: z.number(),
  heightPx: z.number(),
  data: z.string(),
  min: z.number(),
  max: z.number(),
})

/** One image as it was judged. */
const imageSchema = z.strictObject({
  id: z.string(),
  image: z.string(),
  reference: z.string().nullable(),
  mask: z.string().nullable(),
  split: z.string(),
  widthPx: z.number(),
  heightPx: z.number(),
  /** Null where the data set does not say. */
  defective: z.boolean().nullable(),
  /** Class of the whole image; null where the data set has none. */
  label: z.string().nullable(),
  /** Class of highest score; null without a classifier. */
  called: z.string().nullable(),
  /** Null where the data set has no boxes. */
  truths: z.array(labelledBox.extend({ crowd: z.literal(true).optional() })).nullable(),
  /** Everything down to the score floor, px of the tested image. */
  detections: z.array(labelledBox.extend({ score: z.number() })),
  verdict: z.enum(VERDICTS),
  reasons: z.array(i18nSchema),
  noVerdict: z
    .strictObject({ reason: z.enum(NO_VERDICT_REASONS), code: errorCode, message: z.string() })
    .nullable(),
  scores: z.record(z.string(), z.number()),
  /** The score that ranks the parts, higher = worse; null when there is none. */
  score: z.number().nullable(),
  /** Score map in the part frame; only of the images that the report shows. */
  map: scoreMap.nullable(),
  /** Wall time of judging without waiting in the queue, ms. */
  ms: z.number(),
})

const quantilesSchema = z.strictObject({
  n: z.number(),
  mean: z.number(),
  p50: z.number(),
  p95: z.number(),
  p99: z.number(),
})

/** Images that stand on both sides of a split, so that a score is too good. */
const leakageSchema = z.strictObject({
  images: z.number(),
  splits: z.array(z.string()),
  /** Pattern by which images were put together to workpieces; null = by file name. */
  groupBy: z.string().nullable(),
  /** Images of the evaluated split with a relative in another split. */
  affected: z.number(),
  /** A group of more than half of the images, which is no workpiece: the pattern is too coarse. */
  coarse: z.strictObject({ group: z.string(), images: z.number() }).nullable(),
  pairs: z.array(
    z.strictObject({
      kind: z.enum(['workpiece', 'copy', 'near-duplicate']),
      a: z.string(),
      b: z.string(),
      splits: z.tuple([z.string(), z.string()]),
      /** The workpiece, or the likeness 0..1. */
      evidence: z.union([z.string(), z.number()]),
    }),
  ),
  /** Pairs found by kind; `pairs` lists only the first. */
  counts: z.record(z.enum(['workpiece', 'copy', 'near-duplicate']), z.number()),
})

const differenceSchema = z.strictObject({
  metric: z.string(),
  /** Of the judge evaluated, of the other, and the first less the second. */
  value: z.number(),
  other: z.number(),
  difference: z.number(),
  /** 95 % percentile interval of the paired bootstrap. */
  interval: z.tuple([z.number(), z.number()]),
  /** Two-sided: how often a resample falls on the other side of zero. */
  p: z.number(),
})

/** Operating threshold of the detection rates, and where it comes from. */
const thresholdSchema = z.strictObject({
  value: z.number(),
  /** Of classes with one of their own, in the words of the data set. */
  perClass: z.record(z.string(), z.number()),
  source: z.enum(['option', 'card', 'recipe']),
})

/** The same images judged by another recipe or model. */
const comparisonSchema = z.strictObject({
  other: z.string(),
  otherModels: z.array(z.string()),
  threshold: thresholdSchema,
  otherThreshold: thresholdSchema,
  images: z.number(),
  resamples: z.number(),
  seed: z.number(),
  differences: z.array(differenceSchema),
  /** Parts judged right by one and not by the other, and the exact test of McNemar. Null without truth. */
  flips: z
    .strictObject({ onlyThis: z.number(), onlyOther: z.number(), p: z.number(), ids: z.array(z.string()) })
    .nullable(),
})

/** JSON-safe outcome of one evaluation; what `sightline evaluate --json` writes. */
export const evaluationResultSchema = z.strictObject({
  format: z.literal('sightline-evaluation/4'),
  startedAt: z.iso.datetime(),
  wallMs: z.number(),
  dataset: z.strictObject({
    format: z.string(),
    dir: z.string(),
    split: z.string(),
    images: z.number(),
    classes: z.array(z.string()),
    /** What counts as good (false), bad (true) and neither (null), by the labels of the images. */
    truth: z.array(
      z.strictObject({
        defective: z.boolean().nullable(),
        images: z.number(),
        labels: z.array(z.strictObject({ label: z.string(), images: z.number() })),
      }),
    ),
    /** Files in its folder that are not used. */
    leftOut: z.array(saidSchema),
  }),
  /** `id@version` and SHA-256 of the recipe as it would run on the line. */
  recipe: z.strictObject({ id: z.string(), sha256: z.string(), mmPerPx: z.number().nullable() }),
  models: z.array(
    z.strictObject({ id: z.string(), version: z.string(), sha256: z.string(), provider: z.string() }),
  ),
  /** Family of the model that ranks the parts; null without a model. */
  family: z.string().nullable(),
  workers: z.number(),
  provider: z.string(),
  imagesPerSecond: z.number(),
  /** Highest resident memory of the process so far, bytes: models, workers and images together. */
  peakMemoryBytes: z.number(),
  threshold: thresholdSchema,
  /** Lowest score kept of detectors; null when no threshold was lowered. */
  scoreFloor: z.number().nullable(),
  /** Null where the data set has no boxes, or nothing that judges says a place. */
  detection: detectionSchema.nullable(),
  /** Null where the data set does not say which parts are bad. */
  judgement: judgementSchema.nullable(),
  /** Null without an image score, or where good or bad parts are missing. */
  ranking: imageRankingSchema.extend({ score: z.string() }).nullable(),
  /** Null without score maps or masks. */
  pixels: pixelSchema.extend({ leftOut: z.array(z.string()) }).nullable(),
  /** Null without a segmenter, or where no image has a mask, outlines or boxes. */
  segments: segmentSchema.extend({ leftOut: z.array(z.string()) }).nullable(),
  /** Null without a classifier or without labels. */
  classification: classificationSchema.nullable(),
  /** Images without truth: judged and timed, in no rate. */
  unlabelled: z.number(),
  /** Area under the ROC curve of each image score, where good and bad parts are known. */
  auroc: z.record(z.string(), z.number()),
  /** Null when the data set has one split, or it was not asked for. */
  leakage: leakageSchema.nullable(),
  comparison: comparisonSchema.nullable(),
  /** ms per image by stage. */
  timing: z.record(z.string(), quantilesSchema),
  /** Every image nobody could judge, by reason. In the detection rates its defects count as missed. */
  noVerdicts: z.partialRecord(
    z.enum(NO_VERDICT_REASONS),
    z.array(z.strictObject({ id: z.string(), code: errorCode, message: z.string() })),
  ),
  images: z.array(imageSchema),
})

export type EvaluatedImage = z.infer<typeof imageSchema>
export type EvaluationResult = z.infer<typeof evaluationResultSchema>
export type Leakage = z.infer<typeof leakageSchema>
export type Comparison = z.infer<typeof comparisonSchema>
