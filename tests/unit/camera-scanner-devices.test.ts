import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createIdentitySource } from '../../camera/index.ts'
import { LineSplitter } from '../../camera/readers/line-splitter.ts'
import { KeyboardLines } from '../../camera/readers/keyboard-lines.ts'
import {
  type IdentitySource,
  type IdentitySourceHealth,
  identitySourceSchema,
} from '../../contracts/index.ts'
import { commandPresent, describeWith } from '../services/require-service.ts'

const closers: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})
const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 5_000, interval: 10 })

async function opened(
  spec: object,
  onRead: () => void = () => undefined,
): Promise<{
  texts: string[]
  faults: string[]
  health(): IdentitySourceHealth
  source: IdentitySource
}> {
  const source = createIdentitySource(identitySourceSchema.parse(spec))
  const [texts, faults]: [string[], string[]] = [[], []]
  closers.push(() => source.close())
  await source.open((item) => {
    if (item.kind === 'read') {
      texts.push(item.read.text)
      onRead()
    } else faults.push(item.error.code)
  })
  return { texts, faults, health: () => source.health(), source }
}

// struct input_event and the key codes are those of linux/input.h and linux/input-event-codes.h.
const event = (type: number, code: number, value: number): Buffer => {
  const bytes = Buffer.alloc(24)
  bytes.writeUInt16LE(type, 16)
  bytes.writeUInt16LE(code, 18)
  bytes.writeInt32LE(value, 20)
  return bytes
}
const down = (key: number): Buffer => event(1, key, 1)
const up = (key: number): Buffer => event(1, key, 0)
const press = (...keys: number[]): Buffer =>
  Buffer.concat(keys.flatMap((key) => [down(key), event(0, 0, 0), up(key), event(0, 0, 0)]))
const held = (modifier: number, ...keys: number[]): Buffer =>
  Buffer.concat([down(modifier), press(...keys), up(modifier)])
const [ENTER, TAB, LEFT_SHIFT, LEFT_CTRL, LEFT_ALT, CAPS, F1] = [28, 15, 42, 29, 56, 58, 59]
const [S, N, L, DASH, ONE, TWO, RIGHT_BRACKET] = [31, 49, 38, 12, 2, 3, 27]
const [KP_0, KP_2, KP_9] = [82, 80, 73]

describe('a scanner that types', () => {
  const lines = new KeyboardLines(20)
  const typed = (...keys: Buffer[]): (string | undefined)[] =>
    lines.push(Buffer.concat(keys)).map((line) => (typeof line === 'string' ? line : line.detail.actual))

  it('types small and capital letters, digits and signs', () => {
    expect(typed(held(LEFT_SHIFT, S, N), press(DASH, ONE, TWO, L, ENTER))).toEqual(['SN-12l'])
    expect(typed(held(LEFT_SHIFT, ONE), press(TWO, TAB), press(ENTER))).toEqual(['!2'])
    expect(typed(press(CAPS, S, N, ONE), held(LEFT_SHIFT, L), press(CAPS, S, ENTER))).toEqual(['SN1ls'])
  })

  it('types control characters with Ctrl, and any by its number', () => {
    expect(typed(press(ONE), held(LEFT_CTRL, RIGHT_BRACKET), press(TWO, ENTER))).toEqual(['1\u001d2'])
    expect(typed(press(ONE), held(LEFT_ALT, KP_0, KP_2, KP_9), press(TWO, ENTER))).toEqual(['1\u001d2'])
  })

  it('does not type a key again that is held', () => {
    expect(typed(down(ONE), event(1, ONE, 2), event(1, ONE, 2), up(ONE), press(ENTER))).toEqual(['1'])
  })

  it('reads events wherever the chunks break', () => {
    const bytes = Buffer.concat([press(S, N, ONE), press(ENTER)])
    const found = [...bytes].flatMap((byte) => lines.push(Buffer.from([byte])))
    expect(found).toEqual(['sn1'])
  })

  it('refuses a line that lacks a character, and reads the next', () => {
    expect(typed(press(ONE, F1, TWO, ENTER), press(ONE, ENTER))).toEqual(['the key 59', '1'])
    expect(typed(press(ONE), event(0, 3, 0), press(TWO, ENTER), press(TWO, ENTER))).toEqual([
      'keys that the system dropped',
      '2',
    ])
    expect(typed(held(LEFT_ALT, KP_9, KP_9, KP_9), press(ENTER), press(ONE, ENTER))).toEqual([
      'Alt with 999',
      '1',
    ])
    expect(typed(press(...Array<number>(21).fill(ONE), ENTER), press(TWO, ENTER))).toEqual([
      'a longer one',
      '2',
    ])
  })
})

describe('lines of a scanner', () => {
  it('are UTF-8 where they can be, else Latin-1', () => {
    const splitter = new LineSplitter(40)
    expect(splitter.push(Buffer.from('批号-7\r\n'))).toEqual(['批号-7'])
    expect(splitter.push(Buffer.from([0x52, 0xe9, 0x66, 0x0d]))).toEqual(['Réf'])
  })
})

describeWith('mkfifo', commandPresent('mkfifo'), 'a keyboard device', () => {
  it('is read as it types, is told when it goes, and lets go at once', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sightline-keyboard-'))
    closers.push(() => rmSync(dir, { recursive: true }))
    const path = join(dir, 'event7')
    const gone = await opened({ id: 'none', adapter: 'scanner-keyboard', path })
    await until(() => expect(gone.faults).toEqual(['CAM_OPEN']))
    execFileSync('mkfifo', [path])
    const fifo = openSync(path, 'r+')
    const { texts, health, source } = await opened({ id: 'wedge', adapter: 'scanner-keyboard', path })
    await until(() => expect(health().state).toBe('running'))
    writeSync(fifo, press(S, N, ONE, ENTER))
    await until(() => expect(texts).toEqual(['sn1']))
    expect(health()).toMatchObject({ state: 'running', reads: 1, connects: 1 })
    const closing = performance.now()
    await source.close()
    expect(performance.now() - closing).toBeLessThan(1_000)
  })
})

// A pseudo terminal: what is written to the master comes out of the line, as from a scanner.
const PTY = `
import os, pty
master, slave = pty.openpty()
print(os.ttyname(slave), flush=True)
while True:
    data = os.read(0, 4096)
    if not data: break
    os.write(master, data)
`

async function terminal(): Promise<{ path: string; scanner: ChildProcess }> {
  const scanner = spawn('python3', ['-c', PTY], { stdio: ['pipe', 'pipe', 'inherit'] })
  closers.push(() => void scanner.kill())
  const [path] = (await once(scanner.stdout ?? scanner, 'data')) as [Buffer]
  return { path: path.toString().trim(), scanner }
}

describeWith('python3', commandPresent('python3'), 'a scanner on a serial line', () => {
  it('is read byte for byte, is told when it goes, and lets go at once', async () => {
    const { path, scanner } = await terminal()
    const { texts, faults, health, source } = await opened({
      id: 'gate',
      adapter: 'scanner-serial',
      path,
      baudRate: 19_200,
    })
    await until(() => expect(health().state).toBe('running'))
    // ISO/IEC 15434: a terminal that is not set to raw takes the EOT for the end of its input.
    scanner.stdin?.write('[)>\u001e06\u001d25SABC\u001e\u0004\r\nSN-2\r')
    await until(() => expect(texts).toEqual(['[)>\u001e06\u001d25SABC\u001e\u0004', 'SN-2']))
    scanner.kill()
    await until(() => expect(faults).toEqual(['CAM_GONE']))
    const closing = performance.now()
    await source.close()
    expect(performance.now() - closing).toBeLessThan(1_000)
  })

  it('is told when it goes within a read, which gets nothing then instead of an error', async () => {
    for (let nth = 0; nth < 30; nth++) {
      const { path, scanner } = await terminal()
      const { faults, health, source } = await opened(
        { id: 'gate', adapter: 'scanner-serial', path },
        () => void scanner.kill(),
      )
      await until(() => expect(health().state).toBe('running'))
      scanner.stdin?.write('SN-1\r')
      await until(() => expect(faults, `time ${nth}`).toEqual(['CAM_GONE']))
      await source.close()
    }
  }, 60_000)

  it('lets go while it is idle, and is there for the next', async () => {
    const { path, scanner } = await terminal()
    for (const id of ['first', 'second']) {
      const { texts, health, source } = await opened({ id, adapter: 'scanner-serial', path })
      await until(() => expect(health().state).toBe('running'))
      scanner.stdin?.write(`${id}\r`)
      await until(() => expect(texts).toEqual([id]))
      const closing = performance.now()
      await source.close()
      expect(performance.now() - closing).toBeLessThan(1_000)
    }
  })
})
