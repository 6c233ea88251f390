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
    ['an unknown option', ['serve', 'sample', '--bogus'], 2, /unknown option '--bogus'/],
    ['a missing argument', ['serve'], 2, /missing required argument 'line'/],
    ['an unknown command', ['observe'], 2, /unknown command 'observe'/],
    ['a wrong value', ['serve', 'sample', '--port', 'x'], 2, /expected a whole number from 0 to 65535/],
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
