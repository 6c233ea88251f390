import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type Inspector,
  monoMs,
  ShiftCalendar,
  shiftsSchema,
  type StationSpec,
} from '../../contracts/index.ts'
import { StationEngine } from '../../inspection/engine/index.ts'
import { Diary, frame, inspectorOf, outcome, recipe, sourceOf } from './samples/station-ports.ts'

const passes = inspectorOf(() => ({ outcome: outcome('pass') }))

// The machine of the test may have its clock set meanwhile, which the times of its parts follow.
beforeEach(() => void vi.spyOn(Date, 'now').mockImplementation(monoMs))
afterEach(() => void vi.restoreAllMocks())

describe('StationEngine with a calendar of shifts', () => {
  it('gives every part the shift of its trigger, however late it is judged', async () => {
    const shifts = new ShiftCalendar(
      shiftsSchema.parse({
        timeZone: 'UTC',
        calendar: [
          { name: 'early', from: '06:00', to: '18:00' },
          { name: 'late', from: '18:00', to: '06:00' },
        ],
      }),
    )
    const seen: string[] = []
    const looks: Inspector = {
      ...passes,
      inspect: (job) => {
        seen.push(job.context.shift)
        return passes.inspect(job)
      },
    }
    const items = [frame(1), frame(2)]
    const times = ['2026-01-05T17:59:59.999Z', '2026-01-05T18:00:00.000Z']
    for (const [i, item] of items.entries())
      if (item.kind === 'frame') item.frame.meta.triggeredAtMs = Date.parse(times[i] ?? '')
    // As they are: the usual source of the tests gives each the time at which it sends it.
    const source = {
      ...sourceOf([]),
      async *items() {
        yield* items
        yield { kind: 'end' as const }
      },
    }
    const diary = new Diary()
    const engine = new StationEngine(
      {
        id: 's1',
        recipe: 'r@1',
        budgetMs: 200,
        reject: { adapter: 'recording' },
        interlock: {},
      } as StationSpec,
      recipe,
      { line: 'l', plant: 'p', station: 's1', product: 'p', shift: 'day' },
      {
        source,
        inspector: looks,
        output: diary.output,
        store: diary.store,
        last: diary.last,
        shifts,
        identify: ({ problem }) => ({ problem, hold: () => Promise.resolve(null) }),
        onPart: () => undefined,
        log: { warn: () => undefined, error: () => undefined },
      },
    )
    await engine.run(new AbortController().signal)
    const recorded = diary.captured.toSorted((a, b) => a.trigger - b.trigger)
    expect(recorded.map((c) => [c.context.shift, c.startedAt])).toEqual([
      ['early', times[0]],
      ['late', times[1]],
    ])
    // The rules see it, too.
    expect(seen).toEqual(['early', 'late'])
  })
})
