import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

const CHILD = join(import.meta.dirname, 'traceability-crash-child.ts')

/** Numbers below `n` that are the same in every run. */
export function seeded(seed: number): (n: number) => number {
  let state = seed
  return (n) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state % n
  }
}

export interface CrashRun {
  /** Captures acknowledged before something happens. */
  acks: number
  /** Captures in flight at once. */
  lanes: number
  /** The store is there instead of in `trace.db`. */
  database?: { url: string; schema: string }
}

/**
 * Runs the child until it acknowledged `acks` captures, lets `then` happen, kills it, and returns the lines it wrote
 * whole: trigger, inspection, serial, and the sequence or `null` when the spool has it.
 */
export function killAfter(
  dataDir: string,
  { acks, lanes, database }: CrashRun,
  then: (child: ChildProcess, acknowledged: () => string[]) => Promise<void>,
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const where = database === undefined ? [] : [database.url, database.schema]
    const child = spawn(process.execPath, ['--import', 'tsx', CHILD, dataDir, String(lanes), ...where], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let waiting = false
    let out = ''
    let err = ''
    const lines = (): string[] => out.split('\n').slice(0, -1)
    child.stderr.on('data', (d: Buffer) => (err += d.toString()))
    child.stdout.on('data', (d: Buffer) => {
      out += d.toString()
      if (waiting || lines().length < acks) return
      waiting = true
      then(child, lines)
        .catch(reject)
        .finally(() => child.kill('SIGKILL'))
    })
    child.on('exit', (_code, signal) => {
      if (signal === 'SIGKILL') resolve(lines())
      else reject(new Error(`the child ended by itself: ${err}`))
    })
  })
}
