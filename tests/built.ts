import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const ROOT = resolve(import.meta.dirname, '..')
const DIST = join(ROOT, 'dist')
/** Younger than all that it was built of. */
const STAMP = join(DIST, '.built')
const SOURCES = ['bin', 'camera', 'contracts', 'dashboard', 'datasets', 'inspection', 'models', 'scenarios', 'traceability'] // prettier-ignore

/**
 * Builds the program, for the tests that run it and for the threads and processes that the others start: compiling each
 * of those anew took half of their time. Types are checked elsewhere.
 */
export default function build(): void {
  if (process.env['SIGHTLINE_BUILT'] !== undefined) return
  if (!existsSync(STAMP) || newest(SOURCES.map((dir) => join(ROOT, dir))) > statSync(STAMP).mtimeMs) {
    const tsc = resolve(ROOT, 'node_modules/typescript/bin/tsc')
    // What is changed while it runs is younger than the stamp is to be.
    const began = new Date()
    execFileSync(process.execPath, [tsc, '-p', 'tsconfig.json', '--noCheck'], { cwd: ROOT, stdio: 'inherit' })
    writeFileSync(STAMP, '')
    utimesSync(STAMP, began, began)
  }
  process.env['SIGHTLINE_BUILT'] = pathToFileURL(DIST).href
}

function newest(paths: readonly string[]): number {
  let last = 0
  for (const path of paths)
    for (const entry of readdirSync(path, { withFileTypes: true, recursive: true }))
      if (entry.name.endsWith('.ts'))
        last = Math.max(last, statSync(join(entry.parentPath, entry.name)).mtimeMs)
  return last
}
