import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'

/** Builds the program once for all files that run it. Types are checked elsewhere. */
export default function build(): void {
  const root = resolve(import.meta.dirname, '../..')
  const tsc = resolve(root, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.json', '--noCheck'], { cwd: root, stdio: 'inherit' })
}
