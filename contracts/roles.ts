import { CodedError } from './errors.ts'

/** Who may do what. `qa` and `process` stand side by side: neither includes the other. */
export const ROLES = ['viewer', 'operator', 'qa', 'process', 'admin'] as const
export type Role = (typeof ROLES)[number]

const ZH: Readonly<Record<Role, string>> = {
  viewer: '访客',
  operator: '操作员',
  qa: '质量工程师',
  process: '工艺工程师',
  admin: '管理员',
}

const RANK: Record<Role, number> = { viewer: 0, operator: 1, qa: 2, process: 2, admin: 3 }

const roleOf = (text: string): Role | undefined => ROLES.find((r) => r === text)

/** True when a holder of `have` may do what asks for `need`; an unknown role may do nothing. */
export function allows(have: string, need: Role): boolean {
  const role = roleOf(have)
  return role !== undefined && (role === need || RANK[role] > RANK[need])
}

/** @throws API_ROLE when a holder of `have` may not do what asks for `need` */
export function mustAllow(have: string, need: Role): void {
  if (allows(have, need)) return
  const role = roleOf(have)
  throw new CodedError('API_ROLE', {
    expected: `role ${need}`,
    actual: `role ${have || 'none'}`,
    hint: 'sign in with an account that has it, or do it at the line PC itself where that takes none',
    zh: {
      expected: ZH[need],
      actual: role === undefined ? have || '无' : ZH[role],
      hint: '请用有此角色的账户登录,或在无需账户的产线电脑上操作',
    },
  })
}
