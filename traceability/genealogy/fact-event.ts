import { CodedError, type QEvent, type SqlDatabase, type TraceFact } from '../../contracts/index.ts'
import { lotUri, serialUri } from '../identity/index.ts'
import { decoded, heldText, holdTarget, isUri, thingUri, uriOf } from './things.ts'

/** One edge a fact makes. */
export interface FactEdge {
  child: string
  parent: string
  kind: 'associate' | 'transform' | 'aggregate' | 'ship' | 'deliver' | 'order'
  certainty: 'certain' | 'probable'
  from: string
  to: string | null
  quantity: number | null
  uom: string | null
  /** Position of the fact that ended it before it was stated: it takes the place of one that was ended. */
  closedBy?: number
}

/** A fact with its names resolved: what the log keeps, and what it does to the projections. */
export interface ResolvedFact {
  type: string
  /** Canonical URI of what it is about; also `lot/<name>` of a hold by name. */
  subject: string
  data: Record<string, unknown>
  edges: FactEdge[]
}

type LinkFact = Extract<TraceFact, { child: string; parent: string }>

/** @throws TRC_NOT_FOUND, TRC_GENEALOGY for names that do not resolve */
export function resolveFact(db: SqlDatabase, fact: TraceFact): ResolvedFact {
  const { id: _id, at, kind, ...rest } = fact
  const plain = (type: string, subject: string, data: Record<string, unknown>): ResolvedFact => ({
    type,
    subject,
    data: { ...rest, ...data },
    edges: [],
  })
  switch (fact.kind) {
    case 'commission': {
      const unit = newUnit(db, fact.unit, fact.product)
      const { by, supersedes, simulated } = fact
      const lot = fact.lot === undefined ? null : knownLot(db, fact.product, fact.lot)
      return {
        type: 'qe.trace.linked.v1',
        subject: unit,
        data: {
          kind,
          child: unit,
          parent: thingUri('product', fact.product),
          certainty: 'certain',
          by,
          ...(lot !== null && { lot }),
          ...(supersedes && { supersedes }),
          ...(simulated && { simulated }),
        },
        edges: lot === null ? [] : [edge(unit, lot, 'associate', at, null)],
      }
    }
    case 'receive': {
      const lot = knownLot(db, fact.product, fact.lot)
      return {
        ...plain('ext.receipt.posted.v1', lot, {}),
        edges: [
          {
            ...edge(lot, thingUri('supplier', fact.supplier), 'associate', at, null),
            quantity: fact.quantity ?? null,
            uom: fact.uom ?? null,
          },
        ],
      }
    }
    case 'aggregate':
    case 'disaggregate':
    case 'transform':
    case 'associate':
      return linked(db, fact)
    case 'ship': {
      const child = uriOf(db, fact.child)
      const shipment = thingUri('shipment', fact.shipment)
      const edges = [edge(child, shipment, 'ship', at, null)]
      if (fact.customer !== undefined)
        edges.push(edge(shipment, thingUri('customer', fact.customer), 'deliver', at, null))
      if (fact.order !== undefined)
        edges.push(edge(shipment, thingUri('order', fact.order), 'order', at, null))
      return { ...plain('ext.shipment.moved.v1', child, { child }), edges }
    }
    case 'rework':
    case 'reinspect': {
      const unit = uriOf(db, fact.unit)
      return plain(kind === 'rework' ? 'qe.unit.reworked.v1' : 'qe.unit.reinspected.v1', unit, { unit })
    }
    case 'dispose': {
      const unit = knownUnit(db, fact.unit)
      const { by, supersedes, simulated, disposition, reason, inspection } = fact
      const data = { by, supersedes, simulated, unit, disposition, reason, inspection }
      return { type: 'qe.unit.dispositioned.v1', subject: unit, data, edges: [] }
    }
    case 'hold': {
      const target = holdTarget(db, fact.target)
      return plain('qe.hold.placed.v1', target, { target })
    }
    case 'release': {
      const target = heldText(db, fact.target) ?? holdTarget(db, fact.target)
      return plain('qe.hold.released.v1', target, { target })
    }
    case 'return': {
      const target = uriOf(db, fact.target)
      return plain('ext.return.received.v1', target, { target })
    }
    case 'use':
    case 'complain': {
      const target = uriOf(db, fact.target)
      return plain(kind === 'use' ? 'ext.service.recorded.v1' : 'ext.complaint.received.v1', target, {
        target,
      })
    }
    case 'retract':
      return plain('qe.trace.retracted.v1', `fact/${fact.supersedes}`, {})
    default:
      return fact satisfies never
  }
}

function linked(db: SqlDatabase, fact: LinkFact): ResolvedFact {
  const child = uriOf(db, fact.child)
  const parent = uriOf(db, fact.parent)
  const certainty = 'certainty' in fact ? fact.certainty : 'certain'
  const from = (fact.kind === 'associate' ? fact.from : undefined) ?? fact.at
  const to = (fact.kind === 'associate' ? fact.to : undefined) ?? null
  const { quantity, uom } =
    'quantity' in fact || 'uom' in fact ? fact : { quantity: undefined, uom: undefined }
  return {
    type: 'qe.trace.linked.v1',
    subject: child,
    data: {
      kind: fact.kind,
      child,
      parent,
      certainty,
      by: fact.by,
      ...(quantity !== undefined && { quantity }),
      ...(uom !== undefined && { uom }),
      ...(fact.kind === 'associate' && fact.from !== undefined && { validFrom: fact.from }),
      ...(to !== null && { validTo: to }),
      ...(fact.supersedes !== undefined && { supersedes: fact.supersedes }),
      ...(fact.simulated !== undefined && { simulated: fact.simulated }),
    },
    edges:
      fact.kind === 'disaggregate'
        ? []
        : [
            {
              ...edge(child, parent, fact.kind, from, to),
              certainty,
              quantity: quantity ?? null,
              uom: uom ?? null,
            },
          ],
  }
}

const edge = (
  child: string,
  parent: string,
  kind: FactEdge['kind'],
  from: string,
  to: string | null,
): FactEdge => ({ child, parent, kind, certainty: 'certain', from, to, quantity: null, uom: null })

/** The URI a unit will have: as given, or by serial of its product; one that is known keeps its own. */
function newUnit(db: SqlDatabase, name: string, product: string): string {
  if (isUri(name)) return uriOf(db, name)
  const serial = name.startsWith('unit/') ? name.slice(5) : name
  const known = db.get<{ uri: string }>(
    'select uri from identity where serial = ? and product = ?',
    serial,
    product,
  )
  return known?.uri ?? serialUri(product, serial)
}

/** A box or a lot goes nowhere by itself: what becomes of it is decided for each unit. */
function knownUnit(db: SqlDatabase, name: string): string {
  const uri = uriOf(db, name)
  if (db.get('select 1 as found from identity where uri = ?', uri) !== undefined) return uri
  throw new CodedError('TRC_NOT_FOUND', {
    expected: 'a unit that was inspected or commissioned',
    actual: name,
    hint: 'a disposition is decided unit by unit',
    zh: { expected: '检测过或已赋码的工件', hint: '处置须逐件决定' },
  })
}

/** Lots are known by product and name; the URI in use (GS1 where inspections gave one) is kept. */
function knownLot(db: SqlDatabase, product: string, lot: string): string {
  const known = db.get<{ uri: string }>(
    'select uri from material_lot where lot = ? and product = ? order by uri limit 1',
    lot,
    product,
  )
  return known?.uri ?? lotUri({ id: product }, lot)
}

/** The serial in a unit's URI, or the URI. */
export const serialOf = (uri: string): string => {
  const found = /(?:\/21\/|\/8011\/|\/00\/|\/8004\/|:)([^/:]+)$/.exec(uri)
  return found?.[1] === undefined ? uri : decoded(found[1])
}

/** The event of a fact; `source` keeps the sequence of stated facts apart from those of the stations. */
export function factEvent(
  fact: TraceFact,
  resolved: ResolvedFact,
  where: { plant: string; line: string },
  schemaUri: (type: string) => string,
): Omit<QEvent, 'sequence'> {
  return {
    specversion: '1.0',
    id: fact.id,
    source: `/plants/${where.plant}/lines/${where.line}/trace`,
    type: resolved.type,
    subject: resolved.subject,
    time: fact.at,
    datacontenttype: 'application/json',
    dataschema: schemaUri(resolved.type),
    partitionkey: where.line,
    data: resolved.data,
  }
}
