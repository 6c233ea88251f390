import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { isDiskFull } from './disk-full.ts'
import { CodedError, type ErrorCode } from './errors.ts'

/**
 * Makes a folder and those above it. Node's own `recursive` never returns (20.x) where the folder above is there and the
 * system says none is, as below /proc.
 *
 * @throws `code`, TRC_DISK_FULL
 */
export function makeFolder(dir: string, code: ErrorCode = 'CFG_USAGE'): void {
  try {
    make(dir)
  } catch (error) {
    throw new CodedError(isDiskFull(error) ? 'TRC_DISK_FULL' : code, {
      file: dir,
      expected: 'a directory that can be written',
      actual: error instanceof Error ? error.message : String(error),
      cause: error,
    })
  }
}

function make(dir: string): void {
  try {
    mkdirSync(dir)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && dirname(dir) !== dir && !isFolder(dirname(dir))) {
      make(dirname(dir))
      make(dir)
    } else if (!isFolder(dir)) throw error
  }
}

const isFolder = (dir: string): boolean => statSync(dir, { throwIfNoEntry: false })?.isDirectory() ?? false

const errnoOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
