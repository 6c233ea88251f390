import type { AccountKind, Role } from '../../contracts/index.ts'

export interface Account {
  /** With which its holder signs in. */
  id: string
  /** Under which its holder answers for what is recorded. */
  name: string
  role: Role
  kind: AccountKind
  madeAt: string
  changedAt: string
}

/** Who does something to an account, and from where. */
export interface Doer {
  by: string
  from: string
}

export interface AccountPort {
  /** Signs sessions; 32 bytes that nobody else reads. */
  readonly key: Buffer
  list(): Account[]
  /** With the stamp that its sessions name: another one ends them. Null = there is no such account. */
  find(id: string): (Account & { stamp: string }) | null
  /** Ends a session. @param untilMs when it would be over by itself, epoch */
  end(session: string, untilMs: number): void
  isEnded(session: string): boolean
  /** The machine that shows this token. */
  byToken(token: string): Account | null
  /** @throws API_LOGIN, API_BUSY */
  signIn(id: string, password: string, from: string): Promise<Account & { stamp: string }>
  /**
   * @param password of a person; a machine gets a token
   * @returns the token of a machine, which is shown once
   * @throws API_ACCOUNT when id or name are taken, API_BUSY
   */
  add(
    account: Pick<Account, 'id' | 'name' | 'role'> & { password?: string | undefined },
    doer: Doer,
  ): Promise<{ token?: string }>
  /**
   * A new role, name or password ends the sessions of the account.
   *
   * @returns the new token of a machine, where `token` asked for one
   * @throws API_ACCOUNT, API_BUSY, API_NOT_FOUND
   */
  change(
    id: string,
    change: {
      name?: string | undefined
      role?: Role | undefined
      password?: string | undefined
      token?: true | undefined
    },
    doer: Doer,
  ): Promise<{ token?: string }>
  /** @throws API_NOT_FOUND */
  remove(id: string, doer: Doer): void
}
