import { z } from 'zod'

const json = z.record(z.string(), z.unknown())
/** What an event states about genealogy and could not be taken over, because it contradicts what is recorded. */
const notLinked = z.strictObject({
  child: z.string(),
  parent: z.string(),
  kind: z.string(),
  reason: z.string(),
})

/** What an event states although a hold, or the disposition of a part, is against it. */
const contradiction = z.strictObject({ thing: z.string(), kind: z.string(), reason: z.string() })

/** An EPCIS event or master data as others sent it: kept whole, with the context that gives its names a meaning. */
export const EPCIS_EVENT_DATA = {
  'ext.epcis.captured.v1': z.strictObject({
    /** Capture job that brought it. */
    capture: z.string().min(1),
    /** As it was sent, or given here. */
    eventID: z.string().min(1),
    /** Of the canonical form; finds the same event sent twice. */
    hash: z.string().regex(/^[0-9a-f]{64}$/),
    event: json,
    /** `@context` of the document around it; null = the event has its own. */
    context: z.unknown(),
    /** Lots that units came into being with, where the event says them otherwise than by a plain `cbvmda:lotNumber`. */
    lots: z.record(z.string(), z.string()).optional(),
    notLinked: z.array(notLinked).optional(),
    /** It is taken over all the same: where a part is counts most for one that should not be there. */
    contradicts: z.array(contradiction).optional(),
  }),
  'ext.epcis.masterdata.v1': z.strictObject({
    capture: z.string().min(1),
    context: z.unknown(),
    elements: z.array(
      z.strictObject({
        vocabulary: z.string(),
        id: z.string(),
        attributes: z.array(json),
        children: z.array(z.string()),
      }),
    ),
  }),
} as const
export type EpcisCaptured = z.infer<(typeof EPCIS_EVENT_DATA)['ext.epcis.captured.v1']>
export type EpcisMasterData = z.infer<(typeof EPCIS_EVENT_DATA)['ext.epcis.masterdata.v1']>
