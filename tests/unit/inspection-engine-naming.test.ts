import { describe, expect, it } from 'vitest'
import type {
  ArrivedPart,
  AssociatedRead,
  CodeRead,
  I18n,
  PartReads,
  ReadsBeside,
  StationSpec,
} from '../../contracts/index.ts'
import { type Identify, StationEngine } from '../../inspection/engine/index.ts'
import { Diary, frame, inspectorOf, outcome, recipe, sourceOf } from './samples/station-ports.ts'

const spec = { id: 's1', recipe: 'r@1', budgetMs: 200, interlock: {} } as StationSpec
const passes = inspectorOf(() => ({ outcome: outcome('pass') }))
const doubt = {
  noVerdict: { reason: 'identity', code: 'TRC_IDENTITY', message: 'two codes' },
  text: { en: 'Two codes', zh: '两个码' },
} as const
const read: AssociatedRead = {
  tool: 'reader:gate',
  ok: true,
  symbology: '',
  symbologyId: '',
  text: 'SN-1',
  corners: [],
  associatedBy: 'time',
}

async function run(
  identify: Identify,
  reads?: ReadsBeside,
  diary = new Diary(),
  items = [frame(1)],
): Promise<Diary> {
  const engine = new StationEngine(
    spec,
    recipe,
    { line: 'l', plant: 'p', station: 's1', product: 'p', shift: 'day' },
    {
      source: sourceOf(items, 2),
      inspector: passes,
      output: diary.output,
      store: diary.store,
      last: diary.last,
      identify,
      ...(reads && { reads }),
      onPart: () => undefined,
      log: { warn: () => undefined, error: () => undefined },
    },
  )
  await engine.run(new AbortController().signal)
  return diary
}

/** Reads of one part, and what was asked. */
function beside(given: PartReads | Error): {
  port: ReadsBeside
  arrived: ArrivedPart[]
  named: CodeRead[][]
} {
  const arrived: ArrivedPart[] = []
  const told: CodeRead[][] = []
  const port: ReadsBeside = {
    arrived: (part) => {
      arrived.push(part)
      return {
        decide: () => (given instanceof Error ? Promise.reject(given) : Promise.resolve(given)),
        named: (codes) => void told.push([...codes]),
      }
    },
  }
  return { port, arrived, named: told }
}
const asTold: Identify = ({ problem }) => ({ problem, hold: () => Promise.resolve(null) })

describe('the name of a part', () => {
  it('is asked for once, though holds are asked about twice', async () => {
    let identified = 0
    let asked = 0
    const diary = await run(() => {
      identified += 1
      return { problem: null, hold: async () => ((asked += 1), null) }
    })
    expect([identified, asked]).toEqual([1, 2])
    expect(diary.commands).toMatchObject([{ action: 'release' }])
    expect(diary.events).toEqual([])
  })

  it('says in the record and in the log why a part that was judged was stopped before the gate', async () => {
    const reason: I18n = { en: 'lot/L7 is on hold', zh: 'lot/L7 已隔离' }
    let asked = 0
    const diary = await run(() => ({ problem: null, hold: async () => (++asked === 1 ? null : reason) }))
    expect(diary.captured[0]?.outcome.verdict.disposition).toBe('release')
    expect(diary.commands).toMatchObject([{ action: 'hold', disposition: 'hold', reason }])
    expect(diary.events).toMatchObject([
      { type: 'qe.gate.held.v1', data: { station: 's1', trigger: 1, reason } },
    ])
  })

  it('holds the part when nobody can be asked whether it is on hold', async () => {
    let asked = 0
    const diary = await run(() => ({
      problem: null,
      hold: () => (++asked === 1 ? Promise.resolve(null) : Promise.reject(new Error('the records are gone'))),
    }))
    expect(diary.commands[0]).toMatchObject({ action: 'hold' })
    expect(diary.commands[0]?.reason?.en).toContain('the records are gone')
  })

  it('comes from reads beside the camera, which are kept and passed on', async () => {
    const { port, arrived, named } = beside({ reads: [read], problem: null })
    const seen: string[] = []
    const diary = await run((part) => {
      seen.push(...part.codes.map((c) => c.text))
      return asTold(part)
    }, port)
    expect(arrived).toMatchObject([{ trigger: 1, attempt: 1, encoder: null }])
    expect(seen).toEqual(['SN-1'])
    expect(named).toEqual([[read]])
    expect(diary.captured[0]?.reads).toEqual([read])
    expect(diary.commands).toMatchObject([{ action: 'release' }])
  })

  it('is asked for by the time of the part, which a number that was skipped has not', async () => {
    const { port, arrived } = beside({ reads: [], problem: null })
    await run(asTold, port, new Diary(), [frame(1), frame(3)])
    expect(arrived.map((p) => [p.trigger, p.unseen])).toEqual([
      [1, undefined],
      [2, true],
      [3, undefined],
    ])
  })

  it('comes with the place of the part, as readers or else the frame name it', async () => {
    const item = frame(1)
    if (item.kind === 'frame') item.frame.meta.place = { cavity: '1', fixture: 'F-1' }
    const { port } = beside({ reads: [], place: { fixture: 'F-2' }, problem: null })
    const places: unknown[] = []
    await run(
      (part) => {
        places.push(part.place)
        return asTold(part)
      },
      port,
      undefined,
      [item],
    )
    expect(places).toEqual([{ cavity: '1', fixture: 'F-2' }])
  })

  it.each([
    ['are doubtful', { reads: [read, { ...read, text: 'SN-2' }], problem: doubt }, 'TRC_IDENTITY'],
    ['cannot be asked for', new Error('broken'), 'INS_TOOL'],
  ])('holds the part when its reads %s, and names it to nobody', async (_name, given, code) => {
    const { port, named } = beside(given)
    const diary = await run(asTold, port)
    expect(named).toEqual([[]])
    expect(diary.commands).toMatchObject([{ action: 'hold' }])
    expect(diary.captured[0]?.outcome.verdict.noVerdict).toMatchObject({ code })
  })
})
