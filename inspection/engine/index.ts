export type { EngineLog, StandingAlarm } from './alarm-board.ts'
export type { Identify, JudgedPart } from './judged-part.ts'
export { StationEngine, type StationPorts } from './station-engine.ts'
export type { StationCounters, StationState } from './station-state.ts'
