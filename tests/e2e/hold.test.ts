import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import type { LineSpec } from '../../contracts/index.ts'
import { type CliProcess, runCli, startCli, stopped } from './line-process.ts'
import { asked } from './line-state.ts'

const dir = mkdtempSync(join(tmpdir(), 'sightline-hold-'))
const running: CliProcess[] = []
afterEach(() => {
  for (const p of running.splice(0)) p.child.kill('SIGKILL')
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

interface Part {
  inspectionId: string
  serial: string
  position: number
  result: string
  disposition: string
  ruledDisposition: string
  lot: string | null
  reasons: { en: string; zh: string }[]
}
const parts = async (line: CliProcess): Promise<Part[]> =>
  (await asked<{ parts: Part[] }>(line, '/api/parts?limit=200')).parts
const position = async (line: CliProcess): Promise<number> => (await parts(line))[0]?.position ?? 0

/** Judged parts after a position, once there are `n` of them. */
async function after(line: CliProcess, from: number, n: number): Promise<Part[]> {
  for (let tries = 0; tries < 200; tries++) {
    const found = (await parts(line)).filter((p) => p.position > from && p.result !== 'inconclusive')
    if (found.length >= n) return found
    await sleep(250)
  }
  throw new Error(`no ${n} parts after ${from}:\n${line.stderr()}`)
}

/** The sample line at half a board a second: a lot lasts longer than a few commands. */
function slowLine(): string {
  const lines = resolve(import.meta.dirname, '../../lines')
  cpSync(join(lines, 'recipes'), join(dir, 'recipes'), { recursive: true })
  const sample = parse(readFileSync(join(lines, 'sample.line.yaml'), 'utf8')) as LineSpec
  const [station] = sample.stations
  Object.assign(station?.camera ?? {}, { rate: 0.7, logistics: false })
  const file = join(dir, 'slow.line.yaml')
  writeFileSync(file, stringify({ ...sample, workers: 1, dashboard: { port: 0 } }))
  return file
}

describe('a hold', () => {
  it('stops every part of the lot until a named person releases it', async () => {
    const data = join(dir, 'data')
    const line = await startCli(['serve', slowLine(), '--no-supervisor', '--data', data])
    running.push(line)
    const before = await after(line, 0, 4)
    const lot = before[0]?.lot ?? ''
    expect(lot).not.toBe('')
    expect(before.some((p) => p.disposition === 'release')).toBe(true)

    // Through the running line: the command finds it by its data directory.
    const nameless = await runCli(['hold', lot, '--data', data, '--reason', 'pits'])
    expect([nameless.code, nameless.stderr]).toEqual([2, expect.stringContaining('--by') as string])
    const placed = await runCli([
      'hold',
      lot,
      '--data',
      data,
      '--reason',
      'pits in the laminate',
      '--by',
      'li',
    ])
    expect(placed).toMatchObject({ code: 0 })
    const { position: heldFrom } = JSON.parse(placed.stdout) as { position: number }
    await after(line, heldFrom, 6)
    const ofLot = async (): Promise<Part[]> =>
      (await parts(line)).filter((p) => p.position > heldFrom && p.result !== 'inconclusive' && p.lot === lot)
    // One may have had its verdict before the hold. A good one was stopped at the gate, which says why beside what was
    // judged, a moment after the part is listed; a bad one was diverted for what was found, and need not wait.
    await expect
      .poll(async () => (await ofLot()).filter((p) => p.disposition === 'release'), { timeout: 10_000 })
      .toEqual([])
    const notHeld = (await ofLot()).filter((p) => p.disposition !== 'hold')
    expect(notHeld.length, JSON.stringify(notHeld)).toBeLessThanOrEqual(1)
    const held = (await ofLot()).filter((p) => p.disposition === 'hold')
    expect(held.length).toBeGreaterThan(1)
    for (const p of held) {
      expect(p.reasons.at(-1)?.en).toBe(`lot/${lot} is on hold: pits in the laminate (li)`)
      expect(p.reasons.at(-1)?.zh).toContain('已隔离')
    }
    // The judgement itself is kept.
    expect(new Set(held.map((p) => p.result)).has('pass')).toBe(true)
    const one = held[0]
    // The answer of the gate is noted behind the record, when the part is listed already.
    const commands = async (): Promise<string[]> => {
      const page = await asked<{ part: { gate: { command: { action: string } }[] } }>(
        line,
        `/api/parts/${one?.inspectionId}`,
      )
      return page.part.gate.map((g) => g.command.action)
    }
    await expect.poll(commands, { timeout: 10_000 }).toEqual(['hold'])
    const life = await asked<{ units: { hold: { by: string } | null; where: { place: string } }[] }>(
      line,
      `/api/parts/${one?.serial}/life`,
    )
    expect(life.units[0]).toMatchObject({ hold: { by: 'li' }, where: { place: 'held' } })
    expect((await runCli(['hold', '--data', data])).stdout).toContain('pits in the laminate')

    const again = await runCli(['release', lot, '--data', data, '--reason', 'sorted', '--by', 'wang'])
    expect(again).toMatchObject({ code: 0 })
    const from = await position(line)
    const free = (await after(line, from, 6)).filter((p) => p.lot === lot)
    expect(free.some((p) => p.disposition === 'release')).toBe(true)
    const events = await asked<{ events?: { event: { type: string } }[] }>(line, '/api/holds')
    expect(events).toMatchObject([{ by: 'li', releasedBy: 'wang', releaseReason: 'sorted' }])

    // The hold is gone, what it diverted stays: a person decides about each part, in words that a release gives.
    const unit = `unit/${one?.serial}`
    const wrongWord = await runCli(['release', unit, '--data', data, '--reason', 'sorted', '--by', 'wang'])
    expect([wrongWord.code, wrongWord.stderr]).toEqual([
      1,
      expect.stringContaining(`sightline dispose ${unit} release`) as string,
    ])
    const decision = ['dispose', unit, 'use-as-is', '--data', data, '--reason', 'pits are shallow']
    expect((await runCli(decision)).stderr).toContain('--by')
    expect((await runCli(['dispose', unit, 'hold', '--data', data])).stderr).toContain('use-as-is')
    expect(await runCli([...decision, '--by', 'wang'])).toMatchObject({ code: 0 })
    expect((await parts(line)).find((p) => p.serial === one?.serial)).toMatchObject({
      disposition: 'use-as-is',
      ruledDisposition: one?.ruledDisposition,
      decision: { by: 'wang', reason: 'pits are shallow' },
    })

    // Facts from a file, once, however often it is imported; then the recall names every part of the lot.
    const csv = join(dir, 'facts.csv')
    writeFileSync(
      csv,
      `kind,at,by,child,parent,shipment,customer\n` +
        `aggregate,2026-01-05T06:00:00Z,li,unit/${one?.serial},pallet/1,,\n` +
        `ship,2030-01-05T06:00:00Z,li,pallet/1,,S1,C1\n`,
    )
    for (const expected of [
      { recorded: 2, repeated: 0, refused: 0 },
      { recorded: 0, repeated: 2, refused: 0 },
    ])
      expect(JSON.parse((await runCli(['trace', 'import', csv, '--data', data])).stdout)).toEqual(expected)
    await stopped(line)
    const recall = await runCli(['recall', lot, '--data', data, '--format', 'csv'])
    const row = recall.stdout.split('\r\n').find((r) => r.startsWith(`${one?.serial},`))
    expect(row).toContain('certain,shipped')
    expect(row).toContain('pallet/1,shipment/S1,customer/C1')
    const text = await runCli(['trace', one?.serial ?? '', '--data', data, '--lang', 'zh'])
    expect(text.stdout).toContain('所在: 已发货 shipment/S1, customer/C1')
    // Directly, when no line runs.
    expect(await runCli(['hold', lot, '--data', data, '--reason', 'again', '--by', 'li'])).toMatchObject({
      code: 0,
    })
    // The hold also stops what happens behind the gate.
    writeFileSync(csv, `kind,at,by,child,shipment\nship,2030-01-06T06:00:00Z,li,unit/${held[1]?.serial},S2\n`)
    const shipped = await runCli(['trace', 'import', csv, '--data', data])
    expect([shipped.code, JSON.parse(shipped.stdout)]).toEqual([1, { recorded: 0, repeated: 0, refused: 1 }])
    expect(shipped.stderr).toMatch(
      new RegExp(`row 1: TRC_HELD: .*of lot/${lot}: again \\(li\\).*sightline release`),
    )
    const letGo = [
      'dispose',
      held[1]?.serial ?? '',
      'release',
      '--data',
      data,
      '--reason',
      'ok',
      '--by',
      'li',
    ]
    expect((await runCli(letGo)).stderr).toContain('TRC_HELD')
    expect(await runCli(['verify', data])).toMatchObject({ code: 0 })
  }, 300_000)
})
