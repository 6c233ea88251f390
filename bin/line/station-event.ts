import { type QEvent, uuidv7 } from '../../contracts/index.ts'

/** An event of one station that is no inspection. */
export const stationEvent = (
  { plant, line }: { plant: string; line: string },
  station: string,
  type: string,
  data: object,
  facts: { id?: string; at?: string; subject?: string } = {},
): Omit<QEvent, 'sequence'> => ({
  specversion: '1.0',
  id: facts.id ?? uuidv7(),
  source: `/plants/${plant}/lines/${line}/stations/${station}`,
  type,
  subject: facts.subject ?? `station/${station}`,
  time: facts.at ?? new Date().toISOString(),
  datacontenttype: 'application/json',
  dataschema: `urn:sightline:schema:${type}`,
  partitionkey: line,
  data,
})
