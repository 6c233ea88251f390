import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PACKAGES_DIR } from '../../models/index.ts'
import { runCli } from './line-process.ts'

const dir = mkdtempSync(join(tmpdir(), 'sightline-reports-'))
const board = join(dir, 'board.png')
beforeAll(async () => {
  const grey = { width: 640, height: 640, channels: 1 as const, background: { r: 90, g: 90, b: 90 } }
  await sharp({ create: { ...grey, channels: 3 } })
    .greyscale()
    .toFile(board)
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Names under a home of its own. On build machines the library reports nothing by itself, so that none must be seen. */
async function homeAfter(name: string, args: string[]): Promise<string[]> {
  const home = join(dir, name)
  mkdirSync(home)
  const { code } = await runCli(args, {
    HOME: home,
    XDG_CACHE_HOME: '',
    CI: '',
    ORT_DISABLE_TELEMETRY: '',
    SIGHTLINE_DATA_DIR: join(dir, `${name}-data`),
  })
  expect(code).toBe(0)
  return existsSync(home) ? readdirSync(home, { recursive: true }).map(String) : []
}

// The collector of ONNX Runtime keeps what it could not send, and a number of the machine, in the home of the user.
describe('ONNX Runtime tells nobody what is judged', () => {
  it('by the main thread of a command', async () => {
    expect(await homeAfter('verify', ['models', 'verify', resolve(PACKAGES_DIR, 'pcb-pair')])).toEqual([])
  })

  it('by the threads that judge', async () => {
    const args = ['inspect', board, '--model', 'pcb-pair', '--template', board]
    expect(await homeAfter('inspect', args)).toEqual([])
  })
})
