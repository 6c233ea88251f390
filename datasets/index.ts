export * from './sample-line/index.ts'
export * from './readers/index.ts'
export * from './metrics/index.ts'
export * from './evaluate/index.ts'
