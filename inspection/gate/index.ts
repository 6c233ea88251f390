export { compileGate, type GateResult, type GateViolation, qualityError } from './gate.ts'
