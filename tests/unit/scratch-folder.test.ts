import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { inScratchFolder, removeFolder } from '../../bin/setup/scratch-folder.ts'

/** Writes files into a folder as fast as it can, until it is gone. */
const WRITER = `
const { mkdirSync, writeFileSync } = require('node:fs')
const dir = process.argv[1]
console.log('writing')
for (let n = 0; n < 4000; n++) {
  try { writeFileSync(dir + '/' + n, 'x') } catch { process.exit(0) }
}`

it('removes a folder in which a process is still writing', async () => {
  for (let n = 0; n < 5; n++) {
    const dir = mkdtempSync(join(tmpdir(), 'sightline-remove-'))
    const child = spawn(process.execPath, ['-e', WRITER, dir], { stdio: ['ignore', 'pipe', 'inherit'] })
    // It ends when the folder is gone, which may be before that is told here.
    const closed = once(child, 'close')
    await once(createInterface({ input: child.stdout }), 'line')
    await removeFolder(dir)
    await closed
    expect(existsSync(dir)).toBe(false)
  }
})

it('goes with the work, also when that fails, and takes what killed processes left', async () => {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  const left = join(tmpdir(), `sightline-trial-${child.pid}-abcdef`)
  const running = join(tmpdir(), `sightline-trial-${process.ppid}-abcdef`)
  for (const dir of [left, running]) mkdirSync(dir, { recursive: true })
  let own = ''
  await expect(
    inScratchFolder('trial', async (dir) => {
      own = dir
      expect(
        readdirSync(tmpdir())
          .filter((f) => f.startsWith('sightline-trial-'))
          .sort(),
      ).toEqual([basename(dir), basename(running)].sort())
      throw new Error('of the work')
    }),
  ).rejects.toThrow('of the work')
  expect([existsSync(own), existsSync(running), process.listenerCount('SIGINT')]).toEqual([
    false,
    true,
    process.listenerCount('SIGTERM'),
  ])
  await removeFolder(running)
})
