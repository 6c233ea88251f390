import { createRequire } from 'node:module'

/** YAML, loaded by the first document: most threads read none. */
export const yaml = (): typeof import('yaml') =>
  createRequire(import.meta.url)('yaml') as typeof import('yaml')
