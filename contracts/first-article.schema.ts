import { z } from 'zod'
import { VERDICTS } from './verdict.ts'

/** Products that people must call good before a station lets any go on with a recipe that came into force. */
export const firstArticleSchema = z.strictObject({
  /** So many that the station passed. */
  parts: z.number().int().min(1).max(20).default(1),
})

const articleSchema = z.strictObject({
  inspectionId: z.string(),
  serial: z.string(),
  /** What a person says of a part that the station passed. */
  verdict: z.enum(VERDICTS),
  reviewer: z.string(),
  at: z.string(),
})
export type FirstArticle = z.infer<typeof articleSchema>

/** `qe.firstarticle.reviewed.v1`: somebody reviewed a first article, or took that back; all that is said of them now. */
const firstArticleReviewedSchema = z.strictObject({
  station: z.string(),
  /** `id@version` */
  recipe: z.string(),
  recipeSha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** The part that was reviewed last. */
  inspectionId: z.string(),
  reviewer: z.string(),
  /** How many must be good. */
  wanted: z.number().int(),
  articles: z.array(articleSchema),
  approved: z.boolean(),
})
export type FirstArticleReviewed = z.infer<typeof firstArticleReviewedSchema>

export const FIRST_ARTICLE_EVENT_DATA = { 'qe.firstarticle.reviewed.v1': firstArticleReviewedSchema } as const
