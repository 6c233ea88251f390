import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where the line that works in a data directory answers, for commands beside it. */
export interface LineAddress {
  url: string
  plant: string
  line: string
}

const fileOf = (dir: string): string => join(dir, 'line.json')

/** @returns a function that takes the notice down */
export function announceLine(dir: string, address: LineAddress): () => void {
  writeFileSync(fileOf(dir), JSON.stringify(address))
  return () => rmSync(fileOf(dir), { force: true })
}

/** Null when no line has announced itself there. */
export function lineAddress(dir: string): LineAddress | null {
  try {
    return JSON.parse(readFileSync(fileOf(dir), 'utf8')) as LineAddress
  } catch {
    return null
  }
}
