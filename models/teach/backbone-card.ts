import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { asCoded } from '../../contracts/index.ts'
import { parsePackageJson } from '../package/parse-json.ts'

const levels = z.tuple([z.number(), z.number(), z.number()])
/** No network takes levels spread over more than their 255: such are deviations of 0..1, which nothing here would compare. */
const deviation = z
  .number()
  .refine(
    (v) => v >= 1,
    'a deviation of grey levels 0..255, 1 or more: one of 0..1 times 255, and so the mean',
  )

/** What `sightline models add-backbone FILE --card CARD` must know of a feature extractor; JSON. */
const backboneCardSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'small letters, digits, hyphens'),
  version: z
    .string()
    .regex(/^\d+\.\d+\.\d+$/, 'major.minor.patch')
    .default('1.0.0'),
  licence: z.string().min(1),
  /** What it was trained on, for people. */
  trainedOn: z.string().min(1),
  /** Its float32 input [n, 3, h, w], free in height and width. */
  input: z.string().min(1).default('input'),
  /** Tensors of the graph to teach on, feature maps [n, channels, h, w]; inner ones included. */
  taps: z.array(z.string().min(1)).min(1),
  /** Grey levels 0..255 in the order of the model: it gets (level - mean) / std. */
  mean: levels.default([0, 0, 0]),
  std: z.tuple([deviation, deviation, deviation]).default([1, 1, 1]),
  order: z.enum(['rgb', 'bgr']).default('rgb'),
})
export type BackboneCard = z.infer<typeof backboneCardSchema>

/** @throws CFG_MISSING_FILE; MDL_PACKAGE with path and line for what is no such card */
export async function readBackboneCard(file: string): Promise<BackboneCard> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw asCoded(error, 'CFG_MISSING_FILE', {
      file,
      expected: 'a card that describes the feature extractor',
    })
  })
  return parsePackageJson(text, backboneCardSchema, file)
}
