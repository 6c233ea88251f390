import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it, vi } from 'vitest'
import type { SqlDatabase } from '../../contracts/index.ts'
import { formatNote, openLogKey, parseCheckpoint, signCheckpoint } from '../../traceability/index.ts'
import { SourceLog } from '../../traceability/plant/source-log.ts'

const hook = vi.hoisted(() => ({ behindRead: (_file: string): void => undefined }))
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>()
  const readFileSync = ((...args: Parameters<typeof fs.readFileSync>) => {
    const read = real.readFileSync(...args)
    hook.behindRead(String(args[0]))
    return read
  }) as typeof fs.readFileSync
  return { ...real, readFileSync }
})

const dir = fs.mkdtempSync(join(tmpdir(), 'sightline-source-log-'))
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }))

it('gives the size, root and text of one checkpoint, also when the line signs the next one meanwhile', () => {
  const signer = openLogKey({ dataDir: dir, keyFile: null, origin: null, fallback: 'p/line-a' })
  const file = join(dir, 'log', 'checkpoint')
  const publish = (size: number): void =>
    fs.writeFileSync(file, formatNote(signCheckpoint(signer, size, Buffer.alloc(32, size)).note))
  publish(5)
  hook.behindRead = (read) => {
    if (read === file) publish(7)
  }
  const head = new SourceLog({} as SqlDatabase, dir).signed()
  expect(head).toMatchObject({ size: 5, root: Buffer.alloc(32, 5) })
  expect(parseCheckpoint(head?.note ?? '').size).toBe(5)
})
