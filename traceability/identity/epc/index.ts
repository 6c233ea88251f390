export * from './decode.ts'
export * from './epc.ts'
export { escapeEpc } from './keys.ts'
export * from './uri.ts'
