import { readFileSync, statSync } from 'node:fs'
import { CodedError } from '../../contracts/thread.ts'

/** Bytes of the shared-memory file that connections lock: writing, checkpointing, recovery, five readers (sqlite.org/walformat.html#wal_locks). */
const FIRST_LOCK = 120
const LAST_LOCK = 127
const MOST_NAMED = 4

/**
 * What to say when the write-ahead log of a database could not be folded into its file.
 *
 * @param found how far it came, or why it did not begin
 */
export const walRest = (path: string, found: string): CodedError =>
  new CodedError('TRC_WAL', {
    file: path,
    expected: 'nobody that reads the database while it is closed, and room on the disk',
    actual: `${found}; ${holders(path)}`,
    hint: `nothing is lost: the rest lies in ${path}-wal, which belongs to the file, also when it is copied; the next start goes on with it`,
  })

/** Who locks the database now, as far as Linux tells: its pid and name; elsewhere what it usually is. */
function holders(path: string): string {
  const pids = lockers(path)
  if (pids === null || pids.length === 0)
    return 'who holds it cannot be told here: a backup or a database browser, perhaps'
  const named = pids.slice(0, MOST_NAMED).map((pid) => `${nameOf(pid)} (pid ${pid})`)
  return `held by ${named.join(', ')}${pids.length > MOST_NAMED ? ' and others' : ''}`
}

/** By `/proc/locks`: `1: POSIX ADVISORY READ 4711 08:01:1234 124 124`. */
function lockers(path: string): number[] | null {
  try {
    const inode = statSync(`${path}-shm`).ino
    const pids = readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, kind, , , , file, start]) => {
        const byte = Number(start)
        return (
          kind === 'POSIX' && file?.split(':')[2] === String(inode) && byte >= FIRST_LOCK && byte <= LAST_LOCK
        )
      })
      .map(([, , , , pid]) => Number(pid))
    return [...new Set(pids)]
  } catch {
    return null
  }
}

function nameOf(pid: number): string {
  if (pid === process.pid) return 'a query of this program'
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return 'a program that cannot be looked at'
  }
}
