import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { goodPng, workshop } from './bad-samples.ts'
import { runCli, startCli } from './line-process.ts'

const shop = workshop('exit')
afterAll(() => shop.remove())

const lineFile = async (): Promise<string> => {
  mkdirSync(join(shop.dir, 'images'), { recursive: true })
  writeFileSync(join(shop.dir, 'images', 'good.png'), await goodPng())
  rmSync(shop.data, { recursive: true, force: true })
  const camera = { adapter: 'replay', path: 'images', rate: 5, loop: true }
  return shop.line('exit', { stations: [{ id: 'cam', camera, recipe: 'ramp@1', budgetMs: 2_000 }] })
}

describe('exit codes', () => {
  it.each([
    [
      'an unknown option',
      ['serve', 'sample', '--bogus'],
      2,
      /^CFG_USAGE: .*; expected a known option; found unknown option '--bogus'; `sightline serve --help`/,
    ],
    ['a slip', ['serve', 'sample', '--prt', '1'], 2, /^CFG_USAGE: .*; expected --port; found .*'--prt'/],
    ['a missing argument', ['serve'], 2, /^CFG_USAGE: .*; expected the argument <line>; found none/],
    ['an argument too many', ['doctor', 'x'], 2, /^CFG_USAGE: .*; expected 0 arguments; found 1/],
    [
      'an unknown command',
      ['observe'],
      2,
      /^CFG_USAGE: .*; found unknown command 'observe'; `sightline --help`/,
    ],
    [
      'a wrong value',
      ['serve', 'sample', '--port', 'x'],
      2,
      /^CFG_USAGE: .* \(--port <n>\); expected a whole number from 0 to 65535; found x/,
    ],
    [
      'an option without its value',
      ['serve', 'sample', '--port'],
      2,
      /^CFG_USAGE: .* \(--port <n>\); expected a value/,
    ],
    [
      'a value that is no choice',
      ['models', 'quantize', 'x', '--images', 'y', '--weight-bits', '9'],
      2,
      /^CFG_USAGE: .* \(--weight-bits <n>\); expected one of 7, 8; found 9/,
    ],
    [
      'a required option',
      ['models', 'import-ocr', 'x'],
      2,
      /^CFG_USAGE: .*; expected --out <dir>; found none/,
    ],
    [
      'a group without its command',
      ['models'],
      2,
      /^CFG_USAGE: .*; expected one of the commands of `sightline models`/m,
    ],
    ['a worker without Redis', ['worker', 'sample'], 2, /CFG_USAGE: .*SIGHTLINE_REDIS_URL/],
    ['help', ['--help'], 0, /^$/],
    ['help of a command', ['config', 'validate', '--help'], 0, /^$/],
    ['the version', ['--version'], 0, /^$/],
  ])('of %s', async (_name, args, exit, says) => {
    const { code, stderr } = await runCli(args, { SIGHTLINE_REDIS_URL: '' })
    expect(stderr).toMatch(says)
    expect(code).toBe(exit)
  })

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'of a supervised line that %s stops: 0, and the line is gone',
    async (signal) => {
      const line = await startCli(['serve', await lineFile(), '--data', shop.data])
      line.child.kill(signal)
      expect(await line.exit).toBe(0)
      await expect(fetch(String(line.ready['url']))).rejects.toThrow()
    },
  )

  it('of a line that dies once: none, it is started again and stops with 0', async () => {
    const line = await startCli(['serve', await lineFile(), '--data', shop.data])
    let again = ''
    line.child.stdout?.on('data', (chunk: Buffer) => (again += chunk.toString()))
    process.kill(Number(line.ready['pid']), 'SIGKILL')
    await expect.poll(() => again, { timeout: 20_000 }).toMatch(/"url"/)
    expect((JSON.parse(again) as { pid: number }).pid).not.toBe(line.ready['pid'])
    line.child.kill('SIGINT')
    expect(await line.exit).toBe(0)
  }, 40_000)
})
