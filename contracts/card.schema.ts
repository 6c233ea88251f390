import { z } from 'zod'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

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
  /** How a frame of another size is brought to this size; `none` refuses. */
  fit: z.enum(['none', 'stretch', 'letterbox']).default('none'),
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
  /** Pair or other detectors with decoded outputs: boxes [n,k,4] xyxy px, scores [n,k], labels int64 [n,k]. */
  z.strictObject({
    family: z.literal('detection-decoded'),
    boxes: z.string(),
    scores: z.string(),
    labels: z.string(),
    /** Residual NMS: null = none. */
    nms: z.strictObject({ iou: z.number().min(0).max(1), classAware: z.boolean() }).nullable(),
    scoreFloor: z.number().min(0).max(1),
  }),
  /** score map [n,h,w] or [n,1,h,w] and image score [n]; raw, not clamped. */
  z.strictObject({
    family: z.literal('anomaly-map'),
    map: z.string(),
    score: z.string().nullable(),
    mapThreshold: z.number(),
    minAreaPx: z.number().int().positive(),
  }),
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
