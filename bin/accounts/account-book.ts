import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { type AccountKind, CodedError, type Role, type SqlDatabase } from '../../contracts/index.ts'
import type { Account, AccountPort, Doer } from '../../dashboard/index.ts'
import { openSql, type OwnFile } from '../../traceability/index.ts'
import { AccountAudits, AUDIT_SCHEMA, type Audited } from './account-audits.ts'
import { makeAccountFile, ownAccountFiles } from './account-file.ts'
import { hashPassword, hashToken, newToken, passwordFits } from './passwords.ts'
import { SignInLimit } from './sign-in-limit.ts'

const SCHEMA = `
create table if not exists session_key (id integer primary key check (id = 1), key blob not null) strict;
create table if not exists account (
  id text primary key,
  name text not null unique,
  role text not null,
  kind text not null check (kind in ('person', 'machine')),
  -- What is kept of the password or token.
  secret text not null unique,
  -- Named by its sessions.
  stamp text not null,
  made_at text not null,
  changed_at text not null
) strict, without rowid;
-- Sessions that were signed out of before their time.
create table if not exists session_end (id text primary key, until_ms integer not null) strict, without rowid;
${AUDIT_SCHEMA}`

type Row = {
  id: string
  name: string
  role: Role
  kind: AccountKind
  secret: string
  stamp: string
  made_at: string
  changed_at: string
}

const KEY_BYTES = 32
/** A lock of another program is waited for in the thread that every part goes through, ms. */
const LOCK_WAIT_MS = 200

/**
 * The accounts of one data directory, in a database of their own, so that a command beside the running line changes them,
 * too. Each change and what is told of it are one transaction.
 */
export class AccountBook implements AccountPort {
  readonly key: Buffer
  readonly #db: SqlDatabase
  readonly #files: OwnFile[]
  readonly #limit = new SignInLimit()

  readonly #audits: AccountAudits

  private constructor(db: SqlDatabase, files: OwnFile[], key: Buffer, log: boolean) {
    this.#db = db
    this.#files = files
    this.key = key
    this.#audits = new AccountAudits(db, log)
  }

  /** @param log false = there is no log of a line that takes over what happens. @throws TRC_OPEN, TRC_WRITE */
  static open(dataDir: string, { log = true }: { log?: boolean } = {}): AccountBook {
    const file = join(dataDir, 'accounts.db')
    makeAccountFile(file)
    const db = openSql(file, { synchronous: 'full' })
    try {
      db.exec(`pragma busy_timeout = ${LOCK_WAIT_MS}`)
      db.exec(SCHEMA)
      db.run('insert or ignore into session_key (id, key) values (1, ?)', randomBytes(KEY_BYTES))
      const { key } = db.get<{ key: Uint8Array }>('select key from session_key') ?? {}
      return new AccountBook(db, ownAccountFiles(file), Buffer.from(key ?? []), log)
    } catch (error) {
      db.close()
      throw error
    }
  }

  /** The key of the accounts in a data directory; null where there are none, or another user's. */
  static keyIn(dataDir: string): Buffer | null {
    try {
      const db = openSql(join(dataDir, 'accounts.db'), { synchronous: 'full', readOnly: true })
      try {
        const row = db.get<{ key: Uint8Array }>('select key from session_key')
        return row === undefined ? null : Buffer.from(row.key)
      } finally {
        db.close()
      }
    } catch {
      return null
    }
  }

  close(): void {
    this.#db.close()
  }

  /** Why nobody is known by it any more: another file lies in its place, or none. Null where it is the one. */
  astray(): CodedError | null {
    for (const file of this.#files) {
      const astray = file.astray()
      if (astray) return astray
    }
    return null
  }

  list(): Account[] {
    this.#mustBeInPlace()
    return this.#db.all<Row>('select * from account order by id').map(shown)
  }

  find(id: string): (Account & { stamp: string }) | null {
    const row = this.#row(id)
    return row === undefined ? null : { ...shown(row), stamp: row.stamp }
  }

  end(session: string, untilMs: number): void {
    this.#db.transaction(() => {
      this.#db.run('delete from session_end where until_ms < ?', Date.now())
      this.#db.insert('session_end', 'id, until_ms', [[session, untilMs]], 'do nothing')
    })
  }

  isEnded(session: string): boolean {
    return this.#db.get('select 1 as there from session_end where id = ?', session) !== undefined
  }

  byToken(token: string): Account | null {
    this.#mustBeInPlace()
    const row = this.#db.get<Row>(
      `select * from account where secret = ? and kind = 'machine'`,
      hashToken(token),
    )
    return row === undefined ? null : shown(row)
  }

  async signIn(id: string, password: string, from: string): Promise<Account & { stamp: string }> {
    this.#limit.check(id, from)
    const row = this.#row(id)
    const person = row?.kind === 'person' ? row : undefined
    const fits = await passwordFits(password, person?.secret ?? null)
    // Of many that were sent at once, those behind the last free one learn nothing.
    this.#limit.check(id, from)
    if (!fits || person === undefined) {
      if (this.#limit.wrong(id, from) && row !== undefined)
        this.#audits.add({ action: 'locked', account: id, by: id, from })
      throw new CodedError('API_LOGIN', {
        expected: 'name and password of an account',
        actual: 'others',
        zh: { expected: '正确的账户名和密码', actual: '不符' },
      })
    }
    this.#limit.right(id, from)
    this.#audits.add({ action: 'signed-in', account: id, role: person.role, by: id, from })
    return { ...shown(person), stamp: person.stamp }
  }

  async add(
    { id, name, role, password }: Parameters<AccountPort['add']>[0],
    doer: Doer,
  ): Promise<{ token?: string }> {
    const token = password === undefined ? newToken() : undefined
    const secret = password === undefined ? hashToken(token ?? '') : await hashPassword(password)
    const at = new Date().toISOString()
    this.#mustBeInPlace()
    this.#db.transaction(() => {
      this.#mustBeFree('id', id)
      this.#mustBeFree('name', name)
      const kind: AccountKind = password === undefined ? 'machine' : 'person'
      this.#db.insert('account', 'id, name, role, kind, secret, stamp, made_at, changed_at', [
        [id, name, role, kind, secret, newStamp(), at, at],
      ])
      this.#audits.add({ action: 'made', account: id, role, ...doer })
    })
    return token === undefined ? {} : { token }
  }

  async change(
    id: string,
    { name, role, password, token }: Parameters<AccountPort['change']>[1],
    doer: Doer,
  ): Promise<{ token?: string }> {
    const { kind } = this.#must(id)
    if ((password !== undefined && kind === 'machine') || (token === true && kind === 'person'))
      throw new CodedError('API_ACCOUNT', {
        expected: kind === 'machine' ? 'a new token for a machine' : 'a new password for a person',
        actual: password === undefined ? 'a token' : 'a password',
        zh: {
          expected: kind === 'machine' ? '设备账户使用令牌' : '人员账户使用密码',
          actual: password === undefined ? '令牌' : '密码',
        },
      })
    const fresh = token === true ? newToken() : undefined
    const secret =
      fresh !== undefined ? hashToken(fresh) : password === undefined ? null : await hashPassword(password)
    this.#db.transaction(() => {
      const row = this.#must(id)
      if (name !== undefined && name !== row.name) this.#mustBeFree('name', name)
      this.#db.run(
        'update account set name = ?, role = ?, secret = ?, stamp = ?, changed_at = ? where id = ?',
        name ?? row.name,
        role ?? row.role,
        secret ?? row.secret,
        newStamp(),
        new Date().toISOString(),
        id,
      )
      const changed = [
        ...(name === undefined ? [] : (['name'] as const)),
        ...(role === undefined ? [] : (['role'] as const)),
        ...(secret === null ? [] : (['secret'] as const)),
      ]
      this.#audits.add({ action: 'changed', account: id, role: role ?? row.role, changed, ...doer })
    })
    return fresh === undefined ? {} : { token: fresh }
  }

  remove(id: string, doer: Doer): void {
    this.#db.transaction(() => {
      this.#must(id)
      this.#db.run('delete from account where id = ?', id)
      this.#audits.add({ action: 'removed', account: id, ...doer })
    })
  }

  /** What happened, the newest last. @param asked `open`: only what the log of the line does not have yet */
  audits(asked: { open: boolean; limit: number }): Audited[] {
    return this.#audits.list(asked)
  }

  logged(id: string): void {
    this.#audits.logged(id)
  }

  /** Whether it knows of this, or of something that was done since and that the log of the line does not have yet. */
  follows(audit: string): boolean {
    return this.#audits.has(audit) || this.audits({ open: true, limit: 1 }).length > 0
  }

  /** @throws TRC_WRITE */
  #mustBeInPlace(): void {
    const astray = this.astray()
    if (astray) throw astray
  }

  #row(id: string): Row | undefined {
    this.#mustBeInPlace()
    return this.#db.get<Row>('select * from account where id = ?', id)
  }

  /** @throws API_NOT_FOUND */
  #must(id: string): Row {
    const row = this.#row(id)
    if (row === undefined)
      throw new CodedError('API_NOT_FOUND', {
        expected: 'an account',
        actual: id,
        zh: { expected: '已有的账户' },
      })
    return row
  }

  /** @throws API_ACCOUNT */
  #mustBeFree(column: 'id' | 'name', value: string): void {
    if (this.#db.get(`select 1 as there from account where ${column} = ?`, value) !== undefined)
      throw new CodedError('API_ACCOUNT', {
        path: column,
        expected: `one that no account has`,
        actual: value,
        zh: { expected: '未被其他账户使用' },
      })
  }
}

const newStamp = (): string => randomBytes(9).toString('base64url')

const shown = (row: Row): Account => ({
  id: row.id,
  name: row.name,
  role: row.role,
  kind: row.kind,
  madeAt: row.made_at,
  changedAt: row.changed_at,
})
