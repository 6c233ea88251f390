import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { isatty } from 'node:tty'
import { asCoded, isDiskFull } from '../../contracts/index.ts'

let gone = false

/** Whether who read the standard output has closed it: more of it is for nobody. */
export const readerGone = (): boolean => gone

/**
 * Lets commands outlive those who read their output: `| head -1` has seen enough, and a line goes on when the reader of
 * its log dies, or stops in order when its terminal is closed. What a full disk does not take is said and ends in exit
 * code 1; the work itself is finished all the same.
 */
export function outliveReaders(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (gone) return
    gone = true
    if (error.code === 'EPIPE' || (error.code === 'EIO' && process.stdout.isTTY)) return
    const coded = asCoded(error, isDiskFull(error) ? 'TRC_DISK_FULL' : 'CFG_USAGE', {
      path: 'standard output',
      expected: 'a place that takes all of it',
    })
    process.stderr.write(`${coded.message}\n`)
    process.exitCode = 1
  })
  process.stderr.on('error', () => undefined)
  leaveClosedTerminal()
}

/** Node resets its terminal when it ends, and aborts (SIGABRT) instead of ending when that terminal was closed. */
function leaveClosedTerminal(): void {
  const terminals = [0, 1, 2].filter(isatty)
  process.on('exit', () => {
    for (const fd of terminals.filter((t) => !isatty(t))) {
      closeSync(fd)
      // Takes the same number, so that nothing else comes to lie where messages are written.
      openSync(devNull, 'r+')
    }
  })
}
