export * from './handle.ts'
export * from './linkset.ts'
export * from './registration-queue.ts'
export * from './registration-store.ts'
