import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const ROOT = resolve(import.meta.dirname, '..')
const DIST = join(ROOT, 'dist')
const SOURCES = ['bin', 'camera', 'contracts', 'dashboard', 'datasets', 'inspection', 'models', 'scenarios', 'traceability'] // prettier-ignore

/**
 * Builds the program, for the tests that run it and for the threads and processes that the others start: compiling each
 * of those anew took half of their time. Types are checked elsewhere.
 */
export default function build(): void {
  if (process.env['SIGHTLINE_BUILT'] !== undefined) return
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--noCheck']
  buildWhereOlder('.built', tsc, SOURCES, /\.ts$/)
  process.env['SIGHTLINE_BUILT'] = pathToFileURL(DIST).href
}

/** Runs a program of `node_modules` unless its stamp in `dist` is younger than all files with these endings. */
export function buildWhereOlder(
  stamp: string,
  command: readonly string[],
  sources: readonly string[],
  endings: RegExp,
): void {
  const at = join(DIST, stamp)
  if (existsSync(at) && newest(sources, endings) <= statSync(at).mtimeMs) return
  // What is changed while it runs is younger than the stamp is to be.
  const began = new Date()
  execFileSync(process.execPath, command, { cwd: ROOT, stdio: 'inherit' })
  writeFileSync(at, '')
  utimesSync(at, began, began)
}

function newest(folders: readonly string[], endings: RegExp): number {
  let last = 0
  for (const folder of folders)
    for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true }))
      if (endings.test(entry.name))
        last = Math.max(last, statSync(join(entry.parentPath, entry.name)).mtimeMs)
  return last
}
