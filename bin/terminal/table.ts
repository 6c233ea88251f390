import { printableLine } from '../../contracts/index.ts'

/** Plain columns on standard output. */
export function printTable(head: string[], rows: string[][]): void {
  const all = [head, ...rows].map((row) => row.map(printableLine))
  const widths = head.map((_, c) => Math.max(...all.map((r) => (r[c] ?? '').length)))
  for (const row of all)
    process.stdout.write(
      `${row
        .map((cell, c) => cell.padEnd(widths[c] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    )
}
