import type { SqlDatabase } from '../../contracts/index.ts'
import { namesOf } from '../genealogy/identity-names.ts'

/** Codes of one unit that are shown, at most. */
const MOST = 20

/** Another way in which a unit is named: a URI it was merged with, a stored name, or the text of a code as it was read. */
export interface UnitAlias {
  /** `uri`, `gs1`, `epc`, `barcode` …, or how a read came to the part: `direct`, `time` … */
  scheme: string
  value: string
}

/** Every other name of a unit, merged identities first. */
export function aliasesOf(db: SqlDatabase, uri: string): UnitAlias[] {
  const merged = namesOf(db, uri).filter((u) => u !== uri)
  const stored = db.all<{ scheme: string; value: string }>(
    'select scheme, value from identity_alias where uri = ? order by scheme, value limit ?',
    uri,
    MOST,
  )
  const read = db.all<{ scheme: string; value: string }>(
    `select distinct c.associated_by as scheme, c.text as value from inspection i
       join carrier_read c on c.position = i.position where i.unit = ? and c.ok = 1 order by 2, 1 limit ?`,
    uri,
    MOST,
  )
  return [...merged.map((value) => ({ scheme: 'uri', value })), ...stored, ...read]
}
