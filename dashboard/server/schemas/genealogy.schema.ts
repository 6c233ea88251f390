import { traceFactSchema } from '../../../contracts/index.ts'
import { z } from '../zod.ts'
import { ncrRowSchema } from './ncr-row.schema.ts'
import { imageRefSchema, partRowSchema, reviewSchema } from './part.schema.ts'
import { measurementSchema, modelRefSchema } from './verdict.schema.ts'

const num = z.number()
const maybe = z.string().nullable()

export const holdSchema = z.object({
  id: z.string(),
  /** Canonical URI, or `lot/<name>` of a lot that was held by name. */
  target: z.string(),
  reason: z.string(),
  by: z.string(),
  at: z.string(),
  releasedBy: maybe,
  releasedAt: maybe,
  releaseReason: maybe,
  /** Log of another line, or `plant`, where it was placed; null = here. In a plant it is never null. */
  originLog: maybe,
  /** The same of its release. */
  releaseLog: maybe,
  /** In a plant: the logs of the lines that took it over. */
  takenBy: z.array(z.string()).optional(),
})

const whereaboutsSchema = z.object({
  uri: z.string(),
  serial: z.string(),
  product: z.string(),
  lot: maybe,
  place: z.enum(['line', 'held', 'packed', 'shipped', 'back', 'used', 'scrapped', 'returned']),
  /** Product that it is a part of: its place is that of the product. */
  into: maybe,
  pallet: maybe,
  shipment: maybe,
  customer: maybe,
  order: maybe,
  /** When it last came back from where it had been shipped, from whom or what, and to which place; null while it is away. */
  returnedAt: maybe,
  returnedFrom: maybe,
  returnedTo: maybe,
  station: maybe,
  judgedAt: maybe,
  disposition: maybe,
})

const relatedSchema = z.object({
  /** Of all there are; the items may be fewer. */
  total: num,
  cut: z.boolean(),
  /** Depth first: what an item was reached from stands above it. */
  items: z.array(
    z.object({
      uri: z.string(),
      name: z.string(),
      depth: num,
      certain: z.boolean(),
      /** URI from which it was reached: the unit, another item, or a station, which is no item. */
      via: z.string(),
      /** Items between it and the unit. */
      level: num,
    }),
  ),
})

/** One inspection of a unit: result, images, values, and by what, where and under whom it was judged. */
const lifeInspectionSchema = partRowSchema.extend({
  recipeSha256: z.string(),
  shift: z.string(),
  images: z.array(
    imageRefSchema.extend({
      /** Of its bytes, below the address of the pages; takes `width` and `original`. */
      url: z.string(),
      /** `frame` is what was judged, `golden` the template that travelled with it. */
      role: z.enum(['frame', 'golden']),
      view: z.string(),
      /** Retention took the file; the hash stays proven. */
      deleted: z.boolean(),
    }),
  ),
  measurements: z.array(measurementSchema),
  models: z.array(modelRefSchema),
  /** Material in force on the line. */
  material: z.object({ lot: z.string(), supplier: maybe }).nullable(),
  /** Reference of who was signed on; null = nobody was. */
  operator: maybe,
  /** Mould nest. */
  cavity: maybe,
  /** Part holder. */
  fixture: maybe,
  /** Rules that matched. */
  rules: z.array(z.string()),
  reviews: z.array(reviewSchema),
})

export const unitLifeSchema = z.object({
  uri: z.string(),
  serial: z.string(),
  product: z.string(),
  lot: maybe,
  /** Other names: URIs it was merged with, names on record, codes as they were read. */
  aliases: z.array(z.object({ scheme: z.string(), value: z.string() })),
  where: whereaboutsSchema,
  /** The hold it falls under now. */
  hold: holdSchema.nullable(),
  /** Nonconformance reports about it, or about what it was made of. */
  ncrs: z.array(ncrRowSchema),
  /** The newest ones, oldest first. */
  inspections: z.object({ total: num, items: z.array(lifeInspectionSchema) }),
  rework: z.object({ count: num, firstResult: maybe, lastResult: maybe }),
  timeline: z.object({
    total: num,
    entries: z.array(
      z.object({
        position: num,
        at: z.string(),
        type: z.string(),
        subject: z.string(),
        what: z.string(),
        by: maybe,
        text: maybe,
        supersededBy: num.nullable(),
        inspectionId: maybe,
      }),
    ),
  }),
  backward: relatedSchema,
  forward: relatedSchema,
  siblings: z.array(
    z.object({
      kind: z.enum(['lot', 'recipe', 'fixture', 'cavity', 'shift', 'minutes']),
      shared: z.string(),
      count: num,
      /** There are more than were counted. */
      cut: z.boolean(),
      units: z.array(z.object({ serial: z.string(), uri: z.string() })),
    }),
  ),
})

/** One life per unit that goes by the name: two products may use the same serial. */
export const livesSchema = z.object({ units: z.array(unitLifeSchema) })

export const recallSchema = z.object({
  target: z.string(),
  of: z.array(z.string()),
  at: z.string(),
  certain: num,
  probable: num,
  places: z.partialRecord(whereaboutsSchema.shape.place, num),
  cut: z.boolean(),
  units: z.array(
    whereaboutsSchema.extend({
      certain: z.boolean(),
      held: z.boolean(),
      /** Other names of a unit that was merged. */
      aliases: z.array(z.string()).optional(),
    }),
  ),
})

/** Facts per request; more go in several requests, which their ids make safe to repeat. */
export const MAX_FACTS = 1_000

export const factsBodySchema = z.union([traceFactSchema, z.array(traceFactSchema).min(1).max(MAX_FACTS)])

export const factsAnswerSchema = z.object({
  recorded: num,
  refused: num,
  results: z.array(
    z.object({
      id: z.string(),
      /** Of its event in the log; absent = refused. */
      position: num.optional(),
      /** It was recorded before. */
      repeated: z.boolean().optional(),
      code: z.string().optional(),
      message: z.string().optional(),
    }),
  ),
})
