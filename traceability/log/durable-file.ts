import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Replaces a file so that it is whole, old or new, after a crash at any moment: temporary file, sync, rename, sync. */
export function writeDurably(file: string, bytes: Uint8Array | string, mode = 0o644): void {
  const temporary = `${file}.${process.pid}.tmp`
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

/** Makes renames and new files durable. Windows has no such call and no need of it. */
function syncDirectory(dir: string): void {
  if (process.platform === 'win32') return
  const fd = openSync(dir, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
