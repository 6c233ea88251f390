import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, it, vi } from 'vitest'
import { diskProbe } from '../../traceability/index.ts'

const disk = vi.hoisted(() => ({ calls: 0, answer: null as Promise<void> | null }))
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>()
  return {
    ...real,
    utimes: (...to: Parameters<typeof real.utimes>) => {
      disk.calls += 1
      return disk.answer ?? real.utimes(...to)
    },
  }
})
beforeEach(() => void Object.assign(disk, { calls: 0, answer: null }))

it('asks the disk itself', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'sightline-probe-'))
  try {
    const before = statSync(dir).mtimeMs
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await diskProbe(dir)()).toBe(true)
    expect(statSync(dir).mtimeMs).toBeGreaterThan(before)
  } finally {
    rmSync(dir, { recursive: true })
  }
})

it('takes a refusal for an answer', async () => {
  expect(await diskProbe(join(tmpdir(), 'sightline-nothing-here'))()).toBe(true)
})

it('says when nothing is answered, with one question under way, and answers again afterwards', async () => {
  let thaw = (): void => undefined
  disk.answer = new Promise((resolve) => (thaw = resolve))
  const answers = diskProbe(tmpdir())
  expect(await Promise.all([answers(), answers()])).toEqual([false, false])
  const third = answers()
  thaw()
  expect([await third, disk.calls]).toEqual([true, 1])
  expect([await answers(), disk.calls]).toEqual([true, 2])
})
