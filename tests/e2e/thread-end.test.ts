import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const script = resolve(import.meta.dirname, '../unit/samples/thread-end.process.ts')

interface End {
  code: number | null
  signal: string | null
  out: string
  err: string
}

async function run(...args: string[]): Promise<End> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], { cwd: root })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  return { code, signal, out, err }
}

const LONG = 120_000

// `worker.terminate()` in place of `endThread` ends every one of these with 134 (SIGABRT) on Node 20.
describe('a thread in native code', () => {
  it.each([
    ['statements', 'end'],
    ['inference', 'end'],
    ['inference', 'while-starting'],
    ['statements', 'while-starting'],
    ['pool', 'end'],
    ['pool', 'while-starting'],
  ])(
    'is ended without its process (%s, %s)',
    async (work, how) => {
      expect(await run(work, how, '4')).toMatchObject({ code: 0, out: '4 of 4 ended\n' })
    },
    LONG,
  )

  it.each([
    ['statements', 'exit', 7],
    ['inference', 'exit', 7],
    ['statements', 'drain', 7],
    ['inference', 'drain', 7],
    ['pool', 'exit', 7],
    ['inference', 'throw', 1],
  ] as const)(
    'leaves the exit code of its process as it is (%s, %s)',
    async (work, how, code) => {
      const end = await run(work, how)
      expect(end).toMatchObject({ code, signal: null })
      expect(end.err).not.toMatch(/terminate|Napi/)
    },
    LONG,
  )

  it(
    'that does not return is given up, and holds the end of its process for a limited time',
    async () => {
      const end = await run('long-statement', 'give-up')
      expect(end.out).toBe('0 of 1 ended\n')
      expect(end.signal).toBe('SIGKILL')
      expect(end.err).toMatch(/^thread \d+ hangs in native code: .* ended with 0, is killed\n$/)
    },
    LONG,
  )
})
