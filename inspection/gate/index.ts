export { type ColourCheck, compileColour } from './colour.ts'
export { compileGate, type GateResult, type GateViolation, qualityError } from './gate.ts'
