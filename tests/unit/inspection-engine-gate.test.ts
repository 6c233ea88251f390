import { describe, expect, it } from 'vitest'
import {
  type CameraItem,
  gateFailedSchema,
  monoMs,
  type RejectAck,
  type StationSpec,
} from '../../contracts/index.ts'
import { GateWatch } from '../../inspection/engine/gate-watch.ts'
import { type JudgedPart, StationEngine } from '../../inspection/engine/index.ts'
import { Diary, frame, inspectorOf, outcome, recipe, sourceOf } from './samples/station-ports.ts'

type RefusalCode = Extract<RejectAck, { ok: false }>['code']

const missed = (trigger: number): CameraItem => ({
  kind: 'missed',
  trigger,
  triggeredAtMs: monoMs(),
  reason: 'timeout',
  code: 'CAM_GAP',
  message: 'never came',
})

/**
 * Judges the items one after the other; a part without an answer is served. Gives the faults that stood behind each.
 *
 * @param connectedFrom the link is there from this command on
 */
async function run(items: CameraItem[], answers: Record<number, RefusalCode>, connectedFrom = 0) {
  const diary = new Diary()
  let asked = 0
  diary.output.apply = ({ trigger }) => {
    asked += 1
    const code = answers[trigger]
    const atMs = monoMs()
    return Promise.resolve(code ? { ok: false, code, message: `said ${code}`, atMs } : { ok: true, atMs })
  }
  diary.output.health = () => ({
    connected: asked >= connectedFrom,
    applied: 0,
    failed: 0,
    lastError: 'the cable is out',
  })
  const faults: (string | undefined)[] = []
  const engine: StationEngine = new StationEngine(
    { id: 's1', recipe: 'r@1', budgetMs: 200, interlock: {} } as StationSpec,
    recipe,
    { line: 'l', plant: 'p', station: 's1', product: 'p', shift: 'day' },
    {
      source: sourceOf(items, 20),
      inspector: inspectorOf(() => ({ outcome: outcome('fail') })),
      output: diary.output,
      store: diary.store,
      last: diary.last,
      identify: ({ problem }) => ({ problem, hold: () => Promise.resolve(null) }),
      onPart: () => faults.push(engine.state().faults.find((f) => f.message.startsWith('said'))?.code),
      log: { warn: () => undefined, error: () => undefined },
    },
  )
  await engine.run(new AbortController().signal)
  return { diary, faults, engine }
}

describe('a gate that is connected', () => {
  it('and never acknowledges is a fault at once, told to the PLC and the log, until it serves a part again', async () => {
    const parts = Array.from({ length: 32 }, (_, i) => frame(i + 1))
    const mute = Object.fromEntries(parts.slice(0, 30).map((_, i) => [i + 1, 'CAM_IO' as const]))
    // Half a second of it, in which the link is looked at as well.
    const { diary, faults } = await run(parts, mute)
    expect(faults).toEqual([...Array.from({ length: 30 }, () => 'CAM_IO'), undefined, undefined])
    const told = diary.lines.filter((l) => l.startsWith('fault'))
    expect([told[0], told.lastIndexOf('fault true'), told.at(-1)]).toEqual([
      'fault true',
      told.indexOf('fault false') - 1,
      'fault false',
    ])
    expect(diary.events.map((e) => e.data)).toMatchObject([
      { alarm: 'CAM_IO', active: true, message: 'said CAM_IO' },
      { alarm: 'CAM_IO', active: false },
    ])
  })

  it.each(['INS_DEADLINE', 'CAM_HANDSHAKE'] as const)(
    'and refuses with %s is a fault when it is no single part',
    async (code) => {
      const refused = { 1: code, 3: code, 4: code, 5: code }
      const { faults } = await run([1, 2, 3, 4, 5, 6].map(frame), refused)
      expect(faults).toEqual([undefined, undefined, undefined, undefined, code, undefined])
    },
  )

  it('is not blamed for parts that went by before their trigger was known to be lost', async () => {
    const late = Object.fromEntries([2, 3, 4, 5].map((n) => [n, 'INS_DEADLINE' as const]))
    const { faults } = await run([frame(1), missed(2), missed(3), missed(4), missed(5), frame(6)], late)
    expect(faults).toEqual(Array.from({ length: 6 }, () => undefined))
  })
})

it('what a gate did not take goes into the log with the note on the part, what it took does not', async () => {
  const late = { 2: 'INS_DEADLINE', 3: 'CAM_IO' } as const
  const { diary } = await run([frame(1), missed(2), frame(3), frame(4)], late)
  expect(diary.gateNotes.map(({ command, failed }) => [command.trigger, failed])).toMatchObject([
    [1, undefined],
    [
      2,
      {
        type: 'qe.gate.failed.v1',
        source: '/plants/p/lines/l/stations/s1',
        partitionkey: 'l',
        data: {
          station: 's1',
          trigger: 2,
          action: 'hold',
          code: 'INS_DEADLINE',
          message: 'said INS_DEADLINE',
        },
      },
    ],
    [3, { data: { trigger: 3, action: 'reject', code: 'CAM_IO' } }],
    [4, undefined],
  ])
  for (const { command, failed } of diary.gateNotes)
    if (failed) {
      expect(failed.subject).toBe(`inspection/${command.inspectionId}`)
      expect(gateFailedSchema.parse(failed.data).inspectionId).toBe(command.inspectionId)
    }
})

it('a link that was lost is a fault until it is back, though a part was not served meanwhile', async () => {
  const { diary, engine } = await run([1, 2, 3, 4].map(frame), { 1: 'CAM_IO' }, 3)
  expect(engine.state().faults).toEqual([])
  expect(diary.events.map((e) => e.data)).toMatchObject([
    { alarm: 'CAM_IO', active: true, message: 'the cable is out' },
    { alarm: 'CAM_IO', active: false },
  ])
})

describe('a fault of the gate that stopped the line, so that no part comes', () => {
  function watched() {
    const is = { connected: true, ms: 1_000 }
    const health = () => ({ connected: is.connected, applied: 0, failed: 0, lastError: 'PLC in STOP' })
    const watch = new GateWatch({ ...new Diary().output, health }, () => is.ms)
    const unserved = (code: RefusalCode = 'CAM_IO') =>
      watch.answered({
        ack: { ok: false, code, message: `said ${code}`, atMs: 0 },
        outcome: outcome('fail'),
      } as JudgedPart)
    return { is, watch, unserved }
  }

  it('ends with the link that was lost and is back', () => {
    const { is, watch, unserved } = watched()
    for (const code of ['CAM_HANDSHAKE', 'CAM_HANDSHAKE', 'CAM_IO'] as const) unserved(code)
    expect(watch.fault()?.message).toBe('said CAM_IO')
    is.connected = false
    expect(watch.fault()?.message).toBe('PLC in STOP')
    is.connected = true
    expect(watch.fault()).toBeNull()
    // Refusals of before are in no row with those of now.
    for (const _ of [1, 2]) unserved('CAM_HANDSHAKE')
    expect(watch.fault()).toBeNull()
  })

  it('ends after a while, and is there again with the next part that is not served', () => {
    const { is, watch, unserved } = watched()
    unserved()
    is.ms += 9_000
    unserved()
    is.ms += 9_999
    expect(watch.fault()?.code).toBe('CAM_IO')
    is.ms += 1
    expect(watch.fault()).toBeNull()
    unserved()
    expect(watch.fault()?.code).toBe('CAM_IO')
  })
})
