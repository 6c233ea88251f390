export * from './sample-line/index.ts'
