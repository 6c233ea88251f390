import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const fileOf = (dataDir: string): string => join(dataDir, 'plant-heard.json')

/** How far the kept time may lie behind, ms. */
const KEEP_MS = 10_000
let keptMs = Number.NEGATIVE_INFINITY

/** When the plant last told the line of its holds, RFC 3339; null = never, or the file is no longer readable. */
export function keptHeardAt(dataDir: string): string | null {
  try {
    const { heardAt } = JSON.parse(readFileSync(fileOf(dataDir), 'utf8')) as { heardAt?: unknown }
    return typeof heardAt === 'string' ? heardAt : null
  } catch {
    return null
  }
}

/** So that a line that starts without its plant can say how old its holds are. A disk that refuses costs only that. */
export function keepHeardAt(dataDir: string, heardAt: string): void {
  if (performance.now() - keptMs < KEEP_MS) return
  keptMs = performance.now()
  try {
    writeFileSync(fileOf(dataDir), JSON.stringify({ heardAt }))
  } catch {
    // The store of the line says what is wrong with the disk.
  }
}
