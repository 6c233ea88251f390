import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { STOP_SIGNALS } from '../../contracts/index.ts'
import { commandPresent, describeWith } from '../services/require-service.ts'
import { goodPng, workshop } from './bad-samples.ts'
import { CLI, runCli, startCli, stopped } from './line-process.ts'

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
      'a path that is not there, asked in Chinese',
      ['verify', '/nowhere/sightline', '--lang', 'zh'],
      2,
      /^CFG_MISSING_FILE:.*\(\/nowhere\/sightline\);应为 数据目录或证据包$/m,
    ],
    [
      'a slip, asked in Chinese',
      ['verify', '--lang=zh'],
      2,
      /^CFG_USAGE:命令行用法错误;应为 参数 <path>;实际为 无;可用的内容见 `sightline verify --help`$/m,
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

  it.each(STOP_SIGNALS)('of a supervised line that %s stops: 0, and the line is gone', async (signal) => {
    const line = await startCli(['serve', await lineFile(), '--data', shop.data])
    line.child.kill(signal)
    expect(await line.exit).toBe(0)
    await expect(fetch(String(line.ready['url']))).rejects.toThrow()
  })

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

  it('of none where the supervisor is killed: its line stops in order', async () => {
    const line = await startCli(['serve', await lineFile(), '--data', shop.data])
    const lock = join(shop.data, 'lock')
    expect(existsSync(lock)).toBe(true)
    line.child.kill('SIGKILL')
    // The line holds its output, too.
    await once(line.child, 'close')
    expect([line.stderr(), existsSync(lock)]).toEqual([expect.not.stringContaining('Error'), false])
  }, 40_000)
})

describe('output that nobody reads any more', () => {
  it('ends `inspect` after what was read with exit code 1, since the other images were not judged', async () => {
    await lineFile()
    const images = join(shop.dir, 'many')
    mkdirSync(images)
    for (let n = 0; n < 60; n++) writeFileSync(join(images, `${n}.png`), await goodPng())
    const recipe = join(shop.dir, 'recipes', 'ramp@1.recipe.yaml')
    const child = spawn(process.execPath, [CLI, 'inspect', images, '--recipe', recipe])
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    await once(child.stdout, 'data')
    child.stdout.destroy()
    const [code] = (await once(child, 'close')) as [number]
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^\{"files":\d+,"pass":\d+,.*\}\n$/)])
    expect(stderr).not.toContain('"files":60')
  })

  // Every write to this device fails with ENOSPC.
  it.skipIf(!existsSync('/dev/full'))(
    'is said by `inspect` with exit code 1, whatever it has judged',
    async () => {
      await lineFile()
      const images = join(shop.dir, 'unread')
      mkdirSync(images)
      for (const n of [1, 2]) writeFileSync(join(images, `${n}.png`), 'no image')
      const recipe = join(shop.dir, 'recipes', 'ramp@1.recipe.yaml')
      const full = openSync('/dev/full', 'w')
      const child = spawn(process.execPath, [CLI, 'inspect', images, '--recipe', recipe], {
        stdio: ['ignore', full, 'pipe'],
      })
      let stderr = ''
      child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
      const [code] = (await once(child, 'close')) as [number]
      closeSync(full)
      expect([code, stderr]).toEqual([1, expect.stringMatching(/TRC_DISK_FULL.*standard output/)])
    },
  )

  it('does not keep a line from being started again', async () => {
    const line = await startCli(['serve', await lineFile(), '--data', shop.data])
    line.child.stdout?.destroy()
    process.kill(Number(line.ready['pid']), 'SIGKILL')
    await expect.poll(() => line.stderr(), { timeout: 20_000 }).toMatch(/the line process died/)
    // Where the line can be reached now; it is up when it answers.
    const url = (): string => {
      const { url } = JSON.parse(readFileSync(join(shop.data, 'line.json'), 'utf8')) as { url: string }
      return url
    }
    const answers = async (): Promise<boolean> => (await fetch(`${url()}/healthz`)).ok
    await expect.poll(() => answers().catch(() => false), { timeout: 20_000 }).toBe(true)
    expect(await stopped(line)).toBe(0)
    expect(line.stderr().match(/the line process died/g)).toHaveLength(1)
  }, 60_000)
})

describeWith('script (util-linux)', commandPresent('script'), 'a terminal that is closed', () => {
  it.each(['--no-supervisor', '--host 127.0.0.1'])(
    'stops a line in order, with 0 (%s)',
    async (how) => {
      const [ready, ended] = ['ready', 'ended'].map((name) => join(shop.dir, name)) as [string, string]
      for (const file of [ready, ended]) rmSync(file, { force: true })
      const serve = `'${process.execPath}' '${CLI}' serve '${await lineFile()}' --data '${shop.data}' ${how}`
      // The shell of the terminal ends with it, which is what tells the others; the inner one says how the line ended.
      const command = `(trap '' HUP; ${serve}; echo $? > '${ended}'); true`
      const terminal = spawn('script', ['-qfc', command, ready], { stdio: ['pipe', 'ignore', 'inherit'] })
      const said = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '')
      await expect.poll(() => said(ready), { timeout: 30_000 }).toMatch(/"pid":\d+/)
      terminal.kill('SIGKILL')
      await expect.poll(() => said(ended), { timeout: 30_000 }).toBe('0\n')
      const { code, stdout } = await runCli(['balance', '--data', shop.data])
      expect([code, stdout]).toEqual([0, expect.stringMatching(/^cam( +\d+){3} +0 +0 +yes$/m)])
    },
    80_000,
  )
})

describe('export', () => {
  it('writes through a link and into a pipe, and replaces neither', async () => {
    await stopped(await startCli(['serve', await lineFile(), '--data', shop.data, '--no-supervisor']))
    const real = join(shop.dir, 'real.csv')
    const link = join(shop.dir, 'link.csv')
    writeFileSync(real, 'old')
    symlinkSync(real, link)
    expect((await runCli(['export', link, '--data', shop.data])).code).toBe(0)
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
    const csv = readFileSync(real, 'utf8')
    expect(csv).toMatch(/^position,inspectionId,/)
    mkdirSync(join(shop.dir, 'disk'))
    const hanging = join(shop.dir, 'hanging.csv')
    symlinkSync('disk/later.csv', hanging)
    expect((await runCli(['export', hanging, '--data', shop.data])).code).toBe(0)
    expect([
      lstatSync(hanging).isSymbolicLink(),
      readFileSync(join(shop.dir, 'disk/later.csv'), 'utf8'),
    ]).toEqual([true, csv])
    const circle = join(shop.dir, 'circle.csv')
    symlinkSync('circle.csv', circle)
    const refused = await runCli(['export', circle, '--data', shop.data])
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/CFG_USAGE.*circle/)])
    const pipe = join(shop.dir, 'pipe')
    execFileSync('mkfifo', [pipe])
    const reader = spawn('cat', [pipe])
    const closed = once(reader, 'close')
    let read = ''
    reader.stdout.on('data', (chunk: Buffer) => (read += chunk.toString()))
    expect((await runCli(['export', pipe, '--data', shop.data])).code).toBe(0)
    await closed
    expect([read, lstatSync(pipe).isFIFO()]).toEqual([csv, true])
  }, 60_000)
})
