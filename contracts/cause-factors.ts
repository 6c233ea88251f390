import type { NcrCategory } from './ncr.schema.ts'

/**
 * What the share of bad parts is compared by, and the branch of the Ishikawa diagram that it lies on (5M1E, 人机料法环测). A
 * recipe or model here is one of the inspection: what changes with it is how parts are measured.
 *
 * `lot` and `supplier` are the part's own; `component` are lots of what went into it, over any number of steps, and what
 * its stations were loaded with just then; `run` is a batch of a process, such as an oven run; `hour` is that of the day
 * where the line stands.
 */
export const CAUSE_FACTORS = {
  lot: 'material',
  supplier: 'material',
  component: 'material',
  componentSupplier: 'material',
  station: 'machine',
  fixture: 'machine',
  carrier: 'machine',
  cavity: 'machine',
  run: 'method',
  recipe: 'measurement',
  model: 'measurement',
  operator: 'man',
  shift: 'man',
  hour: 'environment',
} as const satisfies Record<string, NcrCategory>
export type CauseFactor = keyof typeof CAUSE_FACTORS
export const CAUSE_FACTOR_NAMES = Object.keys(CAUSE_FACTORS) as CauseFactor[]
