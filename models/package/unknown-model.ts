import { readdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { CodedError, type ErrorDetail } from '../../contracts/index.ts'
import { CARD_FILE, MODEL_FILE } from './manifest.ts'

/** Names that an error lists: enough to see a slip, few enough to read. */
const NAMES = 8
const FOLDERS = 6

export interface WhatWasAskedFor {
  id: string
  /** Folders whose sub-folders were looked at. */
  dirs: readonly string[]
  /** Ids of the packages that were found there, and would have done. */
  there: readonly string[]
  /** What they are, in the plural. */
  kind: string
  detail?: Pick<ErrorDetail, 'expected' | 'actual' | 'path'>
  /** What to do about it, besides looking in the right folder. */
  hint?: string
}

/** The error for a model that is not there: which folders were searched, and what is in them. */
export function unknownModel(o: WhatWasAskedFor): CodedError {
  const searched = listed(o.dirs.map(folder), FOLDERS)
  const hint = o.hint === undefined ? '' : `${o.hint}, or `
  return new CodedError('MDL_UNKNOWN', {
    expected: `one of the ${o.kind} ${namesNear(o.id, o.there)}`,
    actual: o.id,
    ...o.detail,
    hint: `searched ${searched || 'no folder'}; ${hint}name further folders of packages in SIGHTLINE_MODELS`,
  })
}

/** The ids that begin most like the one asked for come first. */
export function namesNear(id: string, there: readonly string[]): string {
  const names = [...new Set(there)].sort()
  return (
    listed(
      names.toSorted((a, b) => common(b, id) - common(a, id)),
      NAMES,
    ) || '(none)'
  )
}

function listed(all: readonly string[], most: number): string {
  const rest = all.length - most
  return all.slice(0, most).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}

/** Length of what both begin with. */
function common(a: string, b: string): number {
  let n = 0
  while (n < a.length && a[n] === b[n]) n += 1
  return n
}

function folder(dir: string): string {
  try {
    const names = readdirSync(dir)
    // Packages are looked for in its sub-folders.
    const own = names.includes(CARD_FILE) && names.includes(MODEL_FILE)
    return own ? `${dir} (itself a package: name ${dirname(resolve(dir))})` : dir
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return `${dir} (${code === 'ENOENT' ? 'not there' : (code ?? 'cannot be read')})`
  }
}
