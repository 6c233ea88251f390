import { z } from 'zod'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

/**
 * `shown`: something in the picture is no grey. `channels`: it came with three channels, though all of them may be equal.
 */
export const colourSchema = z.enum(['shown', 'channels'])
export type Colour = z.infer<typeof colourSchema>

const imageInput = z.strictObject({
  name: z.string().min(1),
  /** NHWC uint8; the normalisation is in the graph. */
  layout: z.literal('NHWC'),
  dtype: z.literal('uint8'),
  channels: z.union([z.literal(1), z.literal(3)]),
  /** Fixed size, or null when the graph takes any multiple of `multipleOf`. */
  widthPx: z.number().int().positive().nullable(),
  heightPx: z.number().int().positive().nullable(),
  multipleOf: z.number().int().positive().default(1),
  /**
   * How a frame of another size is brought to this size; `none` refuses. `crop` scales the shorter side to `resizePx`
   * and cuts the middle out, so the model sees nothing of what lies outside. `height` scales to `heightPx` and leaves
   * the width free (`widthPx` null).
   */
  fit: z.enum(['none', 'stretch', 'letterbox', 'crop', 'height']).default('none'),
  /** Shorter side before the cut of `crop`, px; at least the longer side of the input. */
  resizePx: z.number().int().positive().optional(),
  /** Filter of the scaling: `pillow` (the default) = bilinear with antialias (Pillow, torchvision), `pillow-bicubic` = the same with a cubic (timm), `opencv` = INTER_LINEAR without. */
  resample: z.enum(['pillow', 'pillow-bicubic', 'opencv']).optional(),
  /** Grey level of the margins of `letterbox` and `height`; default 114, that of YOLO models. */
  marginGrey: z.number().int().min(0).max(255).optional(),
  /** Smallest width of `height`, px. */
  minWidthPx: z.number().int().positive().optional(),
  /** An input of free size: larger images are scaled down to this longer side, px. */
  maxSidePx: z.number().int().positive().optional(),
  /** What the pictures that the model was taught with tell of colour, and so a frame must; absent = nothing is known. */
  colour: colourSchema.optional(),
  /** `image` = the tested frame, `template` = its golden template. */
  role: z.enum(['image', 'template']).default('image'),
})

/** Families with their outputs; each has one adapter file in models/adapters. */
const familySchema = z.discriminatedUnion('family', [
  /** probabilities or logits [n, classes] */
  z.strictObject({
    family: z.literal('classification'),
    output: z.string(),
    activation: z.enum(['none', 'softmax']),
  }),
  /** YOLOv8/v11 head [n, 4 + classes, anchors], cx cy w h px of the model input; greedy class-wise NMS outside. */
  z.strictObject({
    family: z.literal('detection-yolov8'),
    output: z.string(),
    nmsIou: z.number().min(0).max(1),
    scoreFloor: z.number().min(0).max(1),
  }),
  /**
   * YOLOv5/v7 head with decoded anchors [n, anchors, 5 + classes]: cx cy w h px of the model input, sigmoid of an object,
   * sigmoid per class; greedy class-wise NMS outside. A class scores the product of both, or (`objectness`) the object
   * alone, as YOLOv7 does where there is one class only, whose own sigmoid it never taught.
   */
  z.strictObject({
    family: z.literal('detection-objectness'),
    output: z.string(),
    score: z.enum(['product', 'objectness']).default('product'),
    nmsIou: z.number().min(0).max(1),
    scoreFloor: z.number().min(0).max(1),
  }),
  /**
   * YOLOv8/v11 segmentation: head [n, 4 + classes + m, anchors] as `detection-yolov8` with m mask coefficients, and
   * prototypes [n, m, h, w]. The area of a finding is that of its mask.
   */
  z.strictObject({
    family: z.literal('segmentation-yolov8'),
    output: z.string(),
    prototypes: z.string(),
    nmsIou: z.number().min(0).max(1),
    scoreFloor: z.number().min(0).max(1),
  }),
  /**
   * End-to-end detectors without suppression (RT-DETR, YOLOv10, YOLO26): [n, k, 6] box, score, class index
   * (`classes: index`), or [n, k, 4 + classes] (`classes: scores`). Boxes xyxy in px of the model input, or centre and
   * size as fractions of it.
   */
  z.strictObject({
    family: z.literal('detection-rows'),
    output: z.string(),
    boxes: z.enum(['xyxy-px', 'cxcywh-unit']),
    classes: z.enum(['index', 'scores']),
    scoreFloor: z.number().min(0).max(1),
  }),
  /** Pair or other detectors with decoded outputs: boxes [n,k,4] xyxy px, scores [n,k], labels int64 [n,k]. */
  z.strictObject({
    family: z.literal('detection-decoded'),
    boxes: z.string(),
    scores: z.string(),
    labels: z.string(),
    /** Residual NMS: null = none. `iou`: what overlaps more is dropped; `sigma`: what overlaps is scored lower. */
    nms: z
      .union([
        z.strictObject({ iou: z.number().min(0).max(1), classAware: z.boolean() }),
        z.strictObject({ sigma: z.number().positive().max(10), classAware: z.boolean() }),
      ])
      .nullable(),
    scoreFloor: z.number().min(0).max(1),
  }),
  /** score map [n,h,w] or [n,1,h,w] and image score [n]; raw, not clamped. */
  z.strictObject({
    family: z.literal('anomaly-map'),
    map: z.string(),
    score: z.string().nullable(),
    /** The image score as another library shows it, clamped to 0..1, where `score` is the value before that. */
    normalised: z.string().optional(),
    /** Share of width and height of the model input, in its middle, that the map covers; all of it by default. */
    covers: z.tuple([z.number().positive().max(1), z.number().positive().max(1)]).optional(),
    mapThreshold: z.number(),
    minAreaPx: z.number().int().positive(),
    /**
     * What the threshold is compared with: the peaks of the map, or the image score, which then is the score of the
     * strongest finding and the highest that any other has. The map by default.
     */
    decidedBy: z.enum(['map', 'score']).optional(),
    /**
     * How the graph cuts its input: `columns` x `rows` tiles of `widthPx` x `heightPx`, neighbours sharing `overlapPx`,
     * of which it passes over `skipped` ones where nothing counts. Absent: it sees the input in one piece.
     */
    tiles: z
      .strictObject({
        columns: z.number().int().positive(),
        rows: z.number().int().positive(),
        widthPx: z.number().int().positive(),
        heightPx: z.number().int().positive(),
        overlapPx: z.number().int().nonnegative(),
        skipped: z.number().int().nonnegative(),
      })
      .optional(),
  }),
  /**
   * One score per class and place [n, classes, h, w]; each place belongs to its best class. Connected places of one
   * class other than `background` are a finding.
   */
  z.strictObject({
    family: z.literal('segmentation-classes'),
    output: z.string(),
    activation: z.enum(['none', 'softmax']),
    background: z.string().nullable(),
    minAreaPx: z.number().int().positive(),
  }),
  /** Probability of text per place [n, 1, h, w] (differentiable binarisation, Liao et al. 2020). */
  z.strictObject({
    family: z.literal('text-detection'),
    map: z.string(),
    mapThreshold: z.number().min(0).max(1),
    /** A found rectangle grows by area x unclip / perimeter on each side: the network sees text shrunk. */
    unclip: z.number().min(0).max(5),
    /** Shorter side of the rectangle in the map, px. */
    minSidePx: z.number().positive(),
  }),
  /** Probabilities [n, steps, 1 + labels] for CTC, blank first; the labels are the characters. */
  z.strictObject({ family: z.literal('text-recognition'), output: z.string() }),
  /**
   * Frozen network whose feature maps other models are taught on; it judges nothing. The input is the image, RGB,
   * free in size (`widthPx` and `heightPx` null, `multipleOf` a multiple of the largest stride). Each tap is a
   * float32 output [n, channels, height / stridePx, width / stridePx]. `labels` is `["feature"]`, and `threshold`
   * 0 with a provenance that says so.
   */
  z.strictObject({
    family: z.literal('backbone'),
    taps: z
      .array(
        z.strictObject({
          output: z.string().min(1),
          stridePx: z.number().int().positive(),
          channels: z.number().int().positive(),
        }),
      )
      .min(1),
  }),
])
export type FamilySpec = z.infer<typeof familySchema>

/** `card.json` of a model package. */
export const modelCardSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  version: z.string().regex(/^\d+\.\d+\.\d+$/, 'major.minor.patch'),
  title: z.strictObject({ zh: z.string(), en: z.string() }),
  spec: familySchema,
  inputs: z.array(imageInput).min(1).max(2),
  labels: z.array(z.string().min(1)).min(1),
  licence: z.string().min(1),
  trainingData: z.array(z.strictObject({ name: z.string(), licence: z.string(), sha256: sha256.optional() })),
  metrics: z.record(z.string(), z.number()),
  threshold: z.strictObject({ value: z.number(), provenance: z.string().min(1) }),
  /** Largest difference allowed when golden vectors are replayed: |got - want| <= atol + rtol * |want|. */
  golden: z.strictObject({ atol: z.number().positive(), rtol: z.number().nonnegative() }),
})
export type ModelCard = z.infer<typeof modelCardSchema>
export type ModelInput = ModelCard['inputs'][number]

/** `manifest.json`: SHA-256 of every other file, and an Ed25519 signature over the canonical JSON of `files`. */
export const packageManifestSchema = z.strictObject({
  format: z.literal('sightline-model/1'),
  files: z.record(z.string(), sha256),
  keyId: z.string(),
  /** base64 */
  signature: z.string(),
})
export type PackageManifest = z.infer<typeof packageManifestSchema>
