import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeFolder } from '../../contracts/index.ts'

let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sightline-folder-'))
  writeFileSync(join(dir, 'file'), '')
})
afterAll(() => rmSync(dir, { recursive: true }))

it('makes a folder with those above it, once or again', () => {
  const wanted = join(dir, 'a b', '零件', '🔩')
  makeFolder(wanted)
  makeFolder(wanted)
  expect(existsSync(wanted)).toBe(true)
})

it('refuses a file in the way', () => {
  for (const place of ['file', 'file/below', 'file/below/more'])
    expect(() => makeFolder(join(dir, place))).toThrow(/CFG_USAGE.*a directory that can be written/)
})

it.runIf(existsSync('/proc/self'))('ends where the system says for ever that nothing is there', () => {
  expect(() => makeFolder('/proc/sightline/a', 'CFG_DATA_DIR')).toThrow(/CFG_DATA_DIR.*\/proc\/sightline\/a/)
})
