import { existsSync } from 'node:fs'

let built: string | null = null

/**
 * Threads and processes of the sources are started from a build of them from now on, since compiling takes most of their
 * start. For tests, which know that it is of the same sources.
 *
 * @param href URL of the folder
 */
export function startFromBuild(href: string): void {
  built = href
}

/**
 * The file that a thread or process is started from: from `dist` the `.js` beside the caller, from the sources that of
 * the build to start from; null where there is none.
 */
export function builtEntry(entry: URL): URL | null {
  if (!import.meta.url.endsWith('.ts')) return asJs(entry.href)
  const root = new URL('..', import.meta.url).href
  if (built === null || !entry.href.startsWith(root)) return null
  const file = asJs(`${built}/${entry.href.slice(root.length)}`)
  return existsSync(file) ? file : null
}

const asJs = (href: string): URL => new URL(href.replace(/\.ts$/, '.js'))
