import type { LineSpec, PartContext } from '../../contracts/index.ts'

/**
 * What holds for every part of a station. With a calendar of shifts each part gets its own; a canary has the first one,
 * so that it is judged alike at all hours.
 */
export const partContext = (spec: LineSpec, station: string, product: string): PartContext => ({
  ...spec.context,
  shift: spec.context.shift ?? spec.shifts?.calendar[0]?.name ?? 'day',
  line: spec.line,
  plant: spec.plant,
  station,
  product,
})
