import { createHash } from 'node:crypto'
import { canonicalJson, type SqlDatabase } from '../../contracts/index.ts'

/** Everything a module has concluded, without what depends on when and in which batches it ran. */
export function moduleState(db: SqlDatabase): Record<string, unknown[]> {
  const own = db.all<{ name: string }>(
    `select name from sqlite_master where type = 'table' and substr(name, 1, 1) <> '_'
     and name not like 'sqlite\\_%' escape '\\' order by name`,
  )
  const state: Record<string, unknown[]> = {}
  for (const { name } of own)
    state[name] = db
      .all(`select * from "${name}"`)
      .map((r) => ({ ...r }))
      .sort((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1))
  state['_alerts'] = rows(
    db,
    `select key, severity, evidence from _alerts where state = 'active' order by key`,
  )
  state['_actions'] = rows(db, `select id, key, state, params from _actions order by id`)
  state['_outbox'] = rows(db, `select id, event from _outbox order by id`)
  state['_effective'] = rows(db, `select * from _effective order by inspection_id`)
  state['_rejected'] = rows(db, `select event_id from _rejected order by event_id`)
  return state
}

const rows = (db: SqlDatabase, sql: string): unknown[] => db.all(sql).map((r) => ({ ...r }))

export const stateHash = (db: SqlDatabase): string =>
  createHash('sha256')
    .update(canonicalJson(moduleState(db)))
    .digest('hex')
