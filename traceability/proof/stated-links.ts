import { type EpcisItem, type EpcisLink, type QEvent } from '../../contracts/index.ts'
import { linkKey, namedLinksOf, thingsOf } from '../epcis/event-links.ts'
import type { JsonObject } from '../epcis/faults.ts'
import { timeMs } from '../epcis/uri.ts'
import { isShipment, thingUri } from '../genealogy/things.ts'
import { lotUri } from '../identity/index.ts'
import { idOf } from '../store/epcis-recorded.ts'
import { DECLARED } from '../store/epcis-writer.ts'

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
  /** It could not be made when it was stated, and may have been since. */
  waited?: true
}

/** A link as the table `edge` has it. */
export type EdgeRow = Omit<StatedLink, 'from' | 'to' | 'waited'> & {
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
  /** False: there was nothing to end when it was stated, and may have been since, or, named twice, the second time. */
  sure: boolean
}

/** What an event says about links. */
export interface Statement {
  /** Links that are there unless the event was taken back. */
  links: StatedLink[]
  /** Links that may be there: the lot that a unit was commissioned with, which older events do not say, or another in the way. */
  perhaps: { child: string; parent: string | null; waited?: true }[]
  /** Things that it takes apart, each by one end or both: at least one link was ended by it where that is sure. */
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
  'ext.return.received.v1',
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
  if (type === 'ext.return.received.v1') return said({ ends: endsOfReturn(subject, data['from']) })
  const [child, parent, kind] = [word('child'), word('parent'), word('kind')]
  // Programs of before did not say the lot of a unit.
  if (kind === 'commission')
    return typeof data['lot'] === 'string'
      ? said({ links: [link(child, data['lot'], 'associate')] })
      : said({ perhaps: [{ child, parent: null }] })
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

/** What left ends for what came back, or for all that was in a shipment: at least what the records said then. */
function endsOfReturn(target: string, from: unknown): StatedEnd[] {
  const was = Array.isArray(from) ? from.map(String) : []
  if (isShipment(target)) return [{ child: null, parent: target, kind: 'ship', sure: was.length > 0 }]
  return [
    { child: target, parent: null, kind: 'ship', sure: was.some(isShipment) },
    { child: target, parent: null, kind: 'aggregate', sure: was.some((uri) => !isShipment(uri)) },
  ]
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
  const notLinked = Array.isArray(data['notLinked']) ? (data['notLinked'] as Refused[]) : []
  // What was in error when it came never is; other refusals may be made good.
  if (notLinked.some((n) => n.reason.startsWith(DECLARED))) return { ...NOTHING, at }
  const refused = new Set(notLinked.map(linkKey))
  const waited = (key: string): { waited?: true } => (refused.has(key) ? { waited: true } : {})
  const links = new Map<string, StatedLink>()
  const ends = new Map<string, StatedEnd>()
  for (const link of namedLinksOf(event, eventID)) {
    const key = linkKey(link)
    const { child, parent, kind } = link
    if (link.op === 'close') {
      ends.set(key, { child, parent: parent === '' ? null : parent, kind, sure: !refused.has(key) })
    } else if (!links.has(key)) {
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
        ...waited(key),
      })
    }
  }
  return {
    at,
    links: [...links.values()],
    perhaps: thingsOf(event, data['lots'] as EpcisItem['lots'] | undefined)
      .flatMap(({ kind, uri, gtin, lot }) =>
        kind === 'unit' && lot !== null ? [{ child: uri, parent: lotUri({ id: gtin, gtin }, lot) }] : [],
      )
      .map((link) => ({ ...link, ...waited(linkKey({ kind: 'associate', ...link })) })),
    ends: [...ends.values()],
  }
}
type Refused = Pick<EpcisLink, 'kind' | 'child' | 'parent'> & { reason: string }

/** Id of the fact, or of the captured event of the same source, that an event takes back; null = nothing. */
export function takenBackBy({
  source,
  data,
}: QEvent<Data>): { fact: string } | { id: string; source: string } | null {
  if (typeof data['supersedes'] === 'string') return { fact: data['supersedes'] }
  const event = data['event'] as JsonObject | undefined
  if (event?.['errorDeclaration'] === undefined) return null
  return { id: idOf(String(data['eventID'])), source }
}
