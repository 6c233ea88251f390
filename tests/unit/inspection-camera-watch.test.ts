import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  type CameraItem,
  type CameraState,
  type ErrorCode,
  type StationHealth,
  type StationSpec,
} from '../../contracts/index.ts'
import { StationEngine } from '../../inspection/engine/index.ts'
import { Diary, inspectorOf, outcome, recipe, sourceOf } from './samples/station-ports.ts'

/** What the PLC was told while a camera had `fault`, and no part came, neither before it was back nor afterwards. */
async function told(code: ErrorCode, states: CameraState[]): Promise<{ lines: string[]; alarms: string[] }> {
  const diary = new Diary()
  let state: CameraState = 'online'
  const source = sourceOf([])
  const engine = new StationEngine(
    { id: 's1', recipe: 'r@1', budgetMs: 200, interlock: {} } as StationSpec,
    recipe,
    { line: 'l', plant: 'p', station: 's1', product: 'p', shift: 'day' },
    {
      source: {
        ...source,
        health: () => ({ ...source.health(), state }),
        async *items(): AsyncGenerator<CameraItem> {
          for (state of states) {
            if (state !== 'online' && state !== 'late')
              yield { kind: 'fault', code, message: `said ${code}`, fatal: false }
            await sleep(700)
          }
          yield { kind: 'end' }
        },
      },
      inspector: inspectorOf(() => ({ outcome: outcome('fail') })),
      output: diary.output,
      store: diary.store,
      last: diary.last,
      identify: ({ problem }) => ({ problem, hold: () => Promise.resolve(null) }),
      onPart: () => undefined,
      log: { warn: () => undefined, error: () => undefined },
    },
  )
  await engine.run(new AbortController().signal)
  return {
    lines: diary.lines.filter((l) => /^(ready|fault)/.test(l)),
    alarms: diary.events.map((e) => {
      const { alarm, active } = e.data as StationHealth
      return `${alarm} ${String(active)}`
    }),
  }
}

describe('a camera that is lost and comes back while no part asks for a frame', () => {
  it('leaves the PLC ready while it is opened again, and its fault ends with it', async () => {
    expect(await told('CAM_GONE', ['reconnecting', 'online'])).toEqual({
      lines: ['ready true', 'fault true', 'fault false', 'ready false'],
      alarms: ['CAM_GONE true', 'CAM_GONE false'],
    })
  })

  it('takes ready from the PLC when it stays away, and gives it back with its first picture', async () => {
    expect(await told('CAM_RESTARTS_EXHAUSTED', ['offline', 'online'])).toEqual({
      lines: ['ready true', 'fault true', 'ready false', 'fault false', 'ready true', 'ready false'],
      alarms: ['CAM_RESTARTS_EXHAUSTED true', 'CAM_RESTARTS_EXHAUSTED false'],
    })
  })

  it('is back, too, when its first pictures come late', async () => {
    const { alarms } = await told('CAM_RESTARTS_EXHAUSTED', ['offline', 'late'])
    expect(alarms).toEqual(['CAM_RESTARTS_EXHAUSTED true', 'CAM_RESTARTS_EXHAUSTED false'])
  })

  it('that is frozen is not back for new pictures: a part has to be judged by one', async () => {
    expect(await told('CAM_FROZEN', ['idle', 'online'])).toEqual({
      lines: ['ready true', 'fault true', 'ready false'],
      alarms: ['CAM_FROZEN true'],
    })
  })

  it('and ends while it is away leaves the PLC without ready', async () => {
    const { lines } = await told('CAM_RESTARTS_EXHAUSTED', ['offline'])
    expect(lines).toEqual(['ready true', 'fault true', 'ready false'])
  })
})
