import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { enoughFiles } from '../../bin/line/inspector.ts'
import { openFilesFor } from '../../bin/setup/open-files.ts'

/** Where the system has such a limit, and says what it is. */
const linux = process.platform === 'linux'

it.skipIf(!linux)('refuses to begin with fewer open files than it takes to load a command', () => {
  const { status, stderr } = spawnSync(
    'sh',
    ['-c', 'ulimit -n 128 && exec "$0" dist/bin/cli.js doctor', process.execPath],
    {
      encoding: 'utf8',
    },
  )
  expect(stderr).toMatch(/^CFG_LIMIT: .* expected at least 400 open files; found 128 \(raise it: .*\)\n$/)
  expect(status).toBe(2)
})

it('refuses as many inspection workers as the open files do not suffice for', () => {
  expect(() => enoughFiles(12, 1_024)).toThrow(
    `CFG_LIMIT: the system allows this program too little; expected at least ${openFilesFor(12)} open files for 12 inspection workers; found 1024`,
  )
  expect(() => enoughFiles(4, 1_024)).not.toThrow()
})
