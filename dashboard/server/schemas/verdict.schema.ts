import { z } from '../zod.ts'
import { DISPOSITIONS, NO_VERDICT_REASONS, SEVERITIES, VERDICTS } from '../../../contracts/index.ts'
import type { StageTiming, Verdict } from '../../../contracts/index.ts'

const num = z.number()
const box = z.tuple([num, num, num, num]).readonly()

export const i18nTextSchema = z.object({ zh: z.string(), en: z.string() })

const findingSchema = z.object({
  id: z.string(),
  tool: z.string(),
  use: z.string(),
  class: z.string(),
  score: num,
  box,
  areaPx: num,
  areaMm2: num.optional(),
  lengthMm: num.optional(),
  partXY: z.tuple([num, num]).readonly().optional(),
  rois: z.array(z.string()),
  modelSha256: z.string().optional(),
})

export const measurementSchema = z.object({
  characteristic: z.string(),
  tool: z.string(),
  value: num,
  unit: z.enum(['mm', 'px', 'deg', 'count', 'ratio']),
  lsl: num.optional(),
  usl: num.optional(),
  target: num.optional(),
  uncertainty: num.optional(),
  line: box.optional(),
})

/** A model as it ran. */
export const modelRefSchema = z.object({
  id: z.string(),
  version: z.string(),
  sha256: z.string(),
  provider: z.string(),
})

export const codeReadSchema = z.object({
  tool: z.string(),
  ok: z.boolean(),
  symbology: z.string(),
  text: z.string(),
  symbologyId: z.string(),
  corners: z.array(z.tuple([num, num]).readonly()).readonly(),
  error: z.string().optional(),
})

export const registrationSchema = z.object({ dxPx: num, dyPx: num, angleRad: num, score: num })

/** Grey-level map, one byte per cell, base64: only ever on the page of one part. */
const scoreMapSchema = z.object({
  tool: z.string(),
  widthPx: num,
  heightPx: num,
  data: z.string(),
  min: num,
  max: num,
})

const qualitySchema = z.object({ focus: num, meanGrey: num, glare: num, dark: num, blurAnisotropy: num })

const traceSchema = z.object({
  ruleset: z.string(),
  steps: z.array(
    z.object({
      rule: z.string(),
      when: z.string(),
      matched: z.boolean(),
      inputs: z.record(z.string(), z.unknown()),
      defects: z.array(z.string()),
    }),
  ),
  decidedBy: z.string(),
})

/** Documentation twin of `Verdict` in contracts; `sameAsContract` below fails to compile when they part. */
export const verdictSchema = z.object({
  result: z.enum(VERDICTS),
  disposition: z.enum(DISPOSITIONS),
  severity: z.enum(SEVERITIES).nullable(),
  noVerdict: z
    .object({ reason: z.enum(NO_VERDICT_REASONS), code: z.string(), message: z.string() })
    .nullable(),
  reasons: z.array(i18nTextSchema),
  findings: z.array(findingSchema),
  defects: z.array(z.string()),
  measurements: z.array(measurementSchema),
  codes: z.array(codeReadSchema),
  scores: z.record(z.string(), num),
  maps: z.array(scoreMapSchema),
  registration: registrationSchema.nullable(),
  quality: qualitySchema.nullable(),
  trace: traceSchema,
  recipe: z.string(),
  recipeSha256: z.string(),
  models: z.array(modelRefSchema),
})

/** Wall milliseconds per stage of one inspection. */
export const timingSchema = z.object({
  queueMs: num,
  decodeMs: num,
  gateMs: num,
  toolsMs: z.record(z.string(), num),
  inferMs: num,
  ruleMs: num,
  totalMs: num,
})

type Holds<A, B> = [A] extends [B] ? true : never
/** Compile-time proof that what the store hands over is what the documentation says. */
const _sameAsContract: [
  Holds<Verdict, z.infer<typeof verdictSchema>>,
  Holds<StageTiming, z.infer<typeof timingSchema>>,
] = [true, true]
