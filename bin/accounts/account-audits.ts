import { type AccountAudit, type SqlDatabase, uuidv7 } from '../../contracts/index.ts'

export const AUDIT_SCHEMA = `
-- What happened, in order; logged = 1 once it is in the log of the line.
create table if not exists account_audit (
  position integer primary key,
  id text not null unique,
  at text not null,
  audit text not null,
  logged integer not null default 0
) strict;
create index if not exists account_audit_open on account_audit (position) where logged = 0;`

export interface Audited {
  id: string
  at: string
  audit: AccountAudit
}

/** Of what the log has, so many of the newest stay here, too: every sign-in adds one. */
const KEPT = 10_000
/** Where no log has them, so many sign-ins stay; what was changed stays for good. */
const KEPT_SIGN_INS = 100_000

/** What happened to accounts, in their own database until the log of the line has it. */
export class AccountAudits {
  readonly #db: SqlDatabase
  readonly #log: boolean

  /** @param log false = no log will ever take them over, as of a plant */
  constructor(db: SqlDatabase, log: boolean) {
    this.#db = db
    this.#log = log
  }

  add(audit: AccountAudit): void {
    this.#db.insert('account_audit', 'id, at, audit', [
      [uuidv7(), new Date().toISOString(), JSON.stringify(audit)],
    ])
    if (!this.#log)
      this.#db.run(
        `delete from account_audit where position <= (select max(position) from account_audit) - ?
           and json_extract(audit, '$.action') in ('signed-in', 'locked')`,
        KEPT_SIGN_INS,
      )
  }

  /** The newest last. @param open only what the log of the line does not have yet */
  list({ open, limit }: { open: boolean; limit: number }): Audited[] {
    return this.#db
      .all<{ id: string; at: string; audit: string }>(
        `select id, at, audit from (
           select * from account_audit ${open ? 'where logged = 0 order by position' : 'order by position desc'} limit ?
         ) order by position`,
        limit,
      )
      .map(({ id, at, audit }) => ({ id, at, audit: JSON.parse(audit) as AccountAudit }))
  }

  has(id: string): boolean {
    return this.#db.get('select 1 as there from account_audit where id = ?', id) !== undefined
  }

  /** The newest that the log has always stays here, too: by it an older copy of this file is told. */
  logged(id: string): void {
    this.#db.transaction(() => {
      this.#db.run('update account_audit set logged = 1 where id = ?', id)
      this.#db.run(
        'delete from account_audit where logged = 1 and id <> ? and position <= (select max(position) from account_audit) - ?',
        id,
        KEPT,
      )
    })
  }
}
