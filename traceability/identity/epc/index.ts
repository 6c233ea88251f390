export * from './decode.ts'
export * from './epc.ts'
export * from './uri.ts'
