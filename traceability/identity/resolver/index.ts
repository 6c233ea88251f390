export * from './handle.ts'
export * from './linkset.ts'
export * from './registration-queue.ts'
