import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type CameraItem, type Inspector, monoMs, type StationSpec } from '../../contracts/index.ts'
import { Interlock } from '../../inspection/engine/interlock.ts'
import {
  type Identify,
  type JudgedPart,
  StationEngine,
  type StationPorts,
} from '../../inspection/engine/index.ts'
import { openPartStore } from '../../traceability/index.ts'
import {
  Diary,
  frame,
  inspectorOf,
  outcome,
  recipe,
  releasedFrames,
  sourceOf,
  unjudged,
} from './samples/station-ports.ts'

const named: Identify = ({ problem }) => ({ problem, hold: () => Promise.resolve(null) })

const spec = (over: Partial<StationSpec> = {}): StationSpec =>
  ({
    id: 's1',
    recipe: 'r@1',
    budgetMs: 200,
    reject: { adapter: 'recording' },
    interlock: {},
    ...over,
  }) as StationSpec

async function run(
  items: CameraItem[],
  inspector: Inspector,
  diary = new Diary(),
  over: Partial<StationSpec> = {},
  ports: Partial<StationPorts> = {},
) {
  const parts: JudgedPart[] = []
  const engine = new StationEngine(
    spec(over),
    recipe,
    { line: 'l', plant: 'p', station: 's1', product: 'p', shift: 'day' },
    {
      source: sourceOf(items, 2),
      inspector,
      output: diary.output,
      store: diary.store,
      last: diary.last,
      identify: named,
      onPart: (p) => parts.push(p),
      log: { warn: () => undefined, error: () => undefined },
      ...ports,
    },
  )
  await engine.run(new AbortController().signal)
  return { engine, parts, diary, state: engine.state() }
}

const passes = inspectorOf(() => ({ outcome: outcome('pass') }))

describe('StationEngine', () => {
  it('releases a passed part only behind its durable record', async () => {
    const { diary } = await run([frame(1)], passes)
    const order = diary.lines.filter((l) => l.startsWith('stored') || l.startsWith('gate'))
    expect(order).toEqual(['stored 1 pass', 'gate 1 release'])
  })

  it('rejects a failed part behind its record, or without it when the record is late', async () => {
    const fails = inspectorOf(() => ({ outcome: outcome('fail') }))
    const order = async (captureMs: number) => {
      const diary = new Diary()
      diary.captureMs = captureMs
      await run([frame(1)], fails, diary)
      return diary.lines.filter((l) => l.startsWith('stored') || l.startsWith('gate'))
    }
    expect(await order(30)).toEqual(['stored 1 fail', 'gate 1 reject'])
    expect(await order(400)).toEqual(['gate 1 reject', 'stored 1 fail'])
  })

  it.each([
    ['late', 2_000, false],
    ['lost', 0, true],
  ])('holds a passed part whose record is %s', async (_name, captureMs, failCapture) => {
    const diary = new Diary()
    Object.assign(diary, { captureMs, failCapture })
    const { state, parts } = await run([frame(1)], passes, diary)
    expect(diary.commands.map((c) => c.action)).toEqual(['hold'])
    expect(state.counters.heldForRecord).toBe(1)
    // Long before that record, however busy the machine is.
    expect(parts[0]?.gateAtMs).toBeLessThan((parts[0]?.triggeredAtMs ?? 0) + 2_000)
    if (failCapture) expect(state.faults.map((f) => f.code)).toEqual(['TRC_WRITE'])
  })

  it('holds what was not judged in time, and records the late result without actuating again', async () => {
    const late = { outcome: outcome('pass'), lateByMs: 3 }
    const { diary, state } = await run(
      [frame(1)],
      inspectorOf(() => ({ outcome: unjudged('deadline'), late })),
    )
    expect(diary.commands.map((c) => [c.trigger, c.action])).toEqual([[1, 'hold']])
    expect(diary.lines).toContain('note late')
    expect(state.counters).toMatchObject({ late: 1, noVerdicts: { deadline: 1 } })
  })

  it('has no verdict for a part whose judgement is ready only when its budget is over', async () => {
    const starved: Identify = ({ problem }) => {
      const until = monoMs() + 250
      while (monoMs() < until);
      return { problem, hold: () => Promise.resolve(null) }
    }
    const diary = new Diary()
    const inspector = inspectorOf(() => ({ outcome: outcome('pass') }))
    await run([frame(1)], inspector, diary, {}, { identify: starved })
    expect(diary.captured.map((c) => c.outcome.verdict)).toMatchObject([
      {
        result: 'inconclusive',
        disposition: 'hold',
        noVerdict: { reason: 'deadline', code: 'INS_DEADLINE' },
      },
    ])
    expect(diary.commands.map((c) => c.action)).toEqual(['hold'])
    expect(diary.lines).toContain('note late')
  })

  it('makes an explained no-verdict of every missed trigger and of every gap in the counter', async () => {
    const missed: CameraItem = {
      kind: 'missed',
      trigger: 2,
      triggeredAtMs: 0,
      reason: 'timeout',
      code: 'CAM_TIMEOUT',
      message: 'no frame',
    }
    const { state, diary } = await run([frame(1), missed, frame(6)], passes)
    expect(diary.commands.map((c) => [c.trigger, c.action]).sort()).toEqual([
      [1, 'release'],
      [2, 'hold'],
      [3, 'hold'],
      [4, 'hold'],
      [5, 'hold'],
      [6, 'release'],
    ])
    expect(state.counters).toMatchObject({
      triggers: 6,
      open: 0,
      results: { pass: 2, fail: 0, inconclusive: 4 },
      noVerdicts: { missed: 4 },
    })
    expect(diary.captured.find((c) => c.trigger === 2)?.outcome.verdict.noVerdict?.code).toBe('CAM_TIMEOUT')
    expect(diary.captured.find((c) => c.trigger === 4)?.outcome.verdict.noVerdict?.code).toBe('CAM_GAP')
  })

  it('closes what an interrupted run left, before and up to the first trigger', async () => {
    const diary = new Diary()
    diary.last = { trigger: 10, attempt: 1 }
    await run([frame(15)], passes, diary)
    expect(diary.lines.filter((l) => l.startsWith('close'))).toEqual(['close below 11', 'close below 15'])
    expect(diary.captured.map((c) => c.trigger)).toEqual([15])
  })

  it('judges what was announced while the line started, once', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'sightline-early-'))
    const store = await openPartStore({ dataDir })
    const at = new Date().toISOString()
    for (const trigger of [5, 6]) await store.openTrigger({ station: 's1', trigger, at })
    const last = await store.lastTrigger('s1')
    // The source is open, and the station does not run yet.
    await store.openTrigger({ station: 's1', trigger: 7, at })
    const { diary } = await run(
      [frame(7), frame(8)],
      passes,
      new Diary(),
      { budgetMs: 30_000 },
      { store, last },
    )
    expect(diary.commands.map((c) => [c.trigger, c.action])).toEqual([
      [7, 'release'],
      [8, 'release'],
    ])
    expect(await store.balance()).toEqual([
      { station: 's1', triggers: 4, verdicts: 2, noVerdicts: 2, open: 0, closed: true },
    ])
    await store.close()
    rmSync(dataDir, { recursive: true })
  })

  it('starts a new epoch when the counter starts again, so that no record takes the place of another', async () => {
    const { diary, state } = await run([frame(7), frame(1), frame(2)], passes)
    const [a, b, c] = diary.captured.sort((x, y) => x.attempt - y.attempt || x.trigger - y.trigger)
    expect([a?.trigger, b?.trigger, c?.trigger]).toEqual([7, 1, 2])
    expect(a?.attempt).toBe(1)
    expect(b?.attempt).toBeGreaterThan(1)
    expect(c?.attempt).toBe(b?.attempt)
    expect(state.counters.triggers).toBe(3)
    expect(diary.events.map((e) => e.type)).toContain('qe.station.health.v1')
  })

  it('goes on in the count that an earlier run was in, and in a newer one when the counter starts again', async () => {
    const diary = new Diary()
    const attempt = Date.now() + 60_000
    diary.last = { trigger: 50, attempt }
    const { state } = await run([frame(51), frame(53), frame(52)], passes, diary)
    const cycles = diary.captured.map((c) => [c.trigger, c.attempt]).sort(([a = 0], [b = 0]) => a - b)
    // The clock was set back meanwhile.
    expect(cycles).toEqual([51, 52, 52, 53].map((n, i) => [n, i === 2 ? attempt + 1 : attempt]))
    expect(diary.announced.map((t) => [t.trigger, t.attempt])).toEqual([
      [51, attempt],
      [53, attempt],
      [52, attempt + 1],
    ])
    expect(state.counters.triggers).toBe(4)
  })

  it.each([
    ['that the store closes', 12_000, 3_600, { noVerdicts: 12_000, closed: true }],
    ['too fast to be lost parts', 65_535, 1, { noVerdicts: 0, closed: false, unexplained: 65_535 }],
    ['too long to be lost parts', 200_000, 3_600, { noVerdicts: 0, closed: false, unexplained: 200_000 }],
  ])(
    'keeps in the balance a jump of a running counter %s',
    { timeout: 60_000 },
    async (_name, lost, secondsAgo, what) => {
      const dataDir = mkdtempSync(join(tmpdir(), 'sightline-jump-'))
      const store = await openPartStore({ dataDir })
      const at = new Date(Date.now() - secondsAgo * 1_000).toISOString()
      await store.openTrigger({ station: 's1', trigger: 500, at })
      const second = 501 + lost
      const { diary, state } = await run(
        [frame(500), frame(second)],
        passes,
        new Diary(),
        { budgetMs: 30_000 },
        { store },
      )
      expect(diary.commands.map((c) => [c.trigger, c.action])).toEqual([
        [500, 'release'],
        [second, 'release'],
      ])
      expect(state.counters.triggers).toBe(2)
      expect(await store.lastTrigger('s1')).toEqual({ trigger: second, attempt: 1 })
      const balance = { station: 's1', triggers: lost + 2, verdicts: 2, open: 0, ...what }
      expect(await store.balance()).toEqual([balance])
      await store.close()
      rmSync(dataDir, { recursive: true })
    },
  )

  it('holds a part whose identity is in doubt, keeping what was seen', async () => {
    const { diary } = await run(
      [frame(1)],
      passes,
      new Diary(),
      {},
      {
        identify: () => ({
          problem: {
            noVerdict: { reason: 'identity', code: 'INS_RECIPE_MISMATCH', message: 'another product' },
            text: { en: 'Of another product', zh: '其他产品' },
          },
          hold: () => Promise.resolve(null),
        }),
      },
    )
    expect(diary.commands[0]?.action).toBe('hold')
    expect(diary.captured[0]?.outcome.verdict).toMatchObject({
      result: 'inconclusive',
      noVerdict: { code: 'INS_RECIPE_MISMATCH' },
      reasons: [{ zh: '工件身份未确认' }, { zh: '其他产品' }],
    })
  })

  it('returns every frame to its pool', async () => {
    const before = releasedFrames()
    await run(
      [frame(1), frame(2), frame(3)],
      inspectorOf((t) => ({ outcome: t === 2 ? unjudged('tool') : outcome('pass') })),
    )
    expect(releasedFrames() - before).toBe(3)
  })

  it('reports a fault of the source, tells the PLC and clears it with the next frame', async () => {
    const { diary, state } = await run(
      [{ kind: 'fault', code: 'CAM_GONE', message: 'unplugged', fatal: false }, frame(1)],
      passes,
    )
    expect(diary.lines.filter((l) => l.startsWith('fault'))).toEqual([
      'fault true',
      'fault false',
      'fault false',
    ])
    expect(state.faults).toEqual([])
    expect(diary.events.map((e) => (e.data as { active: boolean }).active)).toEqual([true, false])
  })

  it('raises the interlock alarm once, and stops the line over the fault bit', async () => {
    const { diary, state } = await run(
      [1, 2, 3, 4].map(frame),
      inspectorOf(() => ({ outcome: outcome('fail') })),
      new Diary(),
      { interlock: { consecutive: 3 } },
    )
    expect(state.alarms.map((a) => a.id)).toEqual(['consecutive'])
    expect(diary.events).toHaveLength(1)
    expect(diary.lines.filter((l) => l === 'fault true').length).toBeGreaterThan(0)
  })
})

describe('Interlock', () => {
  const at = (x: number, cls = 'open') =>
    outcome('fail', {
      findings: [
        {
          id: 'f',
          tool: 't',
          use: 'blob@1',
          class: cls,
          score: 1,
          box: [x - 5, 5, x + 5, 15],
          areaPx: 9,
          rois: [],
        },
      ],
      defects: ['f'],
    }).verdict
  const good = outcome('pass').verdict

  it('sees the share of bad parts in a full window only', () => {
    const lock = new Interlock({ rate: { window: 5, share: 0.4 } })
    const alarms = [good, at(1), at(2), good, good, at(3), good].map((v) => lock.next(v).length)
    // windows: 5 parts with 2 bad (= share, no alarm), then with 3 bad, then with 2
    expect(alarms).toEqual([0, 0, 0, 0, 0, 1, 0])
  })

  it('sees the same defect at the same place, not another class or place', () => {
    const lock = () => new Interlock({ samePlace: { window: 5, count: 3, radiusPx: 4 } })
    const run = (verdicts: ReturnType<typeof at>[]) => {
      const l = lock()
      return verdicts.map((v) => l.next(v).map((a) => a.id)).at(-1)
    }
    expect(run([at(100), good, at(102), at(101)])).toEqual(['same-place'])
    expect(run([at(100), at(140), at(101)])).toEqual([])
    expect(run([at(100), at(100, 'spur'), at(101)])).toEqual([])
    expect(run([at(100), at(100), good, good, good, at(100)])).toEqual([])
  })
})

describe('broken neighbours', () => {
  it('holds the part and returns its slot when the inspector throws', async () => {
    const before = releasedFrames()
    const broken = {
      ...passes,
      inspect: () => {
        throw new Error('lost my mind')
      },
    }
    const { diary, state } = await run([frame(1), frame(2)], broken)
    expect(diary.commands.map((c) => [c.trigger, c.action])).toEqual([
      [1, 'hold'],
      [2, 'hold'],
    ])
    expect(state.counters).toMatchObject({ triggers: 2, open: 0, noVerdicts: { tool: 2 } })
    expect(releasedFrames() - before).toBe(2)
  })

  it('counts the gate as not served when the output throws', async () => {
    const diary = new Diary()
    diary.output.apply = () => Promise.reject(new Error('cable'))
    const { state, parts } = await run([frame(1)], passes, diary)
    expect(parts[0]?.ack).toMatchObject({ ok: false, code: 'CAM_IO' })
    expect(state.counters).toMatchObject({ open: 0, gate: { failed: 1 } })
  })
})
