import { fork } from 'node:child_process'
import { log } from './log.ts'

/** Starts again at most this often within the window; then the line stays down and says so. */
const BUDGET = { restarts: 5, withinMs: 60_000 }

/**
 * Runs this same command in a child process and starts it again when it dies. A child that never came up is not
 * started again: its configuration or its store must be mended first. The child ends with its supervisor.
 *
 * @returns the exit code to end with
 */
export function supervise(extraArgs: string[]): Promise<number> {
  const [, script = '', ...args] = process.argv
  const deaths: number[] = []
  return new Promise((resolve) => {
    let stopping = false
    let kill: (signal: NodeJS.Signals) => void = () => undefined
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        stopping = true
        kill(signal)
      })
    }
    const start = (): void => {
      const child = fork(script, [...args, ...extraArgs], { execArgv: process.execArgv, stdio: 'inherit' })
      let up = false
      kill = (signal) => child.kill(signal)
      child.on('message', (message) => (up ||= message === 'started'))
      child.on('exit', (code, signal) => {
        if (stopping || !up || code === 0) return resolve(code ?? 1)
        const now = Date.now()
        deaths.push(now)
        const recent = deaths.filter((t) => now - t < BUDGET.withinMs).length
        log.error({ code, signal, recent, budget: BUDGET }, 'the line process died')
        if (recent > BUDGET.restarts) return resolve(1)
        start()
      })
    }
    start()
  })
}

/** In the child: tells the supervisor that the line is up, and ends when the supervisor is gone. */
export function reportStarted(stop: () => void): void {
  process.send?.('started')
  if (process.send) process.on('disconnect', stop)
}
