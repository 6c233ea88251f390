import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type PlcSimulator, startPlcSimulator } from '../../camera/index.ts'
import { createRng } from '../../datasets/sample-line/rng.ts'
import { openTraceQuery } from '../../traceability/query/index.ts'
import { type CliProcess, startCli, stopped } from './line-process.ts'

const KILLS = 20
const SEED = 20261124
const PER_SECOND = 8
const STATION = 'aoi-top'

let dir: string
let plc: PlcSimulator

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sightline-kill-'))
  // The PLC is another machine: it goes on counting, and its gate rejects by default.
  plc = await startPlcSimulator({ gateMs: 2_500, keep: 100_000 })
  mkdirSync(join(dir, 'recipes'))
  const recipes = resolve(import.meta.dirname, '../../lines/recipes')
  for (const file of ['sample-board@1.recipe.yaml', 'sample-board@1.golden.png'])
    copyFileSync(join(recipes, file), join(dir, 'recipes', file))
  writeFileSync(
    join(dir, 'kill.line.yaml'),
    `line: kill
title: { en: Kill test, zh: 断电测试 }
stations:
  - id: ${STATION}
    camera: { adapter: sample-line, seed: 1, defectRate: 0.4, rate: triggered }
    recipe: sample-board@1
    budgetMs: 2000
    reject: { adapter: modbus-tcp, host: 127.0.0.1, port: ${plc.port} }
frames: { slots: 8, slotBytes: 1048576 }
dashboard: { port: 0 }
`,
  )
})

afterAll(async () => {
  await plc.close()
  rmSync(dir, { recursive: true, force: true })
})

const start = (): Promise<CliProcess> =>
  startCli(['serve', join(dir, 'kill.line.yaml'), '--data', join(dir, 'data'), '--no-supervisor'])

it(`${KILLS} × kill -9 under load: nothing acknowledged is lost, nothing passes without a record, the triggers balance (seed ${SEED})`, async () => {
  const rng = createRng(SEED)
  let line = await start()
  const stopTriggers = plc.startTriggers(PER_SECOND)
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(rng.range(150, 1_800))
    line.child.kill('SIGKILL')
    await line.exit
    line = await start()
  }
  await sleep(3_000)
  stopTriggers()
  await sleep(4_000)
  const last = plc.counter
  expect(await stopped(line)).toBe(0)

  const query = openTraceQuery(join(dir, 'data'))
  try {
    const records = new Map((await query.recentParts({ limit: 100_000 })).map((p) => [p.trigger, p]))
    const gate = plc.parts().filter((p) => p.action !== 'pending')
    const count = (action: string): number => gate.filter((p) => p.action === action).length
    // The test means something only if parts were released and rejected by verdicts all along.
    expect(count('released')).toBeGreaterThan(KILLS)
    expect(count('rejected')).toBeGreaterThan(5)

    const wrong = gate.flatMap((p) => {
      const record = records.get(p.trigger)
      if (p.action === 'released' && record?.result !== 'pass')
        return [`released ${p.trigger} on ${record?.result ?? 'no record'}`]
      if (p.action === 'rejected' && record?.result !== 'fail')
        return [`rejected ${p.trigger} on ${record?.result ?? 'no record'}`]
      return []
    })
    expect(wrong).toEqual([])

    const first = Math.min(...records.keys())
    const missing = []
    for (let t = first; t <= last; t++) if (!records.has(t)) missing.push(t)
    expect(missing).toEqual([])
    const [balance] = query.triggerBalance()
    expect(balance).toMatchObject({ station: STATION, open: 0, closed: true, triggers: last - first + 1 })
    expect((balance?.verdicts ?? 0) + (balance?.noVerdicts ?? 0)).toBe(balance?.triggers)

    let position = 0
    for (;;) {
      const events = query.eventsAfter(position, 5_000)
      if (events.length === 0) break
      expect(events.map((e) => e.position)).toEqual(events.map((_, i) => position + i + 1))
      position += events.length
    }
    console.info(
      `gate: ${JSON.stringify(Object.fromEntries(['released', 'rejected', 'held', 'default-rejected'].map((a) => [a, count(a)])))}; balance: ${JSON.stringify(balance)}; events: ${position}`,
    )
  } finally {
    query.close()
  }
}, 600_000)
