import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asCoded, CodedError, makeFolder } from '../../contracts/index.ts'
import { takeProcessLock } from '../../traceability/index.ts'

/** SQLite takes a file system that gives no locks for one where somebody holds them. */
const UNNAMED = '; where none runs, this file system has no locks, as some network shares: use a local disk'

/**
 * Lets one process at a time work in a data directory: by `lock.db`, which the system frees when the process is gone.
 * `lock` beside it says who that is, to people and to programs from before there was a `lock.db`.
 *
 * @returns a function that gives the lock back
 * @throws CFG_DATA_DIR when another process is alive in it, or it cannot be written
 */
export function lockDataDir(dir: string): () => void {
  const file = join(dir, 'lock')
  try {
    makeFolder(dir, 'CFG_DATA_DIR')
    const free = takeProcessLock(join(dir, 'lock.db'))
    const owner = free === null ? ownerIn(file) : olderOwner(file)
    if (free === null || owner !== null) {
      free?.()
      throw new CodedError('CFG_DATA_DIR', {
        file: dir,
        expected: 'a data directory of its own',
        actual: `in use by ${owner === null ? 'another process' : `process ${owner}`}`,
        hint: `stop that line or give another directory (--data)${owner === null ? UNNAMED : ''}`,
      })
    }
    try {
      // One that was left behind may be of another user, and not to be written.
      rmSync(file, { force: true })
      writeFileSync(file, `${process.pid} ${bootId()} lock.db`)
    } catch (error) {
      free()
      throw error
    }
    return () => {
      // First, so that it never is the one of who comes next.
      rmSync(file, { force: true })
      free()
    }
  } catch (error) {
    throw asCoded(error, 'CFG_DATA_DIR', { file: dir, expected: 'a directory that can be written' })
  }
}

/** Who works there; null where that is not said (yet). */
function ownerIn(file: string): number | null {
  return Number(read(file).split(' ')[0]) || null
}

/** A program from before `lock.db` that is alive there, as while a line goes on that was started before an update. */
function olderOwner(file: string): number | null {
  const [pid, boot, by] = read(file).split(' ')
  const owner = Number(pid)
  return by === undefined && boot === bootId() && owner !== process.pid && alive(owner) ? owner : null
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function alive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Process numbers mean something only until the machine starts again. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    // No such file outside Linux: the number of the process must do.
    return 'unknown'
  }
}
