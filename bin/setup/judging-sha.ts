import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { version } from './paths.ts'

/** What a worker thread that judges starts with, and how its answer gets to the line. */
const JUDGING = ['inspection/workers/inspect.worker', 'inspection/queue/queue-worker']
const MODULES = ['scenarios/registry']
const here = resolve(import.meta.dirname, '../..')
/** `from './x.js'`, `import('./x.js')`, `new URL('./x.ts', import.meta.url)`. */
const RELATIVE = /['"](\.{1,2}\/[^'"\n]+)\.[jt]s['"]/gu
/** `openWasm('x.wasm')`: of the same folder, which a build reads from the sources. */
const WASM = /['"]([^'"\n/]+\.wasm)['"]/gu

let judging: string | undefined
let computing: string | undefined

/** Names the program that judges: frames, and the images of evaluations. */
export const judgingProgram = (): string => (judging ??= `${version}-${judgingSha()}`)

/** Names the program that computes for modules. */
export const moduleProgram = (): string => (computing ??= `${version}-${shaOf(MODULES, here)}`)

/**
 * 16 hex digits that change with the program that judges: SHA-256 over every file that `JUDGING` loads. A version does
 * not tell two programs apart of which one was fetched later from the same branch. Files that an earlier build left
 * behind are loaded by none, and do not count.
 *
 * @param top folder that holds `inspection`: the sources, or what was built of them
 */
export const judgingSha = (top = here): string => shaOf(JUDGING, top)

function shaOf(entries: readonly string[], top: string): string {
  const texts = new Map<string, string>()
  const visit = (bare: string): void => {
    const file = ['.js', '.ts'].map((ext) => bare + ext).find(existsSync)
    const name = relative(top, bare).replaceAll('\\', '/')
    if (file === undefined || texts.has(name)) return
    // A checkout of Windows may end its lines otherwise.
    const text = readFileSync(file, 'utf8').replaceAll('\r\n', '\n')
    texts.set(name, text)
    for (const [, to = ''] of text.matchAll(RELATIVE)) visit(join(dirname(bare), to))
    for (const [, to = ''] of text.matchAll(WASM)) {
      const wasm = join(dirname(name), to)
      const at = [join(top, wasm), join(top, '..', wasm)].find(existsSync)
      if (at !== undefined) texts.set(wasm.replaceAll('\\', '/'), readFileSync(at, 'base64'))
    }
  }
  for (const entry of entries) visit(join(top, entry))
  const hash = createHash('sha256')
  for (const [name, text] of [...texts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(JSON.stringify([name, text]))
  return hash.digest('hex').slice(0, 16)
}
