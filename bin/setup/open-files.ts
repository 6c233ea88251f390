import { readFileSync } from 'node:fs'

/** With fewer the modules of a command cannot all be loaded: Node opens many of them at once. */
export const LEAST_OPEN_FILES = 400

/** What a line has open or loads at once, without its inspection workers and with each of them (measured 150 and 135). */
const OF_A_LINE = 200
const PER_WORKER = 140

export const openFilesFor = (workers: number): number =>
  Math.max(LEAST_OPEN_FILES, OF_A_LINE + PER_WORKER * workers)

/** How many files this process may have open (Node raised it to the hard limit); Infinity where the system does not say. */
export function openFileLimit(): number {
  try {
    const soft = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
    return soft === undefined ? Infinity : Number(soft)
  } catch {
    return Infinity
  }
}
