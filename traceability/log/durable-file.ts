import { closeSync, fsync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const sync = promisify(fsync)

let temporaries = 0
const temporaryOf = (file: string): string => `${file}.${process.pid}-${++temporaries}.tmp`

/** Replaces a file so that it is whole, old or new, after a crash at any moment: temporary file, sync, rename, sync. */
export function writeDurably(file: string, bytes: Uint8Array | string, mode = 0o644): void {
  const temporary = temporaryOf(file)
  const fd = openSync(temporary, 'w', mode)
  try {
    const content = Buffer.from(bytes)
    for (let at = 0; at < content.length;) at += writeSync(fd, content, at)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(temporary, file)
  syncDirectory(dirname(file))
}

/** The same for threads that must not wait for a disk. @throws the file-system error; nothing new is left behind */
export async function replaceDurably(file: string, bytes: Uint8Array | string, mode = 0o644): Promise<void> {
  const temporary = temporaryOf(file)
  try {
    const handle = await open(temporary, 'w', mode)
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw error
  }
  await syncDir(dirname(file))
}

/** Removes what crashes left of replacing files whose names begin so; for who alone writes in the folder. */
export async function dropLeftovers(dir: string, begin = ''): Promise<void> {
  for (const name of await readdir(dir))
    if (name.startsWith(begin) && name.endsWith('.tmp')) await rm(join(dir, name), { force: true })
}

/**
 * Makes a folder and those between it and `root`, never `root` itself: where that was moved away, another one in its place
 * would be in the way of who puts it back. By hand, as Node's `recursive` calls a read-only disk a missing folder.
 *
 * @throws the file-system error
 */
export function makeFoldersBelow(root: string, dir: string): void {
  if (dir === root || dir === dirname(dir)) return
  try {
    mkdirSync(dir)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || dirname(dir) === root) throw error
    makeFoldersBelow(root, dirname(dir))
    mkdirSync(dir)
  }
}

/** Makes renames and new files in a directory durable. Windows has no such call and no need of it. */
export async function syncDir(dir: string): Promise<void> {
  if (process.platform === 'win32') return
  const fd = openSync(dir, 'r')
  try {
    await sync(fd)
  } finally {
    closeSync(fd)
  }
}

function syncDirectory(dir: string): void {
  if (process.platform === 'win32') return
  const fd = openSync(dir, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
