import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it, vi } from 'vitest'
import { Spool } from '../../traceability/store/spool.ts'
import type { SpoolEntry } from '../../traceability/store/spool-line.ts'
import { failVerdict, request } from './samples/traceability-requests.ts'

const lacking = vi.hoisted(() => ({ files: false }))
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>()
  const readFile = (async (...ask: Parameters<typeof fs.readFile>) => {
    if (lacking.files && String(ask[0]).endsWith('.img'))
      throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' })
    return fs.readFile(...ask)
  }) as typeof fs.readFile
  return { ...fs, readFile }
})

const dir = mkdtempSync(join(tmpdir(), 'sightline-spool-images-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

it('a record waits with its image while the process has no file left to read that with', async () => {
  const spool = await Spool.open(dir)
  const { image: _image, ...record } = request(1, failVerdict())
  const image = Uint8Array.of(1, 2, 3)
  await spool.append({ op: 'capture', ask: { record, image } })
  const sent: SpoolEntry[] = []
  const refused: string[] = []
  const round = () =>
    spool.drain(
      (entry) => Promise.resolve(sent.push(entry)),
      (error) => refused.push(error.code),
    )
  lacking.files = true
  await expect(round()).rejects.toThrow(/^TRC_IMAGE.*EMFILE/)
  expect([sent, refused, spool.count]).toEqual([[], [], 1])
  lacking.files = false
  await round()
  expect(sent).toMatchObject([{ op: 'capture', ask: { record: { trigger: 1 }, image } }])
  expect([refused, spool.count]).toEqual([[], 0])
  await spool.close()
})
