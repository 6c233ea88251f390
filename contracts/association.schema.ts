import { z } from 'zod'
import { durationMs as ms } from './duration.schema.ts'
import type { IdentitySourceSpec } from './identity-source.schema.ts'

const id = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'lower-case letters, digits and dashes')
const place = z.number()
const length = z.number().nonnegative()

/** false: a part without a read of this section is judged by what else names it. Doubtful reads hold it all the same. */
const required = z.boolean().default(true)
const ofReader = {
  /** Id of the reader in `readers`. */
  reader: id,
  /** What the read names: the part, or where it was formed and what holds it. */
  says: z.enum(['part', 'cavity', 'fixture']).default('part'),
  required,
}
/** How long behind the trigger a read may still come, ms; absent = half of the budget. */
const waitMs = ms.optional()

/** Parts closer than twice the tolerance share a place, and a read there could be anybody's. */
const distinct = {
  message: 'less than half of the part spacing',
  path: ['tolerance'],
}

/** How the reads of a source find the parts of a station. What is read in the image itself belongs to it directly. */
export const associationSchema = z.discriminatedUnion('by', [
  /** The sender names the trigger. */
  z.strictObject({ ...ofReader, by: z.literal('trigger'), waitMs }),
  /** The part passes the reader so long behind the trigger (negative: before it), ms. */
  z
    .strictObject({
      ...ofReader,
      by: z.literal('time'),
      offsetMs: place,
      toleranceMs: length,
      spacingMs: length,
    })
    .refine((a) => a.spacingMs > 2 * a.toleranceMs, { ...distinct, path: ['toleranceMs'] }),
  /** The same in encoder counts, for a belt that stops; the frames bring theirs in `x-encoder`. */
  z
    .strictObject({
      ...ofReader,
      by: z.literal('encoder'),
      offset: place,
      tolerance: length,
      spacing: length,
      /** The encoder starts again at 0 here. */
      modulus: z.number().positive().optional(),
      waitMs,
    })
    .refine((a) => a.spacing > 2 * a.tolerance, distinct),
  /** A person scans the part, then triggers: the reads since the trigger before, at most so old, ms. */
  z.strictObject({ ...ofReader, by: z.literal('manual'), withinMs: ms }),
  /** Parts come in order from another station, in so many ms. */
  z
    .strictObject({ by: z.literal('fifo'), required, from: id, minMs: length, maxMs: length })
    .refine((a) => a.maxMs > a.minMs, { message: 'more than minMs', path: ['maxMs'] }),
])
export type AssociationSpec = z.infer<typeof associationSchema>

interface Checked {
  operators: { badgePrefix?: string | undefined }
  readers: readonly IdentitySourceSpec[]
  stations: readonly {
    id: string
    budgetMs: number
    camera: { adapter: string }
    association: readonly AssociationSpec[]
  }[]
}
type Issue = (path: (string | number)[], message: string) => void

/** What one section cannot see: readers and stations it names, and whether a read can be there in time. */
export function checkAssociations(spec: Checked, issue: Issue): void {
  const readers = new Map(spec.readers.map((r) => [r.id, r]))
  const used = new Set<string>()
  for (const [i, station] of spec.stations.entries()) {
    for (const [k, a] of station.association.entries()) {
      const at = (key: string): (string | number)[] => ['stations', i, 'association', k, key]
      if (a.by === 'fifo') {
        const from = spec.stations.findIndex((s) => s.id === a.from)
        if (from < 0 || from >= i)
          issue(at('from'), `a station that stands before ${station.id} in this file`)
        continue
      }
      used.add(a.reader)
      const reader = readers.get(a.reader)
      if (reader === undefined) {
        issue(at('reader'), `one of readers (${[...readers.keys()].join(', ') || 'none defined'})`)
        continue
      }
      if (a.by === 'encoder' && station.camera.adapter !== 'http-push')
        issue(at('by'), 'encoder only with a camera that sends x-encoder (http-push)')
      if (station.association.some((o, n) => n < k && o.by !== 'fifo' && o.reader === a.reader))
        issue(at('reader'), 'a reader named once per station')
      const lastMs =
        a.by === 'time'
          ? a.offsetMs + a.toleranceMs + readerLagMs(reader)
          : a.by === 'manual'
            ? 0
            : (a.waitMs ?? 0)
      if (lastMs >= station.budgetMs)
        issue(
          at(a.by === 'time' ? 'offsetMs' : 'waitMs'),
          `a read that is there within budgetMs ${station.budgetMs} of the trigger, not ${lastMs} ms behind it`,
        )
    }
  }
  // A reader may be there for badges alone.
  if (spec.operators.badgePrefix !== undefined) return
  for (const [i, r] of spec.readers.entries())
    if (!used.has(r.id))
      issue(['readers', i, 'id'], 'a reader that an association of a station names, or operators.badgePrefix')
}

/** How long after a tag or code was at the reader its read may come, ms. */
export const readerLagMs = (reader: IdentitySourceSpec): number =>
  // The pass is over a window after the last sight, and is looked for every quarter of it.
  reader.adapter === 'llrp' && reader.emit === 'pass' ? Math.ceil(reader.windowMs * 1.25) + 50 : 50
