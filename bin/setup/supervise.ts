import { fork } from 'node:child_process'
import { STOP_SIGNALS } from '../../contracts/index.ts'
import { log } from './log.ts'

/** Starts again at most this often within the window; then the line stays down and says so. */
const BUDGET = { restarts: 5, withinMs: 60_000 }

const KILLED = 'by somebody, or by the system for want of memory (its log says so): start it again'

/** Pause before a restart, ms: a port or a lock of the dead process needs a moment to be free. */
const PAUSE_MS = 500

/**
 * Runs this same command in a child process and starts it again when it dies. When the first child never came up it
 * is not started again: its configuration or its store must be mended first. The child ends with its supervisor.
 *
 * @returns the exit code to end with
 */
export function supervise(extraArgs: string[]): Promise<number> {
  const [, script = '', ...args] = process.argv
  const deaths: number[] = []
  return new Promise((resolve) => {
    let stopping = false
    let everUp = false
    let kill: (signal: NodeJS.Signals) => void = () => undefined
    for (const signal of STOP_SIGNALS) {
      process.on(signal, () => {
        stopping = true
        kill(signal)
      })
    }
    const start = (): void => {
      const child = fork(script, [...args, ...extraArgs], { execArgv: process.execArgv, stdio: 'inherit' })
      kill = (signal) => child.kill(signal)
      let told: number | null = null
      child.on('message', (message) => {
        if (typeof message === 'object' && message !== null && 'endedWith' in message)
          told = Number(message.endedWith)
        else if (message === 'stopping') stopping = true
        else everUp ||= message === 'started'
      })
      child.on('exit', (ownCode, signal) => {
        // A thread that hangs in native code has the ending process killed: its work was done by then.
        const code = ownCode ?? told
        if (signal !== null && !stopping && !everUp)
          log.error({ signal, hint: KILLED }, 'the line process was killed before it was up')
        if (stopping || !everUp || code === 0) return resolve(code ?? 1)
        const now = performance.now()
        deaths.push(now)
        const recent = deaths.filter((t) => now - t < BUDGET.withinMs).length
        log.error({ code, signal, recent, budget: BUDGET }, 'the line process died')
        if (recent > BUDGET.restarts) return resolve(1)
        setTimeout(() => (stopping ? resolve(code ?? 1) : start()), PAUSE_MS)
      })
    }
    start()
  })
}

/** In the child: tells the supervisor that the line is up, and ends when the supervisor is gone. */
export function reportStarted(stop: () => void): void {
  tell('started')
  // Before the listener that waits for native code, which may be the last thing the process does.
  process.prependListener('exit', (endedWith) => tell({ endedWith }))
  if (!process.send) return
  if (process.connected) process.on('disconnect', stop)
  else stop()
}

/** In the child: it ends by itself, and is not to be started again whatever its exit code. */
export function reportStopping(): void {
  tell('stopping')
}

/** A supervisor that is gone hears nothing; without a callback that would be an error that ends the process. */
function tell(message: unknown): void {
  process.send?.(message, undefined, undefined, () => undefined)
}
