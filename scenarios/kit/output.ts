import { asCoded, CodedError, type SqlDatabase } from '../../contracts/index.ts'
import { clearAlert, raiseAlert } from './alerts.ts'
import { proposeAction, supersedeActions, type ActionDesk } from './actions.ts'
import type { ModuleBody } from './contract.ts'
import type { Cause, OutputCtx, RefReader, SqlTx } from './io.ts'
import { enqueue } from './outbox.ts'

/** The module's side of its database: no transaction control, no closing. */
export const txOf = (db: SqlDatabase): SqlTx => ({
  get: (sql, ...values) => db.get(sql, ...values),
  all: (sql, ...values) => db.all(sql, ...values),
  run: (sql, ...values) => db.run(sql, ...values),
})

/** What a module may do in answer to `cause`; valid inside the running transaction only. */
export function outputCtx(o: {
  tx: SqlTx
  ref: RefReader
  slug: string
  body: ModuleBody
  desk: ActionDesk
  cause: Cause
}): OutputCtx {
  const { tx, ref, slug, body, desk, cause } = o
  return {
    db: tx,
    ref,
    now: new Date(cause.time),
    cause,
    emit(type, subject, data, own = cause) {
      const schema = body.emits[type]
      if (!schema || !type.startsWith(`mod.${slug}.`))
        throw new CodedError('EVT_MODULE', {
          path: slug,
          expected: `one of its declared events: ${Object.keys(body.emits).join(', ')}`,
          actual: type,
        })
      const parsed = schema.safeParse(data)
      if (!parsed.success)
        throw asCoded(parsed.error, 'EVT_SCHEMA', { path: `${slug} ${type}`, actual: parsed.error.message })
      enqueue(tx, slug, own, { type, subject, data: parsed.data })
    },
    alert: (a) => raiseAlert(tx, a, a.cause ?? cause),
    propose: (a) => proposeAction(tx, desk, a, a.cause ?? cause),
    resolve(key) {
      clearAlert(tx, key, cause.time)
      supersedeActions(tx, desk, key, cause.time)
    },
  }
}
