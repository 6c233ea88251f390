import { lstatSync } from 'node:fs'
import { open, rm, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { asCoded, makeFolder } from '../../contracts/index.ts'

/** Writes a file that the command line named, its folder too. @throws CFG_USAGE, TRC_DISK_FULL */
export async function writeOut(file: string, content: string | Uint8Array): Promise<void> {
  makeFolder(dirname(resolve(file)))
  await writeFile(file, content).catch(refused(file))
}

/** Whether the file can be written: asked before the work whose result it takes. Makes its folder only. @throws as `writeOut` */
export async function checkOut(file: string): Promise<void> {
  makeFolder(dirname(resolve(file)))
  // A link that leads to nothing yet is the user's own.
  const there = lstatSync(file, { throwIfNoEntry: false }) !== undefined
  const handle = await open(file, 'a').catch(refused(file))
  await handle.close()
  if (!there) await rm(file)
}

const refused =
  (file: string) =>
  (error: unknown): never => {
    const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC'
    throw asCoded(error, full ? 'TRC_DISK_FULL' : 'CFG_USAGE', {
      file,
      expected: 'a file that can be written',
    })
  }
