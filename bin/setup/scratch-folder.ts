import { mkdtempSync, rmSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { asCoded, CodedError, STOP_SIGNALS } from '../../contracts/index.ts'

/** Whoever writes into a folder that is removed is given so long to end: tries, and ms between two. */
const TRIES = { count: 250, pauseMs: 20 }

/**
 * A folder among the temporary files for the time of some work. It goes with the work, however that ends, and with a signal
 * that stops the process, which then ends it as it would have. What a process left that was killed goes with the next work
 * of its kind.
 *
 * @throws CFG_USAGE when nothing can be written there; what the work throws
 */
export async function inScratchFolder<T>(kind: string, work: (dir: string) => Promise<T>): Promise<T> {
  await removeLeftBehind(kind)
  let dir = ''
  // First: without one a signal would end the process at once, right after the folder came.
  const end = (signal: NodeJS.Signals): void => {
    if (dir !== '') removeNow(dir)
    process.kill(process.pid, signal)
  }
  for (const signal of STOP_SIGNALS) process.once(signal, end)
  try {
    dir = makeOne(kind)
    return await work(dir)
  } finally {
    if (dir !== '') await removeFolder(dir)
    for (const signal of STOP_SIGNALS) process.removeListener(signal, end)
  }
}

function makeOne(kind: string): string {
  try {
    return mkdtempSync(join(tmpdir(), `sightline-${kind}-${process.pid}-`))
  } catch (error) {
    throw asCoded(error, 'CFG_USAGE', { file: tmpdir(), expected: 'a folder for temporary files (TMPDIR)' })
  }
}

/**
 * Removes a folder in which something may still be writing: a file that comes while it is emptied is taken the next time.
 * `maxRetries` of `rm` tries the empty folder alone again.
 *
 * @throws CFG_USAGE when it cannot be removed
 */
export async function removeFolder(dir: string): Promise<void> {
  for (let left = TRIES.count; !removeNow(dir); left--) {
    if (left === 0)
      throw new CodedError('CFG_USAGE', {
        file: dir,
        expected: 'a folder that can be removed',
        actual: 'files appear in it',
      })
    await setTimeout(TRIES.pauseMs)
  }
}

/** False when something came into it meanwhile. */
function removeNow(dir: string): boolean {
  try {
    rmSync(dir, { recursive: true, force: true })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && /^(ENOTEMPTY|EBUSY|EPERM)$/.test(String(error.code)))
      return false
    throw asCoded(error, 'CFG_USAGE', { file: dir, expected: 'a folder that can be removed' })
  }
}

async function removeLeftBehind(kind: string): Promise<void> {
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    const own = name.startsWith(`sightline-${kind}-`) ? name.slice(`sightline-${kind}-`.length) : ''
    const pid = /^(\d+)-\w+$/.exec(own)?.[1]
    if (pid !== undefined && isGone(Number(pid))) removeNow(join(tmpdir(), name))
  }
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH'
  }
}
