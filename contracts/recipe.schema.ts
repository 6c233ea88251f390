import { z } from 'zod'
import { colourSchema } from './card.schema.ts'
import { challengeSchema } from './challenge.schema.ts'
import { firstArticleSchema } from './first-article.schema.ts'
import { DISPOSITIONS, SEVERITIES } from './verdict.ts'

const id = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'lower-case letters, digits and dashes')
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, '64 lower-case hex digits')
export const i18nSchema = z.strictObject({ zh: z.string().min(1), en: z.string().min(1) })
const px = z.number().int().nonnegative()

/** Larger images are refused from their header, before memory is taken. */
export const MAX_PIXELS = 100_000_000

/** x1, y1, x2, y2 px of the golden template, half-open. */
export const boxSchema = z
  .tuple([px, px, px, px])
  .refine(([x1, y1, x2, y2]) => x2 > x1 && y2 > y1, 'x2 > x1 and y2 > y1 (half-open box)')

/** Named region in golden-template pixels, inside the view; the sides of a polygon do not cross. */
const roiSchema = z.discriminatedUnion('shape', [
  z.strictObject({ shape: z.literal('rect'), box: boxSchema }),
  z.strictObject({ shape: z.literal('polygon'), points: z.array(z.tuple([z.number(), z.number()])).min(3) }),
])
export type Roi = z.infer<typeof roiSchema>

/** Limits of the image-quality gate; an absent limit is not checked. */
const gateSchema = z.strictObject({
  /** Lowest variance of the Laplacian, grey levels squared (Pech-Pacheco et al. 2000). */
  focusMin: z.number().nonnegative().optional(),
  meanGreyMin: z.number().min(0).max(255).optional(),
  meanGreyMax: z.number().min(0).max(255).optional(),
  /** Highest share of saturated pixels, 0..1. */
  glareMax: z.number().min(0).max(1).optional(),
  darkMax: z.number().min(0).max(1).optional(),
  blurAnisotropyMax: z.number().min(1).optional(),
  /** What a frame must tell of colour; absent = what the cards of the models say, `any` = nothing, whatever they say. */
  colour: z.enum([...colourSchema.options, 'any']).optional(),
  /** Part absent: lowest standard deviation of grey levels inside `roi`. */
  presence: z.strictObject({ roi: id, stdMin: z.number().positive().max(127.5) }).optional(),
})
export type GateLimits = z.infer<typeof gateSchema>

const calibrationSchema = z.strictObject({
  mmPerPx: z.number().positive(),
  /** Part coordinates of template pixel (0, 0), mm. */
  originMm: z.tuple([z.number(), z.number()]).default([0, 0]),
  /** Expanded relative uncertainty (k=2) of mmPerPx, 0..1. */
  uncertainty: z.number().min(0).max(1).default(0),
  validUntil: z.iso.date().optional(),
})

const toolBase = { id, roi: id.optional() }
const excludeRois = z.array(id).default([])

/** Rigid registration (translation, rotation) by correlation of anchor patches with the golden template. */
const register1 = z.strictObject({
  ...toolBase,
  use: z.literal('register@1'),
  anchors: z.array(boxSchema).min(1).max(8),
  maxShiftPx: z.number().positive().max(400),
  maxAngleDeg: z.number().min(0).max(30).default(0),
  minScore: z.number().min(-1).max(1).default(0.6),
})

/** Golden-template comparison: absolute difference, threshold, blobs. */
const template1 = z.strictObject({
  ...toolBase,
  use: z.literal('template@1'),
  /** Grey levels. */
  threshold: z.number().min(1).max(255),
  /** Edges may move by this much without counting, px. */
  tolerancePx: z.number().int().min(0).max(16).default(1),
  minAreaPx: z.number().int().positive().default(4),
  maxFindings: z.number().int().positive().max(10_000).default(500),
  exclude: excludeRois,
  class: id.default('difference'),
})

/** An ONNX model package through the adapter of its family. */
const model1 = z.strictObject({
  ...toolBase,
  use: z.literal('model@1'),
  /** Package id, e.g. `pcb-pair`. */
  model: id,
  /** SHA-256 of the package's model.onnx: pins never float. */
  sha256,
  /** SHA-256 of its card.json, which says what the numbers mean; without it, packages with this model must agree on that. */
  cardSha256: sha256.optional(),
  /** Raw score from which a finding is reported. */
  threshold: z.number(),
  thresholds: z.record(z.string(), z.number()).default({}),
  /** Grey levels of image and template are turned round (255 - x) first, for models trained on the other polarity. */
  invert: z.boolean().default(false),
  /** The highest scores that rules look at; a part with more is not passed. */
  maxFindings: z.number().int().positive().max(10_000).default(200),
  exclude: excludeRois,
})

/** Dark or bright connected regions. */
const blob1 = z.strictObject({
  ...toolBase,
  use: z.literal('blob@1'),
  polarity: z.enum(['dark', 'bright']),
  threshold: z.union([z.number().min(0).max(255), z.literal('otsu')]),
  minAreaPx: z.number().int().positive().default(4),
  maxAreaPx: z.number().int().positive().optional(),
  maxFindings: z.number().int().positive().max(10_000).default(500),
  exclude: excludeRois,
  class: id.default('blob'),
})

/** Distance between two edges along a line, sub-pixel, in mm by calibration. */
const measure1 = z.strictObject({
  ...toolBase,
  use: z.literal('measure@1'),
  characteristic: z.string().min(1),
  /** From, to: px of the golden template. The first and the last matching edge on it are used. */
  line: z.tuple([z.number(), z.number(), z.number(), z.number()]),
  /** Half the width averaged across the line, px. */
  halfWidthPx: z.number().int().min(0).max(64).default(3),
  /** First and last edge: grey levels rising or falling along the line. */
  edges: z.tuple([z.enum(['rising', 'falling']), z.enum(['rising', 'falling'])]),
  /** Lowest gradient, grey levels per px. */
  minContrast: z.number().positive().max(255).default(8),
  unit: z.enum(['mm', 'px']),
  lsl: z.number().optional(),
  usl: z.number().optional(),
  target: z.number().optional(),
})

/**
 * Symbologies that can be read, by the names that reads have. The bars of Code 39 do not say whether they are extended
 * (all of ASCII in pairs of characters, ISO/IEC 16388 annex B), so a recipe does: with both named, extended where it can be.
 */
export const CODE_FORMATS = [
  'DataMatrix',
  'QRCode',
  'Code128',
  'EAN-13',
  'EAN-8',
  'UPC-A',
  'UPC-E',
  'Code39',
  'Code39Ext',
  'Code93',
  'Codabar',
  'ITF',
  'PDF417',
  'Aztec',
  'DataBar',
  'DataBarExpanded',
  'DataBarLimited',
  'MicroQRCode',
] as const

/** Barcode, QR, DataMatrix at any angle: in the ROI first, then the whole frame. */
const code1 = z.strictObject({
  ...toolBase,
  use: z.literal('code@1'),
  formats: z.array(z.enum(CODE_FORMATS)).min(1),
  /**
   * Numbers of digits that an ITF symbol may have beside 14, which has a check digit. A line that crosses a part of such a
   * symbol reads fewer digits and nothing tells (ISO/IEC 16390 advises a fixed length), so others are no reads.
   */
  itfDigits: z
    .array(
      z
        .number()
        .int()
        .min(2)
        .max(80)
        .multipleOf(2)
        .refine((n) => n !== 14, 'other lengths: 14 digits always count, with their check digit'),
    )
    .optional(),
  /**
   * The first symbol found is the part's identity. What is read outside of `roi` names no part, as it may be the code of
   * the one beside it, unless this says `anywhere`, where the frame never shows a second part.
   */
  identity: z.union([z.boolean(), z.literal('anywhere')]).default(true),
  wholeFrameFallback: z.boolean().default(true),
})

const modelPin = z.strictObject({ model: id, sha256, cardSha256: sha256.optional() })

/** Printed text such as lot and date codes, read by the two packages of `sightline models import-ocr`. */
const text1 = z.strictObject({
  ...toolBase,
  use: z.literal('text@1'),
  detector: modelPin,
  recogniser: modelPin,
  /** Places of lower mean probability are no text. */
  minTextScore: z.number().min(0).max(1).default(0.6),
  /** Least probability of every character of a read that counts. */
  minConfidence: z.number().min(0).max(1).default(0.8),
  /** The characters that can occur; all of the model when absent. */
  alphabet: z.string().min(1).optional(),
  maxLines: z.number().int().positive().max(500).default(50),
  /**
   * Print of single dots (inkjet, needle): their distance, px. The image is smoothed until they join, in several
   * strengths, and what two of them read alike, and none otherwise, counts.
   */
  dotPitchPx: z.number().min(1).max(60).optional(),
  /** What must be on the part, each in one line of its own. */
  expect: z
    .array(
      z.strictObject({
        name: id,
        /** Regular expression of the whole line without its spaces; group 1 is the value when there is one. */
        pattern: z.string().min(1),
        /** The value is a date of this form: YYYY or YY, MM, DD and separators. Without a day it is the month's last. */
        date: z
          .string()
          .regex(
            /^(?=.*YY)(?=.*MM)(YYYY|YY|MM|DD|[./ -])+$/,
            'a form such as YYYY-MM-DD, DD.MM.YY or MM/YYYY',
          )
          .optional(),
      }),
    )
    .min(1),
})

const toolSchema = z.discriminatedUnion('use', [register1, template1, model1, blob1, measure1, code1, text1])
export type ToolSpec = z.infer<typeof toolSchema>
export type ToolSpecOf<U extends ToolSpec['use']> = Extract<ToolSpec, { use: U }>

const ruleSchema = z
  .strictObject({
    id,
    /** CEL condition; docs/RECIPES.md lists the variables. */
    when: z.string().min(1),
    /** CEL predicate over one `finding`: the findings this rule condemns. */
    condemns: z.string().min(1).optional(),
    verdict: z.enum(['pass', 'fail', 'inconclusive']),
    disposition: z.enum(DISPOSITIONS),
    severity: z.enum(SEVERITIES).optional(),
    reason: i18nSchema,
  })
  .refine((r) => r.verdict !== 'pass' || r.disposition === 'release', {
    path: ['disposition'],
    message: '`release` with verdict `pass`',
  })
  .refine((r) => r.verdict !== 'inconclusive' || r.disposition === 'hold', {
    path: ['disposition'],
    message: '`hold` with verdict `inconclusive`',
  })
  .refine((r) => r.verdict !== 'fail' || r.disposition !== 'release', {
    path: ['disposition'],
    message: '`rework`, `scrap` or `hold` with verdict `fail`',
  })
export type RuleSpec = z.infer<typeof ruleSchema>

/** Versioned instructions for one view of one product; immutable once released. */
export const recipeSchema = z.strictObject({
  recipe: id,
  version: z.number().int().positive(),
  title: i18nSchema,
  product: z.strictObject({
    id: z.string().min(1),
    revision: z.string().default('A'),
    gtin: z
      .string()
      .regex(/^\d{14}$/, '14 digits')
      .optional(),
  }),
  view: z
    .strictObject({
      name: id.default('top'),
      widthPx: px.positive(),
      heightPx: px.positive(),
      color: z.enum(['mono', 'rgb']).default('mono'),
    })
    .refine((v) => v.widthPx * v.heightPx <= MAX_PIXELS, `at most ${MAX_PIXELS / 1e6} megapixels`),
  /** Golden template: a file beside the recipe, or the reference that travels with each frame (paired data sets). */
  golden: z
    .discriminatedUnion('from', [
      z.strictObject({ from: z.literal('file'), file: z.string().min(1), sha256 }),
      z.strictObject({ from: z.literal('frame') }),
    ])
    .optional(),
  calibration: calibrationSchema.optional(),
  gate: gateSchema.default({}),
  rois: z.record(id, roiSchema).default({}),
  tools: z.array(toolSchema).min(1),
  /** A part without a readable identity: judged under its trigger number, or held. */
  identity: z.enum(['required', 'optional', 'none']).default('none'),
  /**
   * All are evaluated; the worst matching verdict wins (fail, inconclusive, pass). Nothing passes by default: when
   * none matches, the part is held.
   */
  rules: z.array(ruleSchema).min(1),
  /** Absent = nothing proves that the station tells bad parts from good ones but its model and canary. */
  challenge: challengeSchema.optional(),
  /** Absent = a recipe that came into force lets parts go before anybody has looked at one. */
  firstArticle: firstArticleSchema.optional(),
})
export type Recipe = z.infer<typeof recipeSchema>
export type Calibration = z.infer<typeof calibrationSchema>
