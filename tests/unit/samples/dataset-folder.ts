import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach } from 'vitest'
import type { Dataset } from '../../../datasets/index.ts'

const PICTURE = await sharp({ create: { width: 20, height: 10, channels: 3, background: '#777' } })
  .jpeg()
  .toBuffer()

/** A temporary folder for each test, and what writes a tree into it: text as it is, `null` = a 20 × 10 px picture. */
export function datasetFolder(): { dir: string; tree(files: Record<string, string | null>): Promise<void> } {
  const folder = {
    dir: '',
    async tree(files: Record<string, string | null>) {
      for (const [name, content] of Object.entries(files)) {
        await mkdir(dirname(join(folder.dir, name)), { recursive: true })
        await writeFile(join(folder.dir, name), content ?? PICTURE)
      }
    },
  }
  beforeEach(async () => {
    folder.dir = await mkdtemp(join(tmpdir(), 'sightline-datasets-'))
  })
  afterEach(() => rm(folder.dir, { recursive: true }))
  return folder
}

export const boxesOf = (set: Dataset): unknown[] =>
  set.items.map((i) => i.boxes?.map((b) => [b.class, ...b.box]))
