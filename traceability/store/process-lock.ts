import { accessSync, constants } from 'node:fs'
import { loadNative } from './open-sql.ts'
import { isBusy } from './sqlite-errors.ts'

/**
 * Takes a lock that one process at a time has, by the locks that SQLite has of the system: nobody can come in between
 * looking and taking, it ends with its process however that dies, and it counts between containers too, where the number
 * of a process says nothing. The file is empty and stays; taken away, two processes could each lock one of that name.
 *
 * @returns a function that gives the lock back, or null where another process, or this one, has it
 * @throws Error when the file cannot be made, written or locked
 */
export function takeProcessLock(file: string): (() => void) | null {
  let db: InstanceType<ReturnType<typeof loadNative>['DatabaseSync']> | undefined
  try {
    const held = (db = new (loadNative().DatabaseSync)(file))
    // SQLite would open it to read, and lock nobody out.
    accessSync(file, constants.W_OK)
    // No journal beside it: nothing is ever written.
    held.exec('pragma busy_timeout = 0; pragma journal_mode = memory; begin exclusive')
    return () => held.close()
  } catch (error) {
    db?.close()
    if (isBusy(error)) return null
    throw error
  }
}
