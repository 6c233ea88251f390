import { z } from 'zod'

const share = z.number().min(0).max(1)
const count = z.number().nonnegative()
const interval = z.tuple([share, share])
const points = z.array(z.tuple([z.number(), z.number()]))
const confusion = z.strictObject({ labels: z.array(z.string()), counts: z.array(z.array(count)) })

/** A share with its 95 % intervals, also in parts per million; null when there was nothing to count. */
const rateSchema = z.strictObject({
  count,
  of: count,
  rate: share.nullable(),
  ppm: count.nullable(),
  /** Wilson score interval. */
  wilson: interval,
  /** Clopper-Pearson, never narrower than stated: the one for acceptance. */
  exact: interval,
})

const sizeBinsSchema = z.array(
  z.strictObject({
    from: z.number(),
    /** Not included. */
    to: z.number(),
    recall: rateSchema,
  }),
)

const precisionRecallPoints = z.array(
  z.strictObject({ score: z.number(), precision: share, recall: share, f1: share }),
)

const best = z.strictObject({ threshold: z.number(), precision: share, recall: share, f1: share })
/** Null where there are no truths, precision only where there are no calls either. */
const operating = z.strictObject({
  threshold: z.number(),
  precision: share.nullable(),
  recall: share.nullable(),
  f1: share.nullable(),
})

const cocoSchema = z.strictObject({
  /** Mean over IoU 0.50, 0.55 … 0.95. */
  ap: share.nullable(),
  ap50: share.nullable(),
  ap75: share.nullable(),
  apSmall: share.nullable(),
  apMedium: share.nullable(),
  apLarge: share.nullable(),
  /** Mean recall with at most so many detections per image and class. */
  ar1: share.nullable(),
  ar10: share.nullable(),
  ar100: share.nullable(),
  arSmall: share.nullable(),
  arMedium: share.nullable(),
  arLarge: share.nullable(),
  perClass: z.array(z.strictObject({ class: z.string(), ap: share.nullable(), ap50: share.nullable() })),
})

/** Boxes against boxes: the protocol of DeepPCB, and COCO's. */
export const detectionSchema = z.strictObject({
  iouAbove: share,
  classes: z.array(
    z.strictObject({
      class: z.string(),
      truths: count,
      detections: count,
      ap: share.nullable(),
      apPlain: share.nullable(),
      ap50: share.nullable(),
      curve: precisionRecallPoints,
      precision: share.nullable(),
      recall: share.nullable(),
      f1: share.nullable(),
    }),
  ),
  map: share.nullable(),
  mapPlain: share.nullable(),
  map50: share.nullable(),
  operating,
  curve: precisionRecallPoints,
  best: best.nullable(),
  missed: rateSchema,
  misnamed: rateSchema,
  falseCalls: rateSchema,
  falseCallsPerImage: count.nullable(),
  confusion,
  coco: cocoSchema,
  /** Defects found at the operating threshold, whatever class was said, by longer side. */
  recallBySize: z.strictObject({ px: sizeBinsSchema, mm: sizeBinsSchema.nullable() }),
})

export const judgementSchema = z.strictObject({
  parts: count,
  defective: count,
  good: count,
  /** Bad parts passed, of all bad parts. */
  escape: rateSchema,
  /** Good parts failed, of all good parts. */
  overkill: rateSchema,
  /** Parts nobody could judge, of all parts. */
  inconclusive: rateSchema,
  counts: z.record(z.enum(['defective', 'good']), z.record(z.enum(['pass', 'fail', 'inconclusive']), count)),
})

/** How well an image score tells bad parts from good ones. */
export const imageRankingSchema = z.strictObject({
  good: count,
  bad: count,
  auroc: share,
  aupr: share,
  f1Max: z.strictObject({ value: share, threshold: z.number() }),
  falseCallsAtFullRecall: z.strictObject({ threshold: z.number(), falseCalls: rateSchema }),
  detectionAt: z.array(
    z.strictObject({
      falseCallRate: share,
      /** Null = nothing can be called at this rate. */
      threshold: z.number().nullable(),
      detected: rateSchema,
      falseCalls: rateSchema,
    }),
  ),
  /** (false-call rate, detection rate), thinned */
  roc: points,
  /** (recall, precision), thinned */
  pr: points,
})

/** How well score maps find the pixels of the masks. */
export const pixelSchema = z.strictObject({
  images: count,
  defectiveImages: count,
  regions: count,
  /** False = more pixels than are ranked exactly. */
  exact: z.boolean(),
  auroc: share.nullable(),
  aupr: share.nullable(),
  f1Max: z.strictObject({ value: share, threshold: z.number() }).nullable(),
  aupro: z.strictObject({ value: share, limit: share }).nullable(),
  aupimo: z
    .strictObject({
      mean: share,
      perImage: z.array(z.strictObject({ id: z.string(), value: share })),
      points: count,
      low: share,
      high: share,
    })
    .nullable(),
  at: z.strictObject({ threshold: z.number(), iou: share.nullable(), dice: share.nullable() }),
  recallBySize: z.strictObject({ px: sizeBinsSchema, mm: sizeBinsSchema.nullable() }),
  roc: points,
  pr: points,
  /** (false-call rate of pixels, mean overlap), thinned */
  pro: points,
})

/** How well a segmenter names the pixels; the background first. */
export const segmentSchema = z.strictObject({
  images: count,
  accuracy: share.nullable(),
  meanIou: share.nullable(),
  meanDice: share.nullable(),
  classes: z.array(
    z.strictObject({
      class: z.string(),
      truthPx: count,
      calledPx: count,
      iou: share.nullable(),
      dice: share.nullable(),
      found: rateSchema,
    }),
  ),
})

export const classificationSchema = z.strictObject({
  accuracy: rateSchema,
  balancedAccuracy: share,
  classes: z.array(
    z.strictObject({
      class: z.string(),
      truths: count,
      called: count,
      precision: share.nullable(),
      recall: share.nullable(),
      f1: share.nullable(),
    }),
  ),
  confusion,
})
