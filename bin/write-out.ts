import { writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { asCoded, makeFolder } from '../contracts/index.ts'

/** Writes a file that the command line named, its folder too. @throws CFG_USAGE, TRC_DISK_FULL */
export async function writeOut(file: string, content: string | Uint8Array): Promise<void> {
  makeFolder(dirname(resolve(file)))
  await writeFile(file, content).catch((error: unknown) => {
    const full = error instanceof Error && 'code' in error && error.code === 'ENOSPC'
    throw asCoded(error, full ? 'TRC_DISK_FULL' : 'CFG_USAGE', {
      file,
      expected: 'a file that can be written',
    })
  })
}
