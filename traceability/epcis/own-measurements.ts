import type { InspectionCompleted } from '../../contracts/index.ts'
import type { JsonObject } from './faults.ts'

/** Units of recipes → type of the GS1 Web Vocabulary and UN/ECE code. */
const UNITS: Readonly<Record<string, { type: string; uom: string }>> = {
  mm: { type: 'Length', uom: 'MMT' },
  um: { type: 'Length', uom: '4H' },
  µm: { type: 'Length', uom: '4H' },
  cm: { type: 'Length', uom: 'CMT' },
  m: { type: 'Length', uom: 'MTR' },
  mm2: { type: 'Area', uom: 'MMK' },
  'mm²': { type: 'Area', uom: 'MMK' },
  deg: { type: 'Angle', uom: 'DD' },
  '°': { type: 'Angle', uom: 'DD' },
  rad: { type: 'Angle', uom: 'C81' },
}

/** A measurement of an inspection as a sensor report (EPCIS 2.0, 7.3.7.2). */
export function sensorReport(m: InspectionCompleted['measurements'][number]): JsonObject {
  const known = Object.hasOwn(UNITS, m.unit) ? UNITS[m.unit] : undefined
  return {
    type: known?.type ?? 'sightline:measurement',
    value: m.value,
    uom: known?.uom ?? m.unit,
    'sightline:characteristic': m.characteristic,
    ...(m.lsl !== undefined && { 'sightline:lsl': m.lsl }),
    ...(m.usl !== undefined && { 'sightline:usl': m.usl }),
    ...(m.uncertainty !== undefined && { 'sightline:uncertainty': m.uncertainty }),
  }
}
