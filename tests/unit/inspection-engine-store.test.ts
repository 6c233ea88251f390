import { expect, it } from 'vitest'
import type { PartStore, StationSpec } from '../../contracts/index.ts'
import { StationEngine } from '../../inspection/engine/index.ts'
import { Diary, frame, inspectorOf, outcome, recipe, sourceOf } from './samples/station-ports.ts'

it('has a fault, told to the PLC and the log, by what the store says while it keeps nothing, and none when it does again', async () => {
  const diary = new Diary()
  diary.captureMs = 1_200
  const health: ReturnType<PartStore['health']> = {
    state: 'failed',
    queued: 1,
    spooled: 0,
    captured: 0,
    lastError: { code: 'TRC_DISK_FULL', message: 'no room for records' },
  }
  const { capture } = diary.store
  let stored = 0
  diary.store.health = () => (stored === 1 ? { ...health, state: 'ok' } : health)
  diary.store.capture = async (request) => {
    const ack = await capture(request)
    stored += 1
    return ack
  }
  const engine = new StationEngine(
    { id: 's1', recipe: 'r@1', budgetMs: 200, interlock: {} } as StationSpec,
    recipe,
    { line: 'l', plant: 'p', station: 's1', product: 'p', shift: 'day' },
    {
      source: sourceOf([frame(1)]),
      inspector: inspectorOf(() => ({ outcome: outcome('pass') })),
      output: diary.output,
      store: diary.store,
      last: null,
      identify: ({ problem }) => ({ problem, hold: () => Promise.resolve(null) }),
      onPart: () => undefined,
      log: { warn: () => undefined, error: () => undefined },
    },
  )
  await engine.run(new AbortController().signal)
  const told = diary.lines.filter((l) => l.startsWith('fault'))
  expect(told.filter((l, n) => l !== told[n - 1])).toEqual(['fault true', 'fault false'])
  expect(diary.lines.indexOf('fault true')).toBeLessThan(diary.lines.indexOf('stored 1 pass'))
  expect(diary.commands.map((c) => c.action)).toEqual(['hold'])
  expect(diary.events.filter((e) => e.type === 'qe.station.health.v1').map((e) => e.data)).toMatchObject([
    { code: 'TRC_DISK_FULL', active: true, message: 'no room for records' },
    { code: 'TRC_DISK_FULL', active: false },
  ])
})
