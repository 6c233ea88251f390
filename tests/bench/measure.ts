export const print = (line: string): void => void process.stdout.write(`${line}\n`)

export const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))] ?? NaN

/** Wall time of each, and CPU time of one on average, ms. */
export interface Measured {
  ms: number[]
  cpuMs: number
}

/** CPU of the whole process, all threads, from now until it is asked, ms. */
export function cpuOf(): () => number {
  const start = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1_000
  }
}
