import { accessSync, chownSync, constants, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { loadNative } from './open-sql.ts'
import { isBusy } from './sqlite-errors.ts'

/**
 * Takes a lock that one process at a time has, by the locks that SQLite has of the system: nobody can come in between
 * looking and taking, it ends with its process however that dies, and it counts between containers too, where the number
 * of a process says nothing. The file is empty and stays; taken away, two processes could each lock one of that name.
 * Nothing but SQLite may open it: the system ends all locks of a process on a file of which it closes any descriptor.
 *
 * @returns a function that gives the lock back, or null where another process, or this one, has it
 * @throws Error when the file cannot be made, written or locked
 */
export function takeProcessLock(file: string): (() => void) | null {
  let db: InstanceType<ReturnType<typeof loadNative>['DatabaseSync']> | undefined
  try {
    makeEmpty(file)
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

/** Not left to SQLite, which does not say why a file cannot be made. */
function makeEmpty(file: string): void {
  try {
    writeFileSync(file, '', { flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return
    throw error
  }
  if (process.geteuid?.() !== 0) return
  // A command of root must not shut out the line, which runs as another user.
  const { uid, gid } = statSync(dirname(file))
  try {
    chownSync(file, uid, gid)
  } catch {
    // A share that gives files to nobody but itself.
  }
}
