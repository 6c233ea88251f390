import type { Me } from '../api/types.ts'

/** From the one that only looks to the one that may do everything. */
export const ROLES = ['viewer', 'operator', 'qa', 'process', 'admin'] as const satisfies Me['role'][]
