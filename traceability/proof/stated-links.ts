import { type EpcisLink, type QEvent, uuidv5 } from '../../contracts/index.ts'
import { linkKey, namedLinksOf, thingsOf } from '../epcis/event-links.ts'
import type { JsonObject } from '../epcis/faults.ts'
import { timeMs } from '../epcis/uri.ts'
import { thingUri } from '../genealogy/things.ts'
import { lotUri } from '../identity/index.ts'
import { EPCIS_NAMESPACE } from '../store/epcis-writer.ts'

type Data = Record<string, unknown>

/** A link as its event states it. */
export interface StatedLink {
  child: string
  parent: string
  kind: string
  from: string
  to: string | null
  certainty: string
  quantity: number | null
  uom: string | null
}

/** A link as the table `edge` has it. */
export type EdgeRow = Omit<StatedLink, 'from' | 'to'> & {
  [column: string]: string | number | null
  valid_from: string
  valid_to: string | null
  position: number
  closed_by: number | null
}

export interface StatedEnd {
  /** Null = all that is in the parent. */
  child: string | null
  parent: string | null
  kind: string
  /** Named twice and refused once: older stores ended it the first time and found nothing the second. */
  sure: boolean
}

/** What an event says about links. */
export interface Statement {
  /** Links that are there unless the event was taken back. */
  links: StatedLink[]
  /** Links that may be there: the lot that a unit was commissioned with stands in no event, another may be in the way. */
  perhaps: { child: string; parent: string | null }[]
  /** Things that it takes apart, each by one end or both: at least one link was ended by it. */
  ends: StatedEnd[]
  /** When its links begin, or those it ends do. */
  at: string
}

const NOTHING: Omit<Statement, 'at'> = { links: [], perhaps: [], ends: [] }

/** Types of the events that make links, inspections aside. */
export const LINKING = [
  'qe.trace.linked.v1',
  'ext.receipt.posted.v1',
  'ext.shipment.moved.v1',
  'ext.epcis.captured.v1',
] as const

/** What one of these events says, as the store writes it (`store/fact-writer.ts`, `store/epcis-writer.ts`). */
function statementOf({ type, subject, time, data }: QEvent<Data>): Statement {
  const word = (name: string): string => String(data[name] ?? '')
  const link = (child: string, parent: string, kind: string): StatedLink => ({
    child,
    parent,
    kind,
    from: time,
    to: null,
    certainty: typeof data['certainty'] === 'string' ? data['certainty'] : 'certain',
    quantity: typeof data['quantity'] === 'number' ? data['quantity'] : null,
    uom: typeof data['uom'] === 'string' ? data['uom'] : null,
  })
  const said = (s: Partial<Statement>): Statement => ({ ...NOTHING, at: time, ...s })
  if (type === 'ext.epcis.captured.v1') return captured(data)
  if (type === 'ext.receipt.posted.v1')
    return said({ links: [link(subject, thingUri('supplier', word('supplier')), 'associate')] })
  if (type === 'ext.shipment.moved.v1') {
    const shipment = thingUri('shipment', word('shipment'))
    const { customer, order } = data
    return said({
      links: [
        link(subject, shipment, 'ship'),
        ...(typeof customer === 'string' ? [link(shipment, thingUri('customer', customer), 'deliver')] : []),
        ...(typeof order === 'string' ? [link(shipment, thingUri('order', order), 'order')] : []),
      ],
    })
  }
  const [child, parent, kind] = [word('child'), word('parent'), word('kind')]
  if (kind === 'commission') return said({ perhaps: [{ child, parent: null }] })
  if (kind === 'disaggregate') return said({ ends: [{ child, parent, kind: 'aggregate', sure: true }] })
  const [from, to] = [data['validFrom'], data['validTo']]
  return said({
    links: [
      {
        ...link(child, parent, kind),
        ...(typeof from === 'string' && { from }),
        ...(typeof to === 'string' && { to }),
      },
    ],
  })
}

/** The same; null for a text that is altered beyond reading, which is told where the texts are checked. */
export function stating(event: QEvent<Data>): Statement | null {
  try {
    return statementOf(event)
  } catch {
    return null
  }
}

function captured(data: Data): Statement {
  const event = data['event'] as JsonObject
  const eventID = String(data['eventID'])
  const at = new Date(Math.floor(timeMs(String(event['eventTime'])))).toISOString()
  if (event['errorDeclaration'] !== undefined) return { ...NOTHING, at }
  const refused = new Map<string, number>()
  for (const link of Array.isArray(data['notLinked']) ? (data['notLinked'] as Refused[]) : [])
    refused.set(linkKey(link), (refused.get(linkKey(link)) ?? 0) + 1)
  const links = new Map<string, StatedLink>()
  const ends = new Map<string, StatedEnd & { named: number }>()
  for (const link of namedLinksOf(event, eventID)) {
    const key = linkKey(link)
    const { child, parent, kind } = link
    if (link.op === 'close') {
      const end = { child, parent: parent === '' ? null : parent, kind, sure: !refused.has(key) }
      ends.set(key, { ...end, named: (ends.get(key)?.named ?? 0) + 1 })
    } else if (!refused.has(key) && !links.has(key)) {
      const { quantity, uom } = link
      links.set(key, {
        child: link.child,
        parent,
        kind,
        quantity,
        uom,
        from: at,
        to: null,
        certainty: 'certain',
      })
    }
  }
  return {
    at,
    links: [...links.values()],
    perhaps: thingsOf(event).flatMap((thing) =>
      thing.kind === 'unit' && thing.lot !== null
        ? [{ child: thing.uri, parent: lotUri({ id: thing.gtin, gtin: thing.gtin }, thing.lot) }]
        : [],
    ),
    ends: [...ends].filter(([key, { named }]) => named > (refused.get(key) ?? 0)).map(([, end]) => end),
  }
}
type Refused = Pick<EpcisLink, 'kind' | 'child' | 'parent'>

/** Id of the fact, or of the captured event of the same source, that an event takes back; null = nothing. */
export function takenBackBy({
  source,
  data,
}: QEvent<Data>): { fact: string } | { id: string; source: string } | null {
  if (typeof data['supersedes'] === 'string') return { fact: data['supersedes'] }
  const event = data['event'] as JsonObject | undefined
  if (event?.['errorDeclaration'] === undefined) return null
  return { id: uuidv5(EPCIS_NAMESPACE, String(data['eventID'])), source }
}
