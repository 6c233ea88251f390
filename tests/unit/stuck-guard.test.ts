import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ENDS, type GuardOrder } from '../../bin/setup/stuck-guard.ts'
import { countNativeCalls, spawnWorker } from '../../contracts/index.ts'

const script = resolve(import.meta.dirname, 'samples/stuck.process.ts')

async function run(...args: string[]): Promise<{ code: number | null; signal: string | null; err: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], {
    cwd: resolve(import.meta.dirname, '../..'),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let err = ''
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  return { code, signal, err }
}

describe('a command whose model does not return', { timeout: 60_000 }, () => {
  it('is killed and says why', async () => {
    const { signal, err } = await run('hang', '2')
    expect(signal).toBe('SIGKILL')
    expect(err).toMatch(/^MDL_RUN: .*expected a model that answers within 2 s; found no answer/)
  })

  it('is left alone where something else holds it up, as a terminal that was stopped', async () => {
    expect(await run('paused', '2')).toEqual({ code: 0, signal: null, err: '' })
  })

  it('is not held up by its guard when it ends', async () => {
    expect(await run('end', '120')).toEqual({ code: 0, signal: null, err: '' })
  })

  it('has a guard that ends by itself with it, also where the end came before the guard had started', async () => {
    const beats = new Int32Array(new SharedArrayBuffer(4)).fill(ENDS)
    const workerData: GuardOrder = { beats, calls: countNativeCalls(), limitS: 120 }
    const guard = spawnWorker(new URL('../../bin/setup/stuck-guard.worker.ts', import.meta.url), {
      workerData,
    })
    expect(await once(guard, 'exit')).toEqual([0])
  })
})
