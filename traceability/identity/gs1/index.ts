export * from './ai-table.ts'
export { checkPair, GS1_CHECKS, withCheckDigit } from './checks.ts'
export * from './digital-link.ts'
export {
  bracketed,
  checkField,
  elementString,
  type Gs1Element,
  parseBracketed,
  parseElementString,
} from './elements.ts'
export * from './pairings.ts'
