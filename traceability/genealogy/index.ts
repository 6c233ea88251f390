export { HoldBoard, openHoldBoard, type StationFacts } from './hold-board.ts'
export { IdentityChanges, openIdentityChanges } from './identity-changes.ts'
export { shortName } from './things.ts'
