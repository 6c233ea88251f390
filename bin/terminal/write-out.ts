import { lstatSync, statSync } from 'node:fs'
import { open, rm, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { asCoded, CodedError, isDiskFull, makeFolder } from '../../contracts/index.ts'

/** Writes a file that the command line named, its folder too. @throws CFG_USAGE, TRC_DISK_FULL */
export async function writeOut(file: string, content: string | Uint8Array): Promise<void> {
  makeFolder(dirname(resolve(file)))
  await writeFile(file, content).catch(refused(file))
}

/** A file that an option names. */
interface Out {
  flag: string
  file: string
}

/**
 * Whether the files can be written, each beside the others, and over no image: asked before the work whose results they
 * take. Makes their folders only. @throws as `writeOut`
 */
export async function checkOuts(outs: readonly Out[]): Promise<void> {
  // Commands that ask nothing of the kind need no camera.
  const { isImageFile } = await import('../../camera/index.ts')
  for (const [i, { flag, file }] of outs.entries()) {
    const usage = (expected: string): CodedError =>
      new CodedError('CFG_USAGE', { path: flag, expected, actual: file })
    if (isImageFile(file)) throw usage('a file that is no image')
    const other = outs.slice(0, i).find((before) => sameFile(before.file, file))
    if (other) throw usage(`another file than ${other.flag}`)
  }
  for (const { file } of outs) await checkOut(file)
}

function sameFile(a: string, b: string): boolean {
  const [one, two] = [a, b].map((file) => statSync(file, { bigint: true, throwIfNoEntry: false }))
  return resolve(a) === resolve(b) || (one !== undefined && one.ino === two?.ino && one.dev === two.dev)
}

async function checkOut(file: string): Promise<void> {
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
    throw asCoded(error, isDiskFull(error) ? 'TRC_DISK_FULL' : 'CFG_USAGE', {
      file,
      expected: 'a file that can be written',
    })
  }
