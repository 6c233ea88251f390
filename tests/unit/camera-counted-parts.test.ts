import { afterEach, describe, expect, it } from 'vitest'
import {
  createFramePool,
  generatedSource,
  type GeneratedFrame,
  httpPushSource,
  modbusOutput,
  startPlcSimulator,
} from '../../camera/index.ts'
import type { FrameSource, StationSpec } from '../../contracts/index.ts'
import { StationEngine } from '../../inspection/engine/index.ts'
import { Diary, inspectorOf, outcome, recipe } from './samples/station-ports.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

const pool = () => createFramePool({ slots: 4, slotBytes: 4096 })

/** A station behind a PLC that runs until the test ends. */
async function station(source: FrameSource, freshMs = 5_000) {
  const plc = await startPlcSimulator({ gateMs: 60_000 })
  closers.push(() => plc.close())
  const output = modbusOutput({
    host: plc.host,
    port: plc.port,
    baseRegister: 0,
    unit: 1,
    timeoutMs: 500,
    ackMs: 1_000,
    heartbeatMs: 0,
    freshMs,
  })
  closers.push(() => output.close())
  await output.open()
  await expect.poll(() => output.health().connected, { timeout: 5_000 }).toBe(true)
  await source.open()
  closers.push(() => source.close())
  const diary = new Diary()
  const stop = new AbortController()
  const engine = new StationEngine(
    {
      id: 's1',
      recipe: 'r@1',
      budgetMs: 1_000,
      reject: { adapter: 'modbus-tcp' },
      interlock: {},
    } as StationSpec,
    recipe,
    { line: 'l', plant: 'p', station: 's1', product: 'p', shift: 'day' },
    {
      source,
      inspector: inspectorOf(() => ({ outcome: outcome('pass') })),
      output,
      store: diary.store,
      last: null,
      identify: ({ problem }) => ({ problem, hold: () => Promise.resolve(null) }),
      onPart: () => undefined,
      log: { warn: () => undefined, error: () => undefined },
    },
  )
  const seen: number[] = []
  output.onTrigger?.((n) => seen.push(n))
  output.onLost?.(({ to }) => seen.push(to))
  /** The PLC counts on to a number, and the line has read it. */
  const count = async (upTo: number): Promise<void> => {
    while (plc.counter < upTo) plc.trigger()
    await expect.poll(() => seen.at(-1), { timeout: 5_000 }).toBe(upTo)
  }
  const ended = engine.run(stop.signal)
  const end = async (): Promise<void> => {
    stop.abort()
    await ended
  }
  closers.push(end)
  return { plc, diary, output, count, end }
}

/** Trigger and, without a verdict, the code of each record so far. */
const records = (diary: Diary): unknown[] =>
  diary.captured.map(({ trigger, outcome: { verdict } }) => [
    trigger,
    verdict.noVerdict?.code ?? verdict.result,
  ])

const recorded = (diary: Diary, what: unknown[]) =>
  expect.poll(() => records(diary), { timeout: 10_000 }).toEqual(what)

describe('parts that a PLC counts, with a camera that pushes', () => {
  const camera = (staleMs: number) =>
    httpPushSource({
      station: 's1',
      view: 'top',
      pool: pool(),
      firstTrigger: 1,
      host: '127.0.0.1',
      port: 0,
      maxBytes: 3000,
      backPressure: 'miss',
      staleMs,
      requireTrigger: true,
    })
  const push = async (
    source: ReturnType<typeof camera>,
    trigger: number,
    headers: Record<string, string> = {},
  ): Promise<[number, string | undefined]> => {
    const answer = await fetch(source.url() ?? '', {
      method: 'POST',
      headers: { 'content-type': 'image/png', 'x-trigger': String(trigger), ...headers },
      body: 'pixels',
    })
    const { code } = (await answer.json()) as { code?: string }
    return [answer.status, code]
  }
  it('are on record as missed while the line runs, when the camera is dead', async () => {
    const source = camera(2_000)
    const { diary, count } = await station(source)
    await count(1)
    expect(await push(source, 1)).toEqual([202, undefined])
    await recorded(diary, [[1, 'pass']])
    for (const n of [2, 3, 4]) await count(n)
    const missed = [2, 3, 4].map((n) => [n, 'CAM_TIMEOUT'])
    await recorded(diary, [[1, 'pass'], ...missed])
    expect(source.health()).toMatchObject({ state: 'offline', missed: 3 })
    expect(source.health().lastError).toContain('check that the camera runs')
    // It comes after all, too late for its part.
    expect(await push(source, 4)).toEqual([409, 'CAM_TIMEOUT'])
    await count(5)
    expect(await push(source, 5)).toEqual([202, undefined])
    await recorded(diary, [[1, 'pass'], ...missed, [5, 'pass']])
    expect(source.health().state).toBe('online')
  })

  it('keep their frames where both counters wrap at 32 bits', async () => {
    const source = camera(2_000)
    closers.push(() => source.close())
    await source.open()
    const stop = new AbortController()
    const seen: unknown[] = []
    const reading = (async () => {
      for await (const item of source.items(stop.signal)) {
        if (item.kind === 'frame') {
          seen.push(item.frame.meta.trigger)
          item.frame.release()
        } else if (item.kind === 'missed') seen.push([item.trigger, item.code])
      }
    })()
    source.counted?.(0xffff_ffff)
    expect(await push(source, 0xffff_ffff)).toEqual([202, undefined])
    source.counted?.(0, true)
    expect(await push(source, 0)).toEqual([202, undefined])
    // The push may come before the PLC is read.
    expect(await push(source, 1)).toEqual([202, undefined])
    source.counted?.(1)
    source.counted?.(2)
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual([0xffff_ffff, 0, 1, [2, 'CAM_TIMEOUT']])
    stop.abort()
    await reading
  })

  it('are missed once, also where pushes overtake the count or each other', async () => {
    const source = camera(2_000)
    const { diary, count, end } = await station(source)
    // Before the PLC is read.
    expect(await push(source, 1)).toEqual([202, undefined])
    await count(3)
    expect(await push(source, 3)).toEqual([202, undefined])
    await recorded(diary, [
      [1, 'pass'],
      [2, 'CAM_TIMEOUT'],
      [3, 'pass'],
    ])
    await count(4)
    await recorded(diary, [...records(diary), [4, 'CAM_TIMEOUT']])
    await count(5)
    await end()
    expect(records(diary).slice(3)).toEqual([
      [4, 'CAM_TIMEOUT'],
      [5, 'CAM_GONE'],
    ])
  })

  it('of a count that ended without them are missed before the new one begins', async () => {
    const source = camera(30_000)
    const { plc, diary } = await station(source)
    source.counted?.(500)
    source.counted?.(501)
    source.counted?.(1, true)
    source.counted?.(2)
    expect(await push(source, 2, { 'x-counter-reset': '1' })).toEqual([202, undefined])
    await recorded(diary, [
      [500, 'CAM_TIMEOUT'],
      [501, 'CAM_TIMEOUT'],
      [1, 'CAM_TIMEOUT'],
      [2, 'pass'],
    ])
    const attempts = diary.captured.map((c) => c.attempt)
    expect(attempts[0]).toBe(attempts[1])
    expect(attempts[2]).toBeGreaterThan(attempts[1] ?? 0)
    expect(attempts[3]).toBe(attempts[2])
    source.counted?.(3)
    expect(await push(source, 1, { 'x-counter-reset': '1' })).toEqual([409, 'CAM_TIMEOUT'])
    expect(await push(source, 3)).toEqual([202, undefined])
    expect(plc.counter).toBe(0)
  })
})

it('the first part that somebody hears of may be of another count, whatever was counted before that', async () => {
  const plc = await startPlcSimulator({ gateMs: 60_000 })
  closers.push(() => plc.close())
  const { host, port } = plc
  const link = { host, port, baseRegister: 0, unit: 1, timeoutMs: 500, ackMs: 1_000, heartbeatMs: 0 }
  const output = modbusOutput({ ...link, freshMs: 60_000 })
  closers.push(() => output.close())
  await output.open()
  await expect.poll(() => output.health().connected, { timeout: 5_000 }).toBe(true)
  plc.trigger()
  await new Promise((resolve) => setTimeout(resolve, 300))
  const heard: unknown[] = []
  output.onTrigger?.((n, anew) => heard.push([n, anew]))
  plc.trigger()
  await expect.poll(() => heard, { timeout: 5_000 }).toEqual([[2, true]])
  plc.trigger()
  await expect.poll(() => heard.at(-1), { timeout: 5_000 }).toEqual([3, false])
})

describe('parts that a PLC counts behind a lost link, with a camera that it triggers', () => {
  async function* boards(): AsyncGenerator<GeneratedFrame> {
    for (;;)
      yield {
        bytes: Buffer.alloc(16),
        format: { kind: 'raw', pixel: 'mono8', widthPx: 4, heightPx: 4 },
        source: 'board',
      }
  }

  it('are on record when the link is back, without another part', async () => {
    const source = generatedSource({
      adapter: 'generated',
      station: 's1',
      view: 'top',
      pool: pool(),
      firstTrigger: 1,
      rate: 'triggered',
      backPressure: 'miss',
      frames: boards,
    })
    const { plc, diary, output } = await station(source, 500)
    plc.trigger()
    await recorded(diary, [[1, 'pass']])
    plc.setAnswering(false)
    plc.dropSessions()
    await expect.poll(() => output.health().connected, { timeout: 5_000 }).toBe(false)
    plc.trigger()
    plc.trigger()
    // Longer than freshMs.
    await new Promise((resolve) => setTimeout(resolve, 700))
    plc.setAnswering(true)
    await recorded(diary, [
      [1, 'pass'],
      [2, 'CAM_GAP'],
      [3, 'CAM_GAP'],
    ])
    plc.trigger()
    await expect.poll(() => records(diary).at(-1), { timeout: 5_000 }).toEqual([4, 'pass'])
  })
})
