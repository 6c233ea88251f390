import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A small disk that can be filled, at `dir`; `options` as `size=16m,nr_inodes=40`. */
export const mountTmpfs = (dir: string, options: string): void =>
  void execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', dir], { stdio: 'pipe' })

/** An ext4 file system of 64 MB in `file`, which need not be there. */
export function makeExt4(file: string): void {
  writeFileSync(file, '')
  truncateSync(file, 64 * 2 ** 20)
  execFileSync('mkfs.ext4', ['-q', file], { stdio: 'pipe' })
}

/** Its errors make it read-only. */
export const mountExt4 = (file: string, dir: string): void =>
  void execFileSync('mount', ['-o', 'loop,errors=remount-ro', file, dir], { stdio: 'pipe' })

/** Whatever still uses it. */
export const unmount = (dir: string): void => void execFileSync('umount', ['-l', dir], { stdio: 'pipe' })

/** Tried, since root of a container may not mount either. */
function can(mount: (base: string, dir: string) => void): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  const base = mkdtempSync(join(tmpdir(), 'sightline-mount-'))
  const dir = mkdtempSync(join(base, 'disk-'))
  try {
    mount(base, dir)
    unmount(dir)
    return true
  } catch {
    return false
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
}

export const canMountTmpfs = (): boolean => can((_, dir) => mountTmpfs(dir, 'size=1m'))

export const canMountExt4 = (): boolean =>
  can((base, dir) => {
    makeExt4(join(base, 'image'))
    mountExt4(join(base, 'image'), dir)
  })
