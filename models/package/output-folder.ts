import { randomBytes } from 'node:crypto'
import { lstat, readdir, readFile, rename, rmdir, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { asCoded, CodedError, isDiskFull, makeFolder } from '../../contracts/index.ts'
import { CARD_FILE, MANIFEST_FILE, MODEL_FILE, sha256Of } from './manifest.ts'

/** What a package folder may hold before it is replaced; anything else there belongs to someone. */
const PACKAGE_ENTRIES = [MODEL_FILE, CARD_FILE, MANIFEST_FILE, 'golden']

/**
 * Whether a new package may be written to a folder: nothing lies there, and it can be made. To be asked before the work,
 * which may take hours.
 *
 * @throws MDL_PACKAGE when a package or something of someone else is in the place; CFG_USAGE when nothing can be written
 *         there
 */
export async function checkPackageFolder(outDir: string): Promise<void> {
  await checkPlace(outDir)
  // Whatever lies there, no model that is yet to be made is the same.
  const entries = await readdir(outDir).catch(() => [])
  if (entries.length > 0) throw neverReplaced(outDir, await hashesIn(outDir))
}

/**
 * Keeps the place of a package while it is made, which takes minutes or hours: who is to make another one there meanwhile
 * is refused before the work, not at its end. Two that ask at the very same moment may both be refused.
 *
 * @param check whether a package may be written there
 * @throws TCH_BUSY when another process makes one there; what `check` and `work` throw
 */
export async function keepPackageFolder<T>(
  outDir: string,
  work: () => Promise<T>,
  check: (outDir: string) => Promise<void> = checkPackageFolder,
): Promise<T> {
  makeFolder(dirname(outDir))
  const own = await draftFolder(outDir, 'teaching')
  makeFolder(own)
  try {
    for (const other of await draftsOf(outDir))
      if (other.kind === 'teaching' && other.pid !== process.pid && !(await isOfAnEarlierOne(other, own)))
        throw beingMade(basename(outDir), other)
    // After the look at the others: one that is through by now has left its package.
    await check(outDir)
    return await work()
  } finally {
    await rm(own, { recursive: true, force: true })
  }
}

const beingMade = (name: string, { place, pid }: { place: string; pid: number }): CodedError =>
  new CodedError('TCH_BUSY', {
    file: place,
    expected: `no other process that makes ${name}`,
    actual: `process ${pid}`,
    hint: 'wait for it, or give another version or output folder; if that process teaches nothing, remove this folder',
    zh: {
      expected: `没有其他进程在生成 ${name}`,
      actual: `进程 ${pid}`,
      hint: '请等待其完成,或另给版本号或输出文件夹;若该进程并未示教,请删除此文件夹',
    },
  })

/** As `checkPackageFolder`; a package may lie there, which only the very same one replaces. */
export async function checkPlace(outDir: string): Promise<void> {
  await refuseForeign(outDir, PACKAGE_ENTRIES, 'a model package')
  makeFolder(dirname(outDir))
  const draft = await draftFolder(outDir, 'packing')
  makeFolder(draft)
  await rmdir(draft)
}

/**
 * A place beside the package where this process makes it ready; two that make the same one do not share it. What
 * processes that are gone left of theirs is removed.
 */
export async function draftFolder(outDir: string, kind: 'packing' | 'teaching'): Promise<string> {
  await removeLeftDrafts(outDir)
  return `${outDir}.${process.pid}-${randomBytes(4).toString('hex')}.${kind}`
}

/** Removes what processes that are gone had begun of a package. */
export async function removeLeftDrafts(outDir: string): Promise<void> {
  for (const { place, pid } of await draftsOf(outDir))
    if (!runs(pid)) await rm(place, { recursive: true, force: true })
}

async function draftsOf(outDir: string): Promise<{ place: string; pid: number; kind: string }[]> {
  const own = `${basename(outDir)}.`
  const names = await readdir(dirname(outDir)).catch(() => [])
  return names.flatMap((name) => {
    const [, pid, kind] = name.startsWith(own)
      ? (/^(\d+)-[0-9a-f]+\.(packing|teaching)$/.exec(name.slice(own.length)) ?? [])
      : []
    return kind === undefined ? [] : [{ place: join(dirname(outDir), name), pid: Number(pid), kind }]
  })
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs for someone else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/**
 * Whether the process began after the folder was made: its number was that of another one before the machine, or the
 * container, was started anew. False where the system does not say (outside Linux).
 *
 * @param made just now, beside it: where folders are those of another machine, its clock is not the one here
 */
async function isOfAnEarlierOne(
  { place, pid }: { place: string; pid: number },
  made: string,
): Promise<boolean> {
  try {
    const [own, its] = await Promise.all([beginOf(process.pid), beginOf(pid)])
    const [now, then] = await Promise.all([stat(made), stat(place)])
    const agesMs = { process: process.uptime() * 1_000 + own - its, folder: now.mtimeMs - then.mtimeMs }
    return agesMs.process + 1_000 < agesMs.folder
  } catch {
    return false
  }
}

/** When a process began, ms since the machine was started: field 22 of its `stat`, in hundredths of a second (proc(5)). */
async function beginOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1')
  // The second field, its name, stands in brackets and may have anything inside.
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]) * 10
}

/**
 * Puts a finished draft in its place, at once. Recipes pin what is there, and other processes may have put something
 * there meanwhile: only a package of the same model and card is replaced.
 *
 * @throws MDL_PACKAGE when another one is there, which stays
 */
export async function putInPlace(draft: string, target: string): Promise<void> {
  try {
    // A folder takes the place of none, or of an empty one.
    await rename(draft, target)
    return
  } catch (error) {
    if (!(
      error instanceof Error &&
      'code' in error &&
      (error.code === 'ENOTEMPTY' || error.code === 'EEXIST')
    ))
      throw error
  }
  const [there, wanted] = await Promise.all([hashesIn(target), hashesIn(draft)])
  if (there.model !== wanted.model || (there.card !== null && there.card !== wanted.card))
    throw neverReplaced(target, there)
  const old = await draftFolder(target, 'packing')
  await rename(target, old)
  try {
    await rename(draft, target)
  } catch (error) {
    await rename(old, target)
    throw error
  }
  await rm(old, { recursive: true, force: true })
}

/** What could not be written of a package, with its place. @throws TRC_DISK_FULL, CFG_USAGE; errors with a code as they are */
export const unwritten =
  (outDir: string) =>
  (error: unknown): never => {
    throw asCoded(error, isDiskFull(error) ? 'TRC_DISK_FULL' : 'CFG_USAGE', {
      file: outDir,
      expected: 'a place that takes the model package; nothing of it was kept',
    })
  }

interface Hashes {
  model: string | null
  card: string | null
}

async function hashesIn(dir: string): Promise<Hashes> {
  const of = (file: string): Promise<string | null> => readFile(join(dir, file)).then(sha256Of, () => null)
  return { model: await of(MODEL_FILE), card: await of(CARD_FILE) }
}

const neverReplaced = (dir: string, { model }: Hashes): CodedError =>
  new CodedError('MDL_PACKAGE', {
    file: dir,
    expected: 'a new folder: recipes pin what is released, so it is never replaced',
    actual: model === null ? 'remains of a package, no model' : `a package, SHA-256 of its model ${model}`,
    hint: 'give another version or output folder, or remove what is there if nothing uses it',
  })

/** @throws MDL_PACKAGE unless the place is free or a folder with nothing but these entries */
export async function refuseForeign(dir: string, own: readonly string[], what: string): Promise<void> {
  // Of itself: nothing can be put in the place of a link to a folder.
  const facts = await lstat(dir).catch(() => null)
  if (facts === null) return
  const refused = (file: string, actual: string): CodedError =>
    new CodedError('MDL_PACKAGE', {
      file,
      expected: `a new folder, or one that holds ${what} only`,
      actual,
      hint: 'choose another output folder',
    })
  if (!facts.isDirectory()) throw refused(dir, facts.isSymbolicLink() ? 'a symbolic link' : 'a file')
  const entries = await readdir(dir).catch((error: unknown) => {
    throw asCoded(error, 'CFG_USAGE', { file: dir, expected: 'a folder that can be read' })
  })
  const foreign = entries.find((name) => !own.includes(name))
  if (foreign !== undefined) throw refused(join(dir, foreign), 'a file of something else')
}
