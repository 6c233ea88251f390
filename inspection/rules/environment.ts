import { Environment } from '@marcbachmann/cel-js'

const FINDING = {
  id: 'string',
  tool: 'string',
  class: 'string',
  score: 'double',
  areaPx: 'double',
  widthPx: 'double',
  heightPx: 'double',
  rois: 'list<string>',
} as const
const FINDING_MM = { areaMm2: 'double', lengthMm: 'double' } as const

/** A class, because values of a typed map are not converted from plain objects by the CEL library. */
export class Measured {
  readonly value: number
  readonly unit: string
  readonly state: string

  constructor(value: number, unit: string, state: string) {
    this.value = value
    this.unit = unit
    this.state = state
  }
}

/**
 * The CEL environment of rule conditions. Millimetres exist only where the recipe has a calibration, so that a rule
 * on uncalibrated millimetres is refused when it is loaded. `matches()` is absent on purpose: patterns can be
 * unbounded in time.
 */
export function ruleEnvironment(hasMm: boolean): Environment {
  return new Environment({ unlistedVariablesAreDyn: false, limits: { maxAstNodes: 2_000, maxDepth: 60 } })
    .registerType('Finding', { schema: hasMm ? { ...FINDING, ...FINDING_MM } : FINDING })
    .registerType('Measured', {
      ctor: Measured,
      fields: { value: 'double', unit: 'string', state: 'string' },
    })
    .registerType('Code', { schema: { tool: 'string', ok: 'bool', text: 'string', symbology: 'string' } })
    .registerVariable('findings', 'list<Finding>')
    .registerVariable('measurements', 'map<string, Measured>')
    .registerVariable('codes', 'list<Code>')
    .registerVariable('scores', 'map<string, double>')
    .registerVariable('quality', {
      schema: {
        focus: 'double',
        meanGrey: 'double',
        glare: 'double',
        dark: 'double',
        blurAnisotropy: 'double',
      },
    })
    .registerVariable('registration', {
      schema: { dxPx: 'double', dyPx: 'double', angleDeg: 'double', score: 'double' },
    })
    .registerVariable('part', {
      schema: { product: 'string', lot: 'string', supplier: 'string', workOrder: 'string' },
    })
    .registerVariable('line', { schema: { line: 'string', station: 'string', shift: 'string' } })
}
