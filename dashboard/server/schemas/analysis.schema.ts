import {
  CAUSE_FACTOR_NAMES,
  NCR_CATEGORIES,
  NCR_FACTORS,
  NO_VERDICT_REASONS,
} from '../../../contracts/index.ts'
import { z } from '../zod.ts'

const num = z.number()
const maybe = num.nullable()
const factor = z.enum(CAUSE_FACTOR_NAMES)
const level = { factor, value: z.string() }
const bad = { n: num, bad: num }

/** Of all first judgements, by what an inspection itself names. */
export const causeCountSchema = z.object({
  factor: z.enum(NCR_FACTORS),
  value: z.string(),
  ...bad,
  undecided: num,
})

const comparisonSchema = z.object({
  /** Share of bad parts over that of the rest; null where one of them is 0. */
  ratio: maybe,
  /** 95 % interval of the ratio. */
  low: maybe,
  high: maybe,
  method: z.enum(['fisher', 'chi-square']),
  /** Two-sided. */
  p: num,
})

const causeSchema = z.object({
  ...level,
  /** Of parts with this defect class, where each was compared by itself. */
  class: z.string().optional(),
  /** Branch of the Ishikawa diagram. */
  category: z.enum(NCR_CATEGORIES),
  ...bad,
  /** Exact 95 % interval of the share of bad parts (Clopper and Pearson). */
  shareLow: num,
  shareHigh: num,
  /** All others of its factor together; of a component, those with another lot of the same material. */
  restN: num,
  restBad: num,
  ...comparisonSchema.shape,
  /** Odds of being bad over those of the rest, with the 95 % interval (Woolf); null where a count is 0. */
  odds: z.object({ ratio: num, low: num, high: num }).nullable(),
  /** Benjamini–Hochberg over all that was compared. */
  q: num,
  named: z.boolean(),
  /** Levels of other factors that mostly come with it (Cramér's V at least 0.5): the numbers cannot tell them apart. */
  together: z.array(z.object({ ...level, v: num })),
})

const side = z.object({ ...level, ...bad })

export const analysisSchema = z.object({
  /** Judgements looked at: each unit once per station, its first, as a person corrected it. */
  ...bad,
  /** Start of judging of the oldest of them. */
  since: z.string().nullable(),
  /** Condemned findings of the window, of all judgements. */
  classes: z.array(z.object({ label: z.string(), value: num, share: num, cumulative: num })),
  /** How many comparisons were made; the causes are the most telling ones. */
  compared: num,
  causes: z.array(causeSchema),
  factors: z.array(
    z.object({
      factor,
      category: z.enum(NCR_CATEGORIES),
      /** Judgements for which it is known. */
      n: num,
      levels: num,
      /** Levels with the fewest parts that were not compared by themselves. */
      cut: num,
      /** The factor as a whole; null where parts have several of its levels, or all have the same. */
      whole: z.object({ statistic: num, df: num, p: num }).nullable(),
    }),
  ),
  /** The branches of the Ishikawa diagram, in its order. */
  ishikawa: z.array(
    z.object({
      category: z.enum(NCR_CATEGORIES),
      /** Levels that are named, of whichever defect class. */
      named: num,
      /** Factors that were compared, and those that are not known or the same for all parts: nothing is said about them. */
      compared: z.array(factor),
      silent: z.array(factor),
    }),
  ),
  /** Pairs that mostly come together, of which one is named, closest first. */
  together: z.array(z.object({ a: side, b: side, both: z.object(bad), v: num })),
  /** What is not in the numbers. */
  cut: z.object({
    /** Judged inconclusive, and not decided by a person since. */
    undecided: num,
    /** Inspections without a verdict, of the camera, the judging or the reads, that no person decided since. */
    unjudged: z.array(z.object({ reason: z.enum(NO_VERDICT_REASONS), n: num })),
    /** Looks of a station at a unit that it had judged before. */
    repeated: num,
    /** Inspections before the oldest one looked at. With `n` and the three above they are all of the window. */
    olderInspections: num,
    /** There are older parts in the window. */
    older: z.boolean(),
    /** Links that began after the judgement, which they cannot have caused. */
    later: num,
    /** Not all links of the genealogy were followed. */
    links: z.boolean(),
    /** Defect classes that were not compared by themselves. */
    classes: num,
  }),
  /** The time after a moment against the time before it, of all parts; null without one. */
  change: comparisonSchema
    .extend({ ...bad, beforeN: num, beforeBad: num, undecided: num, beforeUndecided: num })
    .nullable(),
})

const mm = z.tuple([num, num]).nullable()

export const placesSchema = z.object({
  /** Recipes with defects in the window, most first. */
  recipes: z.array(z.object({ recipe: z.string(), n: num })),
  view: z
    .object({
      recipe: z.string(),
      /** Of the part frame, px. */
      widthPx: num,
      heightPx: num,
      /** Of a good part, to draw upon. */
      image: z
        .object({
          sha256: z.string(),
          registration: z.object({ dxPx: num, dyPx: num, angleRad: num, score: num }).nullable(),
        })
        .nullable(),
      /** Defects looked at, the newest ones. */
      n: num,
      older: z.boolean(),
      /** DBSCAN: defects this near are neighbours, and so many of them make a cluster. */
      radiusPx: num,
      least: num,
      /** Most defects first. */
      clusters: z.array(
        z.object({
          /** Middle of its defects in the part frame, px, and in part coordinates. */
          x: num,
          y: num,
          mm,
          /** Of the farthest of its defects. */
          radiusPx: num,
          n: num,
          parts: num,
          classes: z.array(z.object({ class: z.string(), n: num })),
          /** Of some of its parts, newest first. */
          inspections: z.array(z.string()),
        }),
      ),
      /** Defects that are in no cluster. */
      scattered: num,
      /** Counts of a grid of squares; those without defects are left out. */
      cellPx: num,
      cells: z.array(z.object({ column: num, row: num, n: num })),
    })
    .nullable(),
})
