import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { describeWith } from '../services/require-service.ts'
import { CLI } from './line-process.ts'

describeWith('/proc (Linux)', existsSync('/proc/self/task'), 'a line process that is killed', () => {
  const dir = mkdtempSync(join(tmpdir(), 'sightline-early-'))
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  it('before it was up is told of by its supervisor, which ends', async () => {
    const parent = spawn(process.execPath, [CLI, 'demo', '--data', dir, '--port', '0', '--workers', '1'])
    let said = ''
    for (const stream of [parent.stdout, parent.stderr])
      stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const ended = once(parent, 'exit')
    const children = `/proc/${parent.pid}/task/${parent.pid}/children`
    const child = await expect
      .poll(() => Number(readFileSync(children, 'utf8').split(' ')[0]), { timeout: 60_000, interval: 20 })
      .toBeGreaterThan(0)
      .then(() => Number(readFileSync(children, 'utf8').split(' ')[0]))
    process.kill(child, 'SIGKILL')
    expect(await ended).toEqual([1, null])
    expect(said).toMatch(/"signal":"SIGKILL".*the line process was killed before it was up/)
    expect(said).not.toContain('"url"')
  }, 90_000)
})
