export { HoldBoard, openHoldBoard, type StationFacts } from './hold-board.ts'
export { shortName, thingUri } from './things.ts'
