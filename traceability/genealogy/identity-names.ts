import type { IdentityChanged, QEvent, SqlDatabase } from '../../contracts/index.ts'
import { IdentityMap } from '../identity/identity-map.ts'

/** Subject of every identity change: they are few, and this finds them all at once. */
export const IDENTITY_SUBJECT = 'identity'

interface Folded {
  /** Of the last change, and what it said: a change that was rolled back after it was read is not there again. */
  position: number
  json: string
  map: IdentityMap
  /** Without the splits. */
  ever: IdentityMap
  changes: { position: number; uris: readonly string[] }[]
}
const none = (): Folded => ({
  position: 0,
  json: '',
  map: new IdentityMap(),
  ever: new IdentityMap(),
  changes: [],
})

/** What was folded of a database so far; the log is only ever added to. */
const folded = new WeakMap<SqlDatabase, Folded>()

function fold(db: SqlDatabase): Folded {
  let known = folded.get(db) ?? none()
  let rows = changesFrom(db, known.position)
  if (known.position > 0) {
    const last = rows.shift()
    if (last?.position !== known.position || last.json !== known.json) {
      known = none()
      rows = changesFrom(db, 0)
    }
  }
  folded.set(db, known)
  for (const { position, json } of rows) {
    const { data } = JSON.parse(json) as QEvent<IdentityChanged>
    known.map.take(data)
    if (data.kind === 'merge') known.ever.take(data)
    known.changes.push({ position, uris: [data.canonical, ...data.uris] })
    known.position = position
    known.json = json
  }
  return known
}

const changesFrom = (db: SqlDatabase, position: number): { position: number; json: string }[] =>
  db.all(
    `select position, json from event where subject = ? and type <> 'qe.inspection.completed.v1'
       and type = 'qe.identity.changed.v1' and position >= ? order by position`,
    IDENTITY_SUBJECT,
    position,
  )

/** What was merged, after the identity changes of the log. One statement: asked once per question, then handed on. */
export const identityMap = (db: SqlDatabase): IdentityMap => fold(db).map

/** Positions of the identity changes that speak of one of these names, those before a split too. */
export function identityChanges(db: SqlDatabase, names: readonly string[]): number[] {
  const { changes } = fold(db)
  return changes.filter(({ uris }) => uris.some((u) => names.includes(u))).map((c) => c.position)
}

/** What was folded may have been rolled back. */
export const forgetIdentities = (db: SqlDatabase): void => void folded.delete(db)

/** Every URI that stands for the same part, this one included. */
export const namesOf = (db: SqlDatabase, uri: string): string[] => identityMap(db).names(uri)

/** Every URI that stood for the same part at some time, this one included. */
export const namesEverOf = (db: SqlDatabase, uri: string): string[] => fold(db).ever.names(uri)
