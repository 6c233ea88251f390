import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Environment } from './environment.ts'

/** The project's root, from the sources and from `dist` alike. */
function findRoot(from: string): string {
  let dir = from
  while (!existsSync(join(dir, 'package.json'))) {
    const up = dirname(dir)
    if (up === dir) throw new Error(`no package.json above ${from}`)
    dir = up
  }
  return dir
}

const root = findRoot(import.meta.dirname)

export const paths = {
  root,
  lines: join(root, 'lines'),
  packages: join(root, 'models', 'packages'),
  trust: join(root, 'models', 'trust', 'keys.json'),
  web: join(root, 'dist', 'dashboard', 'web'),
}

/** Folder of what is made on this machine and belongs to no line: taught packages, the key that signs them. */
export const homeOf = (environment: Environment): string => resolve(environment.dataDir ?? '.sightline')

/** Where a package lies that is taught here and given no other place. */
export const taughtDir = (environment: Environment): string => join(homeOf(environment), 'models')

export const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string })
  .version
