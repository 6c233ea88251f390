import { join } from 'node:path'
import { type IdentityChanged, newEvent, type PartStore, type SqlDatabase } from '../../contracts/index.ts'
import type { IdentityMap } from '../identity/index.ts'
import { openSql } from '../store/open-sql.ts'
import { refuseCycle } from './cycle-guard.ts'
import { IDENTITY_SUBJECT, identityMap } from './identity-names.ts'
import { uriOf } from './things.ts'

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
   * @throws TRC_IDENTITY when it contradicts the changes before it, TRC_NOT_FOUND for a name nobody knows,
   *   TRC_GENEALOGY when one of them was made of another
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
    const before = identityMap(this.#db)
    before.copy().apply(change)
    if (change.kind === 'merge') refuseInEachOther(this.#db, change, before)
    const { plant, line } = this.#source
    const source = `/plants/${plant}/lines/${line}`
    await this.#store.emit(
      newEvent({
        type: 'qe.identity.changed.v1',
        source,
        subject: IDENTITY_SUBJECT,
        partitionkey: line,
        data: change,
      }),
    )
    return change
  }
}

/** @throws TRC_GENEALOGY for things of which one went into another: it would be made from itself */
export function refuseInEachOther(
  db: SqlDatabase,
  { canonical, uris }: IdentityChanged,
  before: IdentityMap,
): void {
  const things = [canonical, ...uris]
  for (const [n, up] of things.entries())
    for (const down of things.slice(n + 1)) {
      if (before.canonical(up) === before.canonical(down)) continue
      refuseCycle(db, { up, down, from: '', to: null }, 0, before)
      refuseCycle(db, { up: down, down: up, from: '', to: null }, 0, before)
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
