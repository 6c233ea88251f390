import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DATASET_LAYOUTS } from '../../contracts/index.ts'
import { fileListHash, manifestSchema, READERS } from '../../datasets/index.ts'

const samples = process.env['SIGHTLINE_SAMPLES'] ?? resolve(import.meta.dirname, '../../../shared/data')
const text = readFileSync(new URL('../../datasets/manifest.json', import.meta.url), 'utf8')
const manifest = manifestSchema.parse(JSON.parse(text))

it('has a reader for every layout that a line file may name, and names every reader', () => {
  expect(DATASET_LAYOUTS).toEqual(READERS.map((r) => r.format))
})

describe('manifest of sample sets', () => {
  it('names each set once, with a layout that has a reader', () => {
    const ids = manifest.sets.map((s) => s.id)
    expect(new Set(ids).size).toBe(ids.length)
    const formats = READERS.map((r) => r.format)
    for (const s of manifest.sets)
      expect(
        formats.includes(s.format) || s.format === 'generated' || s.format.startsWith('none'),
        s.id,
      ).toBe(true)
  })

  // `find . -type f -printf '%P\n' | xargs sha256sum | LC_ALL=C sort | sha256sum` on the same two files.
  it('hashes a folder as sha256sum would', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'sightline-manifest-'))
    try {
      await mkdir(join(dir, 'sub'))
      await writeFile(join(dir, 'a.txt'), 'a\n')
      await writeFile(join(dir, 'sub', 'b.txt'), 'b\n')
      await writeFile(join(dir, '.hidden'), 'x')
      expect(await fileListHash(dir)).toEqual({
        files: 2,
        sha256: '28784ac482774391fc0b2be464e9506f8ddd933dfaecc333376ddeef2cb89285',
      })
    } finally {
      await rm(dir, { recursive: true })
    }
  })

  for (const s of manifest.sets) {
    if (s.folder === null) continue
    const path = join(samples, s.folder)
    it.skipIf(!existsSync(path))(`${s.id} is what it was (needs ${path})`, async () => {
      expect(await fileListHash(path)).toEqual({ files: s.files, sha256: s.sha256 })
    })
  }
})
