import type { SqlDatabase } from '../../contracts/index.ts'

/** Codes of one unit that are shown, at most. */
const MOST = 20

/** Another way in which a unit is named: a URI it was merged with, a stored name, or the text of a code as it was read. */
export interface UnitAlias {
  /** `uri`, `gs1`, `epc`, `barcode` …, or how a read came to the part: `direct`, `time` … */
  scheme: string
  value: string
}

/**
 * Every other name of a unit, merged identities first.
 *
 * @param names its URIs, the canonical one first
 */
export function aliasesOf(db: SqlDatabase, names: readonly string[]): UnitAlias[] {
  const [, ...merged] = names
  const units = JSON.stringify(names)
  const stored = db.all<{ scheme: string; value: string }>(
    `select distinct a.scheme, a.value from json_each(?) v cross join identity_alias a on a.uri = v.value
       order by a.scheme, a.value limit ?`,
    units,
    MOST,
  )
  const read = db.all<{ scheme: string; value: string }>(
    `select distinct c.associated_by as scheme, c.text as value
       from json_each(?) v cross join inspection i on i.unit = v.value join carrier_read c on c.position = i.position
       where c.ok = 1 order by 2, 1 limit ?`,
    units,
    MOST,
  )
  return [...merged.map((value) => ({ scheme: 'uri', value })), ...stored, ...read]
}
