import { z } from 'zod'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

/** A recipe as it was loaded, with the models it pins. */
const recipeRefSchema = z.strictObject({
  /** `id@version` */
  id: z.string(),
  sha256,
  models: z.array(z.strictObject({ id: z.string(), sha256 })),
})
export type RecipeRef = z.infer<typeof recipeRefSchema>

/**
 * Why a recipe became the active one. `canary` is the automatic rollback, `line`: the line was started with it, because
 * its file names it.
 */
const ACTIVATION_CAUSES = ['line', 'activate', 'rollback', 'canary'] as const
export type ActivationCause = (typeof ACTIVATION_CAUSES)[number]

/** `qe.model.deployed.v1`: from the next trigger on, a station judges by another recipe. */
const modelDeployedSchema = z.strictObject({
  station: z.string(),
  cause: z.enum(ACTIVATION_CAUSES),
  before: recipeRefSchema,
  after: recipeRefSchema,
  /** Who asked; `sightline` for what the program did by itself. */
  by: z.string(),
  reason: z.string(),
  /** Id of the gate result that allowed it; null for rollbacks and overrides. */
  gate: z.string().nullable(),
  /** True when somebody activated it without an accepted gate result; the reason says why. */
  override: z.boolean(),
})
export type ModelDeployed = z.infer<typeof modelDeployedSchema>

/** How the models of a line are watched, and which parts are shown to a person. */
export const watchSchema = z.strictObject({
  /** The first parts of a recipe that later ones are compared with. */
  referenceParts: z.number().int().min(50).max(2_000).default(1_000),
  /** Parts of one comparison. */
  windowParts: z.number().int().min(20).max(2_000).default(500),
  /** Chance of a false alarm per comparison and recipe when nothing changed, 0..1. */
  falseAlarm: z.number().min(1e-9).max(0.1).default(0.001),
  /** The same seed picks the same parts. */
  seed: z.number().int().nonnegative().default(1),
  /** Share of the passed parts that a person looks at, for the estimate of the escape rate. */
  auditRate: z.number().min(0).max(1).default(0.01),
  /** The same of passed parts with an unusual score. */
  auditUnusualRate: z.number().min(0).max(1).default(0.1),
  /** Share of all judged parts, whatever the verdict. */
  backgroundRate: z.number().min(0).max(1).default(0.002),
  /** A part that could not be judged waits for a person so long, min. */
  greyDueMin: z.number().positive().max(525_600).default(480),
  /** Then it stays on hold and an alarm says so, or it goes to rework or scrap on record. It never goes on. */
  greyOverdue: z.enum(['hold', 'rework', 'scrap']).default('hold'),
  /** Passed parts close to the decision: at most so many an hour and station, and so far apart, s. */
  bandPerHour: z.number().int().nonnegative().max(3_600).default(20),
  bandEveryS: z.number().nonnegative().default(60),
  /** Parts that may wait for review beside those that could not be judged; beyond it they are counted, not kept. */
  maxWaiting: z.number().int().positive().max(100_000).default(5_000),
})
export type WatchSpec = z.infer<typeof watchSchema>

export const LIFE_EVENT_DATA = { 'qe.model.deployed.v1': modelDeployedSchema } as const

const share = z.strictObject({
  k: z.number().int().nonnegative(),
  n: z.number().int().nonnegative(),
  /** Clopper-Pearson, 95 %. */
  interval: z.tuple([z.number(), z.number()]),
})

const judge = z.strictObject({
  recipe: recipeRefSchema,
  /** Bad parts passed, of the bad parts that one of the two recipes judged. */
  escape: share,
  /** Good parts failed, of the good parts that one of the two recipes judged. */
  overkill: share,
  /** Of all parts, those that were not judged among them. */
  inconclusive: share,
  /** Pipeline time per part without waiting, ms, one worker. */
  p50Ms: z.number(),
  p95Ms: z.number(),
})

const GATE_REFUSALS = ['escape', 'overkill', 'speed', 'no-bad-parts', 'no-good-parts', 'not-judged'] as const

/** What a candidate did on the frozen acceptance set, beside the recipe it would replace. */
export const gateResultSchema = z.strictObject({
  id: z.string(),
  at: z.iso.datetime({ precision: 3 }),
  accepted: z.boolean(),
  refusals: z.array(z.enum(GATE_REFUSALS)),
  acceptance: z.strictObject({
    dir: z.string(),
    format: z.string(),
    split: z.string().nullable(),
    items: z.number().int(),
    /** SHA-256 over ids, truth and bytes of all items, in order of their ids. */
    sha256,
  }),
  candidate: judge,
  reference: judge,
  escapeTest: z.strictObject({
    /** Bad parts that only the candidate passes, and that only the reference passes. */
    onlyCandidate: z.number().int(),
    onlyReference: z.number().int(),
    /** One-sided exact McNemar test: chance of so many new escapes if both escaped equally often. */
    p: z.number(),
    alpha: z.number(),
    /** No bad part may pass that the reference stopped, whatever the test says. */
    zeroTolerance: z.boolean(),
    /** Lower limit, 95 % one-sided, of the share of new escapes among all parts on which the two differ. */
    shareLow: z.number(),
    newEscapes: z.array(z.string()),
  }),
  /** The same of good parts that are not passed; absent in results of versions that did not ask. */
  overkillTest: z
    .strictObject({
      onlyCandidate: z.number().int(),
      onlyReference: z.number().int(),
      p: z.number(),
      /** More overkill was asked for, as the price of fewer escapes. */
      allowed: z.boolean(),
    })
    .optional(),
  /** Parts that the candidate did not judge, as pictures that cannot be read; absent in results of earlier versions. */
  notJudged: z
    .array(
      z.strictObject({
        id: z.string(),
        defective: z.boolean(),
        /** Nor did the reference: both hold it, and it says nothing. */
        byNobody: z.boolean(),
        why: z.string(),
      }),
    )
    .optional(),
  taktMs: z.number().positive(),
  machine: z.strictObject({ host: z.string(), cpu: z.string(), cores: z.number().int() }),
})
export type GateResult = z.infer<typeof gateResultSchema>
