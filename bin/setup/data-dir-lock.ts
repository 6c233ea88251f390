import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { asCoded, CodedError, makeFolder } from '../../contracts/index.ts'

/**
 * Lets one process at a time work in a data directory. The lock of a process that is gone (killed, power cut) is
 * taken over.
 *
 * @returns a function that gives the lock back
 * @throws CFG_DATA_DIR when another process is alive in it, or it cannot be written
 */
export function lockDataDir(dir: string): () => void {
  const file = join(dir, 'lock')
  try {
    makeFolder(dir, 'CFG_DATA_DIR')
    for (let attempt = 0; ; attempt++) {
      try {
        const fd = openSync(file, 'wx')
        writeSync(fd, `${process.pid} ${bootId()}`)
        closeSync(fd)
        return () => rmSync(file, { force: true })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 0) throw error
        const [pid, boot] = readFileSync(file, 'utf8').split(' ')
        const owner = Number(pid)
        if (boot === bootId() && owner !== process.pid && alive(owner)) {
          throw new CodedError('CFG_DATA_DIR', {
            file: dir,
            expected: 'a data directory of its own',
            actual: `in use by process ${owner}`,
            hint: 'stop that line or give another directory (--data)',
          })
        }
        rmSync(file, { force: true })
      }
    }
  } catch (error) {
    throw asCoded(error, 'CFG_DATA_DIR', { file: dir, expected: 'a directory that can be written' })
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
