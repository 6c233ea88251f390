import { join } from 'node:path'
import {
  type IdentityChanged,
  newEvent,
  type PartStore,
  type QEvent,
  type SqlDatabase,
} from '../../contracts/index.ts'
import { openSql } from '../store/open-sql.ts'
import { IdentityMap } from '../identity/index.ts'
import { uriOf } from './things.ts'

/** Subject of every identity change: they are few, and this finds them all at once. */
const SUBJECT = 'identity'

/** What was folded of a database so far; the log is only ever added to. */
const folded = new WeakMap<SqlDatabase, { position: number; map: IdentityMap }>()

/** The identity changes of the log, in order. */
export function identityMap(db: SqlDatabase): IdentityMap {
  const known = folded.get(db) ?? { position: 0, map: new IdentityMap() }
  folded.set(db, known)
  const rows = db.all<{ position: number; json: string }>(
    `select position, json from event where subject = ? and type <> 'qe.inspection.completed.v1'
       and type = 'qe.identity.changed.v1' and position > ? order by position`,
    SUBJECT,
    known.position,
  )
  for (const { position, json } of rows) {
    known.map.apply((JSON.parse(json) as QEvent<IdentityChanged>).data)
    known.position = position
  }
  return known.map
}

/** What was folded may have been rolled back. */
export const forgetIdentities = (db: SqlDatabase): void => void folded.delete(db)

/** Every URI that stands for the same part, this one included. */
export function namesOf(db: SqlDatabase, uri: string): string[] {
  const names = identityMap(db).names(uri)
  return names.includes(uri) ? names : [uri, ...names]
}

/** Merges and splits identities, one after the other, each checked against those before it. */
export class IdentityChanges {
  readonly #db: SqlDatabase
  readonly #store: Pick<PartStore, 'emit'>
  readonly #source: { plant: string; line: string }
  #last: Promise<unknown> = Promise.resolve()

  constructor(db: SqlDatabase, store: Pick<PartStore, 'emit'>, source: { plant: string; line: string }) {
    this.#db = db
    this.#store = store
    this.#source = source
  }

  close(): void {
    this.#db.close()
  }

  /**
   * @returns the change with its names resolved, once it is in the log
   * @throws TRC_IDENTITY when it contradicts the changes before it, TRC_NOT_FOUND for a name nobody knows
   */
  change(asked: IdentityChanged): Promise<IdentityChanged> {
    const turn = this.#last.then(() => this.#change(asked))
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #change(asked: IdentityChanged): Promise<IdentityChanged> {
    const change = {
      ...asked,
      canonical: uriOf(this.#db, asked.canonical),
      uris: asked.uris.map((u) => uriOf(this.#db, u)),
    }
    // On a map of its own: the shared one takes it from the log.
    identityMap(this.#db).copy().apply(change)
    const { plant, line } = this.#source
    const source = `/plants/${plant}/lines/${line}`
    await this.#store.emit(
      newEvent({
        type: 'qe.identity.changed.v1',
        source,
        subject: SUBJECT,
        partitionkey: line,
        data: change,
      }),
    )
    return change
  }
}

/** @throws TRC_OPEN when no store has been opened in the directory yet */
export const openIdentityChanges = (
  dataDir: string,
  store: Pick<PartStore, 'emit'>,
  source: { plant: string; line: string },
): IdentityChanges =>
  new IdentityChanges(
    openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true }),
    store,
    source,
  )
