import { uuidv5 } from '../../contracts/index.ts'
import { csvText } from '../export/csv.ts'
import { OWN_CONTEXT } from '../epcis/own-context.ts'
import type { Recall, RecalledUnit } from './recall.ts'

export const RECALL_COLUMNS = [
  'serial',
  'certainty',
  'place',
  'held',
  'pallet',
  'shipment',
  'customer',
  'order',
  'product',
  'lot',
  'station',
  'judgedAt',
  'disposition',
  'returnedAt',
  'returnedFrom',
  'returnedTo',
  'uri',
  'aliases',
  'into',
] as const

/** One row of the list, in the order of `RECALL_COLUMNS`. */
export const recallRow = (u: RecalledUnit): string[] =>
  RECALL_COLUMNS.map((c) =>
    c === 'certainty'
      ? u.certain
        ? 'certain'
        : 'probable'
      : c === 'held'
        ? u.held
          ? 'yes'
          : 'no'
        : c === 'aliases'
          ? (u.aliases ?? []).join(' ')
          : (u[c] ?? ''),
  )

/** RFC 4180. A list that is not complete ends with a row without a serial that says so: a file has no other place for it. */
export const recallCsv = (list: Recall, bom = false): string =>
  csvText(
    [
      RECALL_COLUMNS,
      ...list.units.map(recallRow),
      ...(list.cut
        ? [RECALL_COLUMNS.map((c) => (c === 'certainty' ? 'not complete: too many links' : ''))]
        : []),
    ],
    bom,
  )

/** Namespace of the ids of recall events (a random UUID of this program). */
const NAMESPACE = '5b7c0f0e-6a57-4c62-9d3e-0b3a3c8f6f11'
/** Units per ObjectEvent: keeps each event readable for systems that load one at a time. */
const PER_EVENT = 1_000

/**
 * The list as an EPCIS 2.0 document (GS1 EPCIS 2.0, 12; CBV 2.0, 7.2.2 disposition `recalled`): ObjectEvents, certain
 * and probable units apart, each place of its own.
 */
export function recallEpcis(list: Recall): object {
  const groups = new Map<string, RecalledUnit[]>()
  for (const u of list.units) {
    const key = JSON.stringify([
      u.certain,
      u.place,
      u.into,
      u.pallet,
      u.shipment,
      u.customer,
      u.order,
      u.returnedAt,
      u.returnedFrom,
      u.returnedTo,
    ])
    const group = groups.get(key)
    if (group) group.push(u)
    else groups.set(key, [u])
  }
  return {
    '@context': OWN_CONTEXT,
    type: 'EPCISDocument',
    schemaVersion: '2.0',
    creationDate: list.at,
    epcisBody: {
      eventList: [...groups.values()].flatMap(chunks).map((units) => {
        const [first] = units
        return {
          type: 'ObjectEvent',
          eventID: `urn:uuid:${uuidv5(NAMESPACE, `${list.target} ${list.at} ${first?.uri ?? ''}`)}`,
          eventTime: list.at,
          eventTimeZoneOffset: '+00:00',
          action: 'OBSERVE',
          bizStep: 'holding',
          disposition: 'recalled',
          // A unit that was merged may bear either name.
          epcList: units.flatMap((u) => [u.uri, ...(u.aliases ?? [])]),
          'sightline:recallOf': list.target,
          'sightline:certainty': first?.certain ? 'certain' : 'probable',
          'sightline:place': first?.place ?? '',
          ...(list.cut && { 'sightline:complete': false }),
          ...(first?.into && { 'sightline:into': first.into }),
          ...(first?.pallet && { 'sightline:container': first.pallet }),
          ...(first?.shipment && { 'sightline:shipment': first.shipment }),
          ...(first?.customer && { 'sightline:customer': first.customer }),
          ...(first?.order && { 'sightline:order': first.order }),
          ...(first?.returnedAt && { 'sightline:returnedAt': first.returnedAt }),
          ...(first?.returnedFrom && { 'sightline:returnedFrom': first.returnedFrom }),
          ...(first?.returnedTo && { 'sightline:returnedTo': first.returnedTo }),
        }
      }),
    },
  }
}

export const RECALL_FORMS = ['json', 'csv', 'epcis'] as const
export type RecallForm = (typeof RECALL_FORMS)[number]

/** @param o `bom`: CSV for a spreadsheet; `indent` of JSON, none = on one line */
export const recallText = (
  list: Recall,
  form: RecallForm,
  { bom, indent }: { bom?: boolean; indent?: number } = {},
): string =>
  form === 'csv'
    ? recallCsv(list, bom)
    : JSON.stringify(form === 'epcis' ? recallEpcis(list) : list, null, indent)

const chunks = (units: readonly RecalledUnit[]): RecalledUnit[][] =>
  Array.from({ length: Math.ceil(units.length / PER_EVENT) }, (_, n) =>
    units.slice(n * PER_EVENT, (n + 1) * PER_EVENT),
  )
