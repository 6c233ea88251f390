import { Presets, SingleBar } from 'cli-progress'

export interface Progress {
  update(done: number, total: number): void
  stop(): void
}

/** A bar on a terminal, a JSON line a second elsewhere; both on standard error. */
export function showProgress(task: string): Progress {
  if (process.stderr.isTTY) {
    const bar = new SingleBar(
      { format: `${task} {bar} {value}/{total} {eta_formatted}`, stream: process.stderr },
      Presets.shades_classic,
    )
    let started = false
    return {
      update(done, total) {
        if (!started) bar.start(total, done)
        started = true
        bar.setTotal(total)
        bar.update(done)
      },
      stop: () => bar.stop(),
    }
  }
  let last = 0
  return {
    update(done, total) {
      const now = Date.now()
      if (done < total && now - last < 1_000) return
      last = now
      process.stderr.write(`${JSON.stringify({ task, done, total })}\n`)
    },
    stop: () => undefined,
  }
}
