import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type BadFrame,
  badFrames,
  closedBooks,
  goodJpeg,
  goodPng,
  goodRecipe,
  type Workshop,
  workshop,
} from './bad-samples.ts'
import { freePort } from './free-port.ts'
import { type CliProcess, runCli, startCli, stopped } from './line-process.ts'

let shop: Workshop
let bad: BadFrame[]
let good: { png: Buffer; jpeg: Buffer }

beforeAll(async () => {
  shop = workshop('frames')
  bad = await badFrames()
  good = { png: await goodPng(), jpeg: await goodJpeg() }
})
afterAll(() => shop.remove())

/** Resident memory of a process, MB. */
const memoryOf = (pid: number): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024

describe('frames pushed into a running line', () => {
  let line: CliProcess
  let url: string
  let sent = 0

  const push = (bytes: Buffer, mime: string): Promise<Response> => {
    sent += 1
    return fetch(url, { method: 'POST', headers: { 'content-type': mime }, body: new Uint8Array(bytes) })
  }

  beforeAll(async () => {
    const port = await freePort()
    const file = shop.line('push', {
      stations: [
        {
          id: 'cam',
          camera: { adapter: 'http-push', port, backPressure: 'wait', staleMs: 60_000, maxBytes: 2_000_000 },
          recipe: 'ramp@1',
          budgetMs: 20_000,
        },
      ],
    })
    line = await startCli(['serve', file, '--data', shop.data, '--no-supervisor'])
    url = `http://127.0.0.1:${port}/ingest/cam`
  })
  afterAll(async () => {
    if (line.child.exitCode === null) await stopped(line)
  })

  it('each bad one is a no-verdict with its code and holds its part; the good ones in between are released', async () => {
    const before = memoryOf(line.child.pid ?? 0)
    for (const { bytes, mime } of bad) {
      expect((await push(bytes, mime)).status).toBe(202)
      expect((await push(good.png, 'image/png')).status).toBe(202)
    }
    expect((await push(good.jpeg, 'image/jpeg')).status).toBe(202)
    // 20,000 × 20,000 px would be 400 MB decoded.
    await expect
      .poll(() => state().then((s) => s.store.captured), { timeout: 30_000 })
      .toBeGreaterThanOrEqual(sent)
    if (process.platform === 'linux') expect(memoryOf(line.child.pid ?? 0) - before).toBeLessThan(300)
  })

  it('a frame larger than a slot is refused with 413 and its part is held', async () => {
    const answer = await push(Buffer.alloc(1_500_000, 1), 'image/jpeg')
    expect(answer.status).toBe(413)
    expect(await answer.json()).toMatchObject({ code: 'CAM_FRAME_TOO_LARGE', trigger: sent })
  })

  it('a sender that breaks off in mid-body costs its own part only', async () => {
    sent += 1
    const { hostname, port, pathname } = new URL(url)
    const req = request({
      hostname,
      port,
      path: pathname,
      method: 'POST',
      headers: { 'content-type': 'image/png', 'content-length': good.png.length },
    })
    req.on('error', () => undefined)
    req.write(good.png.subarray(0, 100))
    await new Promise((resolve) => setTimeout(resolve, 200))
    req.destroy()
    await expect
      .poll(() => state().then((s) => s.stations[0]?.camera.lastError))
      .toMatch(/CAM_INCOMPLETE.*100 of/)
    expect((await push(good.png, 'image/png')).status).toBe(202)
  })

  it('every trigger has one record with its reason, and the balance is closed', async () => {
    await expect
      .poll(() => state().then((s) => s.store.captured), { timeout: 20_000 })
      .toBeGreaterThanOrEqual(sent)
    expect(await stopped(line)).toBe(0)
    const rows = await closedBooks(shop.data)
    expect(rows).toHaveLength(sent)
    for (const [i, b] of bad.entries()) {
      const row = rows.find((r) => r.trigger === 2 * i + 1)
      expect([b.file, row?.result, row?.disposition, row?.noVerdict, row?.code]).toEqual([
        b.file,
        'inconclusive',
        'hold',
        b.reason,
        b.code,
      ])
      expect(row?.message).toMatch(b.says)
    }
    const rest = rows.filter((r) => r.trigger > 2 * bad.length || r.trigger % 2 === 0)
    expect(rest.filter((r) => r.result === 'pass')).toHaveLength(bad.length + 2)
    expect(rest.flatMap((r) => r.code ?? [])).toEqual(['CAM_FRAME_TOO_LARGE', 'CAM_INCOMPLETE'])
  })

  const state = async (): Promise<LineState> => {
    const answer = await fetch(`${String(line.ready['url'])}/api/line`)
    return ((await answer.json()) as { state: LineState }).state
  }
})

interface LineState {
  store: { captured: number }
  stations: { camera: { lastError: string | null } }[]
}

describe('a folder', () => {
  let folder: string
  beforeAll(() => {
    folder = join(shop.dir, 'images')
    mkdirSync(folder)
    bad.forEach((b, i) => writeFileSync(join(folder, `${i}-${b.file}`), b.bytes))
    writeFileSync(join(folder, '99-good.png'), good.png)
  })

  it('is replayed to its end: bad files are held with their code, the good one passes', async () => {
    const data = join(shop.dir, 'replayed')
    const file = shop.line('replay', {
      stations: [
        {
          id: 'cam',
          camera: { adapter: 'replay', path: folder, rate: 'max' },
          recipe: 'ramp@1',
          budgetMs: 20_000,
        },
      ],
    })
    const { code } = await runCli(['serve', file, '--data', data, '--no-supervisor', '--once'])
    expect(code).toBe(0)
    const rows = await closedBooks(data)
    expect(rows.map((r) => r.code)).toEqual([...bad.map((b) => b.code), null])
    expect(rows.at(-1)?.result).toBe('pass')
  })

  it('is inspected by `sightline inspect` with exit code 3 and one JSON line per file', async () => {
    const recipe = join(shop.dir, 'recipes', 'ramp@1.recipe.yaml')
    const { code, stdout, stderr } = await runCli(['inspect', folder, '--recipe', recipe])
    expect(code).toBe(3)
    const lines = stdout
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l) as { result: string; noVerdict: { reason: string; code: string } | null })
    expect(lines.map((l) => l.noVerdict && [l.noVerdict.reason, l.noVerdict.code])).toEqual([
      ...bad.map((b) => [b.reason, b.code]),
      null,
    ])
    expect(JSON.parse(stderr.trim().split('\n').at(-1) ?? '')).toEqual({
      files: bad.length + 1,
      pass: 1,
      fail: 0,
      inconclusive: bad.length,
    })
  })

  it('is held by `sightline inspect`, as by the line, where the recipe wants a serial and no code is read', async () => {
    const image = join(shop.dir, 'no-code.png')
    writeFileSync(image, good.png)
    const { tools } = goodRecipe() as { tools: object[] }
    const code = { id: 'code', use: 'code@1', formats: ['DataMatrix'] }
    const inspected = async (recipe: string, over: object): Promise<unknown> => {
      shop.recipe(goodRecipe({ recipe, ...over }), `${recipe}@1`)
      const { code: exit, stdout } = await runCli([
        'inspect',
        image,
        '--recipe',
        join(shop.dir, 'recipes', `${recipe}@1.recipe.yaml`),
      ])
      const { result, disposition, noVerdict } = JSON.parse(stdout) as Record<string, unknown>
      return { exit, result, disposition, noVerdict }
    }
    const named = { tools: [...tools, code] }
    expect(await inspected('named', { ...named, identity: 'required' })).toMatchObject({
      exit: 3,
      result: 'inconclusive',
      disposition: 'hold',
      noVerdict: {
        reason: 'identity',
        code: 'TRC_IDENTITY',
        message: expect.stringContaining('no readable code') as string,
      },
    })
    const passed = { exit: 0, result: 'pass', disposition: 'release', noVerdict: null }
    expect(await inspected('may-be-named', { ...named, identity: 'optional' })).toEqual(passed)
    // Its serials are read beside the camera.
    expect(await inspected('named-beside', { identity: 'required' })).toEqual(passed)
  })

  it('does not lose the images behind one that cannot be read', async () => {
    const some = join(shop.dir, 'some')
    mkdirSync(some)
    symlinkSync(join(shop.dir, 'gone.png'), join(some, '1-gone.png'))
    writeFileSync(join(some, '2-good.png'), good.png)
    const recipe = join(shop.dir, 'recipes', 'ramp@1.recipe.yaml')
    const { code, stdout } = await runCli(['inspect', some, '--recipe', recipe])
    expect(code).toBe(3)
    expect(
      stdout
        .trim()
        .split('\n')
        .map((l) => JSON.parse(l) as object),
    ).toMatchObject([
      { result: 'inconclusive', disposition: 'hold', noVerdict: { code: 'CAM_INCOMPLETE' } },
      { result: 'pass' },
    ])
  })
})
