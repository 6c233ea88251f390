import { Environment } from '@marcbachmann/cel-js'
import type { CodeRead, Finding } from '../../contracts/index.ts'

/** The facts a condition may name; docs/RECIPES.md says what they hold. */
export const RULE_FACTS: ReadonlySet<string> = new Set([
  'findings',
  'measurements',
  'codes',
  'scores',
  'quality',
  'registration',
  'part',
  'line',
])

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

// Classes, because what lies in a list or a map is not converted from plain objects by the CEL library.

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

export class Found {
  readonly id: string
  readonly tool: string
  readonly class: string
  readonly score: number
  readonly areaPx: number
  readonly widthPx: number
  readonly heightPx: number
  readonly rois: readonly string[]
  /** Of calibrated recipes alone, as lengthMm. */
  readonly areaMm2: number
  readonly lengthMm: number

  constructor(f: Finding) {
    this.id = f.id
    this.tool = f.tool
    this.class = f.class
    this.score = f.score
    this.areaPx = f.areaPx
    this.widthPx = f.box[2] - f.box[0]
    this.heightPx = f.box[3] - f.box[1]
    this.rois = f.rois
    this.areaMm2 = f.areaMm2 ?? 0
    this.lengthMm = f.lengthMm ?? 0
  }
}

export class Read {
  readonly tool: string
  readonly ok: boolean
  readonly text: string
  readonly symbology: string

  constructor(c: CodeRead) {
    this.tool = c.tool
    this.ok = c.ok
    this.text = c.text
    this.symbology = c.symbology
  }
}

/**
 * The CEL environment of rule conditions. Millimetres exist only where the recipe has a calibration, so that a rule
 * on uncalibrated millimetres is refused when it is loaded. `matches()` is absent on purpose: patterns can be
 * unbounded in time.
 */
export function ruleEnvironment(hasMm: boolean): Environment {
  return new Environment({ unlistedVariablesAreDyn: false, limits: { maxAstNodes: 2_000, maxDepth: 60 } })
    .registerType('Finding', { ctor: Found, fields: hasMm ? { ...FINDING, ...FINDING_MM } : FINDING })
    .registerType('Measured', {
      ctor: Measured,
      fields: { value: 'double', unit: 'string', state: 'string' },
    })
    .registerType('Code', {
      ctor: Read,
      fields: { tool: 'string', ok: 'bool', text: 'string', symbology: 'string' },
    })
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
