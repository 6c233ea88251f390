import { existsSync, renameSync } from 'node:fs'
import { basename } from 'node:path'
import type { OpenSql, SqlDatabase } from '../../contracts/index.ts'
import { CodedError } from '../../contracts/thread.ts'
import { openSql } from './open-sql.ts'
import { DAMAGED, isDamaged, SqliteDamage } from './sqlite-errors.ts'

/**
 * Opens files whose content follows from the log. One that is damaged is renamed, beside its own, and begun anew: whoever
 * keeps it follows the log again.
 *
 * @param onSetAside hears of each such file
 * @returns throws TRC_OPEN for everything but damage, such as a file that another program holds
 */
export const openDerived =
  (onSetAside: (why: CodedError) => void): OpenSql =>
  (path, options) => {
    try {
      return openWhole(path, options)
    } catch (error) {
      if (!isDamaged(error)) throw error
      const aside = `${path}.damaged-${new Date().toISOString().replace(/[:.]/g, '-')}`
      for (const suffix of ['', '-wal', '-shm'])
        if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix)
      const db = openSql(path, options)
      onSetAside(
        new CodedError('TRC_REBUILT', {
          file: path,
          actual: error.detail.actual ?? error.message,
          hint: `the old file is ${basename(aside)} beside it`,
        }),
      )
      return db
    }
  }

/** @throws TRC_OPEN, with the damage as its cause where there is any */
const openWhole: OpenSql = (path, options) => {
  const db: SqlDatabase = openSql(path, options)
  try {
    const row = db.get<{ quick_check: string }>('pragma quick_check(1)')
    if (row?.quick_check === 'ok') return db
    const actual = (row?.quick_check ?? 'no answer').replaceAll('\n', ' ')
    throw new CodedError('TRC_OPEN', { file: path, actual, hint: DAMAGED, cause: new SqliteDamage(actual) })
  } catch (error) {
    db.close()
    throw error
  }
}
