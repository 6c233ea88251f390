export * from './ai-table.ts'
export { checkPair, GS1_CHECKS, withCheckDigit } from './checks.ts'
export * from './digital-link.ts'
export {
  bracketed,
  checkField,
  elementString,
  FNC1,
  type Gs1Element,
  parseBracketed,
  parseElementString,
} from './elements.ts'
export * from './pairings.ts'
export { spelledFnc1 } from './spelled-fnc1.ts'
