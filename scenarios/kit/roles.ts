/** Who may do what in the modules. `qa` and `process` stand side by side: neither includes the other. */
export const ROLES = ['viewer', 'operator', 'qa', 'process', 'admin'] as const
export type Role = (typeof ROLES)[number]

const RANK: Record<Role, number> = { viewer: 0, operator: 1, qa: 2, process: 2, admin: 3 }

/** True when a holder of `have` may do what asks for `need`; an unknown role may do nothing. */
export function allows(have: string, need: Role): boolean {
  const role = ROLES.find((r) => r === have)
  return role !== undefined && (role === need || RANK[role] > RANK[need])
}
