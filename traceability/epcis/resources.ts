import { BIZ_STEPS, DISPOSITIONS, EVENT_TYPES } from './vocabulary.ts'

/** Top-level resources that list values of events. */
export const RESOURCES = [
  'eventTypes',
  'epcs',
  'bizSteps',
  'bizLocations',
  'readPoints',
  'dispositions',
] as const
export type Resource = (typeof RESOURCES)[number]

/** Where each resource is kept, the parameter that asks for its events, and values that exist without an event. */
export const KEPT: Record<
  Resource,
  { kind: string; terms: string[]; parameter: string; standard: readonly string[] }
> = {
  eventTypes: { kind: 'type', terms: ['type'], parameter: 'eventType', standard: EVENT_TYPES },
  epcs: {
    kind: 'epc',
    terms: ['epc', 'parentID', 'inputEPC', 'outputEPC'],
    parameter: 'MATCH_anyEPC',
    standard: [],
  },
  bizSteps: { kind: 'bizStep', terms: ['bizStep'], parameter: 'EQ_bizStep', standard: [...BIZ_STEPS] },
  bizLocations: { kind: 'bizLocation', terms: ['bizLocation'], parameter: 'EQ_bizLocation', standard: [] },
  readPoints: { kind: 'readPoint', terms: ['readPoint'], parameter: 'EQ_readPoint', standard: [] },
  dispositions: {
    kind: 'disposition',
    terms: ['disposition'],
    parameter: 'EQ_disposition',
    standard: [...DISPOSITIONS],
  },
}

/** Name of the parameter that asks for the events of one value. */
export const resourceParameter = (resource: Resource): string => KEPT[resource].parameter
