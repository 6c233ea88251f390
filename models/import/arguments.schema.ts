import { z } from 'zod'

/** Model families of other libraries, by what their exports expect and give. */
export const FOREIGN_FAMILIES = [
  'yolo-detect',
  'yolo-objectness',
  'yolo-segment',
  'yolo-rows',
  'yolo-classify',
  'rtdetr',
  'torchvision-classify',
  'torchvision-segment',
  'anomalib',
] as const
export type ForeignFamily = (typeof FOREIGN_FAMILIES)[number]

/** Families that judge the whole image by the score of every class. */
export const isClassifier = (family: ForeignFamily): boolean =>
  family === 'torchvision-classify' || family === 'yolo-classify'

const levels = z.union([z.tuple([z.number(), z.number(), z.number()]), z.tuple([z.number()])])

/** `import.json` beside a reference, or the flags of `sightline models import`. */
const fields = z.strictObject({
  family: z.enum(FOREIGN_FAMILIES),
  labels: z
    .array(z.string().min(1))
    .min(1)
    .refine((labels) => new Set(labels).size === labels.length, 'each label once'),
  /** Width, height of the model input, px. */
  size: z.tuple([z.number().int().positive(), z.number().int().positive()]),
  /** Score from which a finding counts, 0..1; for anomalib the raw one of the map. */
  threshold: z.number(),
  /** anomalib: score from which the image is anomalous. */
  imageThreshold: z.number().optional(),
  /** YOLO: overlap from which a box is suppressed; 0.7 is the library's default. */
  nmsIou: z.number().min(0).max(1).default(0.7),
  /**
   * rtdetr: whether a row ends with score and class index, or with a score per class. Told by its length, and needed for
   * models of two classes alone, whose rows have six numbers either way: `index` by default.
   */
  classes: z.enum(['index', 'scores']).optional(),
  /** yolo-objectness: `objectness` for a YOLOv7 of one class, whose library leaves the class out of the score. */
  score: z.enum(['product', 'objectness']).optional(),
  /**
   * torchvision-classify, torchvision-segment: `none` where the graph gives probabilities itself; by default `softmax`, for
   * logits, and `sigmoid` for those of a segmentation with one label (a binary U-Net), which is one number per place.
   */
  activation: z.enum(['none', 'softmax', 'sigmoid']).optional(),
  /** torchvision-classify, torchvision-segment, yolo-classify: name of the output with the scores; the first by default. */
  output: z.string().min(1).optional(),
  /** torchvision-classify, yolo-classify: shorter side before the centre crop; by default the longer one of `size`; a yolo-classify of unequal sides is stretched. */
  resize: z.number().int().positive().optional(),
  /** torchvision-segment: the label that is no finding. */
  background: z.string().optional(),
  /** anomalib: width, height of the middle that the graph itself cuts out of its input (`CenterCrop`), px. */
  centreCrop: z.tuple([z.number().int().positive(), z.number().int().positive()]).optional(),
  /**
   * Grey levels 0..255 of R, G, B, or one of a grey model: the network gets (level - mean) / std. Default: what the family's library does
   * outside its graph; 0 and 255 where the normalisation is inside.
   */
  mean: levels.optional(),
  std: levels.optional(),
  order: z.enum(['rgb', 'bgr']).optional(),
  /** How an image of another size is brought to `size`, in place of what the family's library does. */
  fit: z.enum(['letterbox', 'stretch', 'crop']).optional(),
  resample: z.enum(['pillow', 'pillow-bicubic', 'opencv']).optional(),
  marginGrey: z.number().int().min(0).max(255).optional(),
})
/** Scores of anomalib are numbers of any size; 50 in place of 0.5 would find nothing of the others, and pass every part. */
export const importArgumentsSchema = fields.refine(
  ({ family, threshold }) => family === 'anomalib' || (threshold >= 0 && threshold <= 1),
  { path: ['threshold'], error: 'a score from 0 to 1; of anomalib alone any number' },
)
export type ImportArguments = z.infer<typeof importArgumentsSchema>

const findingSchema = z.strictObject({
  class: z.string(),
  score: z.number(),
  /** px of the image. */
  box: z.tuple([z.number(), z.number(), z.number(), z.number()]),
  areaPx: z.number().optional(),
})
export type ReferenceFinding = z.infer<typeof findingSchema>

/** `reference.json`: what the original library made of each image. */
export const referenceSchema = z.strictObject({
  /** Name and version. */
  library: z.string(),
  items: z
    .array(
      z.strictObject({
        /** 8-bit PNG in the folder. */
        image: z.string(),
        /** HWC uint8 pixels, RGB or grey as the model takes them, after the library's resizing, before its normalisation. */
        input: z.string(),
        findings: z.array(findingSchema),
        /** Of a classifier: that of every label. */
        scores: z.record(z.string(), z.number()),
      }),
    )
    .min(1),
})
