export * from './read-matcher.ts'
export * from './readers.ts'
export * from './recent-units.ts'
export * from './station-fifo.ts'
