import { z } from 'zod'
import type { I18n } from './i18n.ts'

const asJudged = z.strictObject({
  result: z.enum(['pass', 'fail']),
  /** Of the findings that rules condemned, each once, in order. */
  classes: z.array(z.string()),
})

const challengePartSchema = z
  .strictObject({
    /** As it is read from the part, of a GS1 symbol as `(01)…(21)…`; no product ever bears it. */
    code: z.string().trim().min(1).max(200),
    expect: z.enum(['pass', 'fail']),
    /** Classes of findings that a rule must condemn, at least. */
    classes: z.array(z.string().min(1)).default([]),
  })
  .refine((p) => p.expect === 'fail' || p.classes.length === 0, {
    path: ['classes'],
    message: 'none where the part must pass',
  })
export type ChallengePart = z.infer<typeof challengePartSchema>

/**
 * Parts of known condition ("red rabbits") that are sent through the line so that camera, light, model and rules together
 * prove that they still tell a bad part from a good one.
 */
export const challengeSchema = z.strictObject({
  parts: z
    .array(challengePartSchema)
    .min(1)
    .max(50)
    .refine(
      (parts) => parts.some((p) => p.expect === 'fail'),
      'one part that must fail, at least: a station that is blind passes all others',
    ),
  /** Each must have been judged as expected within so long, min, and since the recipe came into force. */
  everyMin: z.number().positive().max(525_600).default(480),
  /** What becomes of products when it was not: held, or let go on with a warning. A wrong answer always holds them. */
  overdue: z.enum(['hold', 'warn']).default('hold'),
})

/** How a challenge part was judged, beside what was expected. */
export interface ChallengeCheck {
  code: string
  expected: { result: 'pass' | 'fail'; classes: readonly string[] }
  /** Null: it was not judged, which proves nothing. */
  actual: z.infer<typeof asJudged> | null
  right: boolean
}

/** For people: what came out beside what should have. */
export function challengeText({ code, expected, actual, right }: ChallengeCheck): I18n {
  const word = { pass: '合格', fail: '不合格' }
  const named = (classes: readonly string[]): string => (classes.length > 0 ? ` (${classes.join(', ')})` : '')
  const should = named(expected.classes)
  if (actual === null)
    return {
      en: `${code}: not judged, expected ${expected.result}${should}`,
      zh: `${code}:未能判定,应判为${word[expected.result]}${should}`,
    }
  const was = named(actual.classes)
  return right
    ? {
        en: `${code}: judged ${actual.result}${was}, as expected`,
        zh: `${code}:判为${word[actual.result]}${was},与预期一致`,
      }
    : {
        en: `${code}: judged ${actual.result}${was}, expected ${expected.result}${should}`,
        zh: `${code}:判为${word[actual.result]}${was},应判为${word[expected.result]}${should}`,
      }
}

/** `qe.challenge.judged.v1`; one that was not judged has its record alone. */
const challengeJudgedSchema = z.strictObject({
  station: z.string(),
  /** `id@version` */
  recipe: z.string(),
  recipeSha256: z.string().regex(/^[0-9a-f]{64}$/),
  trigger: z.number().int(),
  code: z.string(),
  expected: asJudged,
  actual: asJudged,
  right: z.boolean(),
})
export type ChallengeJudged = z.infer<typeof challengeJudgedSchema>

export const CHALLENGE_EVENT_DATA = { 'qe.challenge.judged.v1': challengeJudgedSchema } as const
