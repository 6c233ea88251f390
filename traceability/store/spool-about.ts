import { unitOf } from './prepared-capture.ts'
import type { SpoolEntry } from './spool-line.ts'

/**
 * What an entry is about, by a name: the last word on it counts, by the order of the log, so that entries about one thing
 * keep their order. Null: its place does not matter, or what it says cannot be read.
 */
export function aboutOf(entry: SpoolEntry): string | null {
  try {
    if (entry.op === 'capture') return unitOf(entry.ask.record).unit.uri
    return entry.op === 'emit' ? entry.ask.subject : null
  } catch {
    return null
  }
}
