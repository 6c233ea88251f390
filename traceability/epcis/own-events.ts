import type {
  InspectionCompleted,
  LoggedEvent,
  TraceLinked,
  UnitDisposition,
  VerdictResult,
} from '../../contracts/index.ts'
import { lotName, thingUri } from '../genealogy/things.ts'
import { encodePart } from '../identity/gs1/index.ts'
import type { JsonObject } from './faults.ts'
import { sensorReport } from './own-measurements.ts'
import { isUnitOfRec20 } from './unit-codes.ts'

/** What an event of the log is in EPCIS terms. */
export interface OwnEvent {
  event: JsonObject
  /** Id of the event that this one corrects. */
  corrects: { eventID: string; reason: 'incorrect_data' | 'did_not_occur' } | null
}

type Data = Record<string, unknown>

const DISPOSITION: Record<VerdictResult, string> = {
  pass: 'conformant',
  fail: 'non_conformant',
  inconclusive: 'in_progress',
}

/** Business step and disposition of what a person decides (CBV 2.0, 7.1 and 7.2): the nearest words there are. */
const DECIDED: Record<UnitDisposition, [bizStep: string, disposition: string]> = {
  release: ['other', 'available'],
  'use-as-is': ['other', 'available'],
  regrade: ['other', 'available'],
  rework: ['repairing', 'in_progress'],
  scrap: ['destroying', 'disposed'],
  'return-to-supplier': ['holding', 'non_sellable_other'],
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** A lot or another class; everything else is an individual. */
const isClass = (uri: string): boolean =>
  lotName(uri) !== null || /^urn:sightline:(product|lot-name):/.test(uri)

/** A hold may name a lot that nobody knows yet. */
const asUri = (name: string): string =>
  name.startsWith('lot/') ? `urn:sightline:lot-name:${encodePart(name.slice(4))}` : name

/** How people write that they count; EPCIS counts where no unit is. */
const PIECES = /^(?:pcs?|pieces?|ea|each|个|件|只|片)$/i

/**
 * An individual, or a class with how much of it. An amount that EPCIS cannot state, in a plant's own unit or a part of a
 * piece (7.3.3.3), stands at the event: without its unit it would be a count.
 */
function things(uri: string, data: Data, instances: string, classes: string): JsonObject {
  if (!isClass(uri)) return { [instances]: [uri] }
  const { quantity, uom } = data
  if (typeof quantity !== 'number') return { [classes]: [{ epcClass: uri }] }
  const named = text(uom)
  const unit = named !== undefined && PIECES.test(named) ? undefined : named
  const stated = unit === undefined ? Number.isInteger(quantity) : isUnitOfRec20(unit)
  const amount = { quantity, ...(unit !== undefined && { uom: unit }) }
  if (stated) return { [classes]: [{ epcClass: uri, ...amount }] }
  const own = Object.entries(amount).map(([key, value]) => [`sightline:${key}`, value] as const)
  return { [classes]: [{ epcClass: uri }], ...Object.fromEntries(own) }
}

/**
 * An event of this program as an EPCIS event (EPCIS 2.0, 7.4; CBV 2.0), or null when it is no such thing.
 *
 * @param unitOf URI of the unit of an inspection, by its position in the log
 */
export function ownEvent(
  { event, position }: LoggedEvent,
  unitOf: (position: number) => string | null,
): OwnEvent | null {
  const data = event.data as Data
  const common = { eventID: `urn:uuid:${event.id}`, eventTime: event.time, eventTimeZoneOffset: '+00:00' }
  const said = {
    ...(text(data['by']) !== undefined && { 'sightline:by': data['by'] }),
    ...(text(data['reason']) !== undefined && { 'sightline:reason': data['reason'] }),
  }
  const made = bodyOf(event.type, event.subject, data, () => unitOf(position))
  const supersedes = text(data['supersedes'])
  const corrects =
    supersedes === undefined
      ? null
      : {
          eventID: `urn:uuid:${supersedes}`,
          reason:
            event.type === 'qe.trace.retracted.v1' ? ('did_not_occur' as const) : ('incorrect_data' as const),
        }
  if (made === null) return corrects === null ? null : { event: {}, corrects }
  return { event: { ...common, ...made, ...said }, corrects }
}

function bodyOf(type: string, subject: string, data: Data, unit: () => string | null): JsonObject | null {
  const observed = (uri: string, bizStep: string, disposition?: string): JsonObject => ({
    type: 'ObjectEvent',
    action: 'OBSERVE',
    ...things(uri, data, 'epcList', 'quantityList'),
    bizStep,
    ...(disposition !== undefined && { disposition }),
  })
  switch (type) {
    case 'qe.inspection.completed.v1': {
      const uri = unit()
      return uri === null ? null : inspection(uri, data as unknown as InspectionCompleted)
    }
    case 'qe.trace.linked.v1':
      return linked(data as unknown as TraceLinked, data)
    case 'ext.receipt.posted.v1':
      return {
        ...observed(subject, 'receiving', 'in_progress'),
        sourceList: [{ type: 'possessing_party', source: thingUri('supplier', String(data['supplier'])) }],
        ...(text(data['reference']) !== undefined && {
          bizTransactionList: [
            { bizTransaction: `urn:sightline:reference:${encodePart(String(data['reference']))}` },
          ],
        }),
      }
    case 'qe.unit.reworked.v1':
      return observed(subject, 'repairing')
    case 'qe.unit.reinspected.v1':
      return observed(subject, 'inspecting', DISPOSITION[data['result'] as VerdictResult])
    case 'qe.unit.dispositioned.v1': {
      const decided = data['disposition'] as UnitDisposition
      return { ...observed(subject, ...DECIDED[decided]), 'sightline:disposition': decided }
    }
    case 'qe.hold.placed.v1':
      return observed(asUri(subject), 'holding', 'unavailable')
    case 'qe.hold.released.v1':
      return data['stillHeld'] === true
        ? observed(asUri(subject), 'holding', 'unavailable')
        : observed(asUri(subject), 'other', 'available')
    case 'ext.shipment.moved.v1':
      return {
        ...observed(subject, 'shipping', 'in_transit'),
        bizTransactionList: [
          { bizTransaction: thingUri('shipment', String(data['shipment'])) },
          ...(text(data['order']) === undefined
            ? []
            : [{ type: 'po', bizTransaction: thingUri('order', String(data['order'])) }]),
        ],
        ...(text(data['customer']) !== undefined && {
          destinationList: [
            { type: 'possessing_party', destination: thingUri('customer', String(data['customer'])) },
          ],
        }),
      }
    case 'ext.return.received.v1':
      return {
        ...observed(subject, 'receiving', 'returned'),
        ...(text(data['customer']) !== undefined && {
          sourceList: [{ type: 'possessing_party', source: thingUri('customer', String(data['customer'])) }],
        }),
        ...(text(data['place']) !== undefined && { 'sightline:place': data['place'] }),
      }
    case 'ext.service.recorded.v1':
    case 'ext.complaint.received.v1':
      return {
        ...observed(subject, 'other'),
        'sightline:fact': type === 'ext.service.recorded.v1' ? 'use' : 'complaint',
        ...(text(data['place']) !== undefined && { 'sightline:place': data['place'] }),
      }
    default:
      return null
  }
}

function inspection(uri: string, i: InspectionCompleted): JsonObject {
  const { unit, place, process, verdict, measurements, defects } = i
  return {
    type: 'ObjectEvent',
    action: 'OBSERVE',
    epcList: [uri],
    bizStep: 'inspecting',
    disposition: DISPOSITION[verdict.result],
    readPoint: { id: thingUri('station', place.station) },
    bizLocation: { id: `urn:sightline:line:${encodePart(place.plant)}:${encodePart(place.line)}` },
    ...(unit.workOrder !== undefined && {
      bizTransactionList: [
        { type: 'prodorder', bizTransaction: `urn:sightline:work-order:${encodePart(unit.workOrder)}` },
      ],
    }),
    ...(measurements.length > 0 && {
      sensorElementList: [
        { sensorMetadata: { time: i.timing.captureAt }, sensorReport: measurements.map(sensorReport) },
      ],
    }),
    'sightline:verdict': verdict.result,
    'sightline:disposition': verdict.disposition,
    'sightline:recipe': `${process.recipe}@${process.recipeVersion}`,
    'sightline:serial': unit.serial,
    'sightline:lot': unit.lot,
    'sightline:runType': i.runType,
    ...(i.simulated && { 'sightline:simulated': true }),
    ...(verdict.noVerdict !== null && { 'sightline:noVerdict': verdict.noVerdict }),
    ...(defects.length > 0 && {
      'sightline:defects': defects.map((d) => ({
        'sightline:class': d.classCode,
        'sightline:severity': d.severity,
        'sightline:confidence': d.confidence,
      })),
    }),
  }
}

function linked(link: TraceLinked, data: Data): JsonObject | null {
  const { child, parent } = link
  const probable = link.certainty === 'probable' && { 'sightline:certainty': 'probable' }
  switch (link.kind) {
    case 'commission': {
      const lot = lotName(link.lot ?? '')?.slice('lot/'.length)
      return {
        type: 'ObjectEvent',
        action: 'ADD',
        epcList: [child],
        ...(lot !== undefined && { ilmd: { 'cbvmda:lotNumber': lot } }),
        bizStep: 'commissioning',
        disposition: 'active',
        'sightline:product': parent,
      }
    }
    case 'aggregate':
    case 'disaggregate':
      return {
        type: 'AggregationEvent',
        action: link.kind === 'aggregate' ? 'ADD' : 'DELETE',
        parentID: parent,
        ...things(child, data, 'childEPCs', 'childQuantityList'),
        bizStep: link.kind === 'aggregate' ? 'packing' : 'unpacking',
        ...probable,
      }
    case 'transform':
      return {
        type: 'TransformationEvent',
        ...things(parent, data, 'inputEPCList', 'inputQuantityList'),
        ...things(child, {}, 'outputEPCList', 'outputQuantityList'),
        bizStep: 'commissioning',
        ...probable,
      }
    case 'associate':
      return {
        type: 'AssociationEvent',
        action: 'ADD',
        parentID: child,
        ...things(parent, data, 'childEPCs', 'childQuantityList'),
        bizStep: 'installing',
        ...(link.validFrom !== undefined && { eventTime: link.validFrom }),
        ...(link.validTo !== undefined && { 'sightline:until': link.validTo }),
        ...probable,
      }
    default:
      return null
  }
}
