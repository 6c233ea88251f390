import { readdir, rmdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { asCoded, CodedError, makeFolder } from '../../contracts/index.ts'
import { CARD_FILE, MANIFEST_FILE, MODEL_FILE } from './manifest.ts'

/** What a package folder may hold before it is replaced; anything else there belongs to someone. */
const PACKAGE_ENTRIES = [MODEL_FILE, CARD_FILE, MANIFEST_FILE, 'golden']

/**
 * Whether a package may be written to a folder: nothing else lies there, and it can be made. To be asked before the work,
 * which may take hours.
 *
 * @throws MDL_PACKAGE when something of someone else is in the place; CFG_USAGE when nothing can be written there
 */
export async function checkPackageFolder(outDir: string): Promise<void> {
  await refuseForeign(outDir, PACKAGE_ENTRIES, 'a model package')
  const draft = `${outDir}.packing`
  makeFolder(dirname(outDir))
  await rm(draft, { recursive: true, force: true })
  makeFolder(draft)
  await rmdir(draft)
}

/** @throws MDL_PACKAGE unless the place is free or a folder with nothing but these entries */
export async function refuseForeign(dir: string, own: readonly string[], what: string): Promise<void> {
  const facts = await stat(dir).catch(() => null)
  if (facts === null) return
  const refused = (file: string, actual: string): CodedError =>
    new CodedError('MDL_PACKAGE', {
      file,
      expected: `a new folder, or one that holds ${what} only`,
      actual,
      hint: 'choose another output folder',
    })
  if (!facts.isDirectory()) throw refused(dir, 'a file')
  const entries = await readdir(dir).catch((error: unknown) => {
    throw asCoded(error, 'CFG_USAGE', { file: dir, expected: 'a folder that can be read' })
  })
  const foreign = entries.find((name) => !own.includes(name))
  if (foreign !== undefined) throw refused(join(dir, foreign), 'a file of something else')
}
