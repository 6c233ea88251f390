import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { associationSchema, monoMs } from '../../contracts/index.ts'
import { renderUnitLife, StationReads, type TraceStore } from '../../traceability/index.ts'
import { type TraceQuery } from '../../traceability/query/index.ts'
import {
  context,
  failVerdict,
  gs1Code,
  passVerdict,
  RECIPE,
  request,
} from './samples/traceability-requests.ts'
import { storeForEach } from './samples/store-for-each.ts'

const MODEL = { id: 'pcb', version: '2', sha256: 'ef'.repeat(32), provider: 'cpu' }
const GREY = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 1)

let store: TraceStore
let query: TraceQuery
storeForEach((open) => ({ store, query } = open))

const judged = () =>
  request(1, failVerdict({ codes: [gs1Code('A1')], models: [MODEL] }), {
    context: { ...context, lot: 'M1', supplier: 'acme', operator: 'op-1' },
    place: { cavity: '3', fixture: 'F-12' },
    image: GREY,
    template: { bytes: GREY, format: { kind: 'raw', pixel: 'mono8', widthPx: 4, heightPx: 2 } },
  })

describe('an inspection in the life of a unit', () => {
  it('has its images, values, recipe, models, material, operator and place', async () => {
    await store.capture(judged())
    const [life] = await query.unitLives('A1')
    const [of] = life?.inspections.items ?? []
    expect(of).toMatchObject({
      result: 'fail',
      recipe: RECIPE.id,
      recipeSha256: RECIPE.sha256,
      defects: [{ class: 'scratch', score: 0.93 }],
      measurements: [{ characteristic: 'gapMm', value: 1.51, unit: 'mm', lsl: 1.4, usl: 1.6 }],
      models: [MODEL],
      material: { lot: 'M1', supplier: 'acme' },
      operator: 'op-1',
      cavity: '3',
      fixture: 'F-12',
      rules: ['scratch'],
      reasons: [{ en: 'Scratch', zh: '划痕' }],
      reviews: [],
    })
    // Both images are the same picture here, stored once under the hash of its file.
    const [frame, golden] = of?.images ?? []
    const file = await query.imageBytes(frame?.sha256 ?? '')
    expect(frame?.sha256).toBe(createHash('sha256').update(file.bytes).digest('hex'))
    expect(frame).toMatchObject({ role: 'frame', view: 'top', deleted: false })
    expect(golden).toMatchObject({ role: 'golden', sha256: frame?.sha256 })
    expect(frame?.url).toBe(`/api/images/${frame?.sha256}`)
  })

  it('tells operator and place in its event, as the schema of events has them', async () => {
    await store.capture(judged())
    const [{ event } = { event: null }] = query.eventsAfter(0, 1)
    expect(event?.data).toMatchObject({
      place: { cavity: '3', fixture: 'F-12' },
      process: { operatorRef: 'op-1' },
    })
  })

  it('is among the newest when there are more than are shown', async () => {
    for (let n = 1; n <= 4; n++) await store.capture(request(n, passVerdict({ codes: [gs1Code('A1')] })))
    const [life] = await query.unitLives('A1', { shown: 2 })
    expect(life?.inspections.total).toBe(4)
    expect(life?.inspections.items.map((i) => i.trigger)).toEqual([3, 4])
  })

  it('is printed in both languages', async () => {
    await store.capture(judged())
    const [life] = await query.unitLives('A1')
    if (!life) throw new Error('no life')
    const [en, zh] = [renderUnitLife(life, 'en'), renderUnitLife(life, 'zh')]
    expect(en).toContain('gapMm 1.51 mm [1.4…1.6]')
    expect(en).toContain('recipe cap-top@4 (abababababab)  model pcb@2 (efefefefefef)  material M1 / acme')
    expect(en).toContain('operator op-1  cavity 3  fixture F-12')
    expect(zh).toContain('操作员 op-1  模穴 3  夹具 F-12')
  })
})

describe('siblings of a place', () => {
  it('share cavity or fixture with the unit at its station, nearest first', async () => {
    const at = (n: number, cavity: string, fixture: string) =>
      request(n, passVerdict({ codes: [gs1Code(`C${n}`)] }), { place: { cavity, fixture } })
    for (const ask of [at(1, '1', 'A'), at(2, '2', 'A'), at(3, '1', 'B'), at(4, '1', 'A'), at(5, '2', 'B')])
      await store.capture(ask)
    const [life] = await query.unitLives('C3')
    const group = (kind: string) => life?.siblings.find((s) => s.kind === kind)
    expect(group('cavity')).toMatchObject({ shared: 'cavity/1', count: 2, cut: false })
    expect(group('cavity')?.units.map((u) => u.serial)).toEqual(['C1', 'C4'])
    // Known by the genealogy and by the events: one group.
    expect(life?.siblings.filter((s) => s.kind === 'fixture')).toMatchObject([
      { shared: 'fixture/B', count: 1, units: [{ serial: 'C5' }] },
    ])
    expect(life?.backward.items.map((r) => r.name)).toContain('fixture/B')
  })
})

describe('readers of mould nests and part holders', () => {
  const reads = (required: boolean) =>
    new StationReads({
      association: [
        associationSchema.parse({ reader: 'gate', by: 'trigger' }),
        associationSchema.parse({ reader: 'nest', by: 'trigger', says: 'cavity', required }),
      ],
      budgetMs: 200,
      lagMs: () => 20,
      away: () => null,
      stray: () => undefined,
    })
  const part = { trigger: 1, attempt: 1, triggeredAtMs: monoMs(), encoder: null }
  const read = (source: string, text: string) => ({
    source,
    text,
    symbologyId: '',
    atMs: monoMs(),
    antenna: null,
    rssiDbm: null,
    count: 1,
    trigger: 1,
    position: null,
  })
  const decided = async (required: boolean, nest: string | null) => {
    const station = reads(required)
    const asked = station.arrived({ ...part, triggeredAtMs: monoMs() }).decide(monoMs() + 150)
    station.read(read('gate', 'SN-7'))
    if (nest !== null) station.read(read('nest', nest))
    return asked
  }

  it('hold a part of which two readers name different cavities, and name none', async () => {
    const twice = async (second: string) => {
      const station = new StationReads({
        association: ['nest', 'mould'].map((reader) =>
          associationSchema.parse({ reader, by: 'trigger', says: 'cavity' }),
        ),
        budgetMs: 200,
        lagMs: () => 20,
        away: () => null,
        stray: () => undefined,
      })
      const asked = station.arrived({ ...part, triggeredAtMs: monoMs() }).decide(monoMs() + 150)
      station.read(read('nest', '3'))
      station.read(read('mould', second))
      return asked
    }
    expect(await twice('3')).toEqual({ reads: [], place: { cavity: '3' }, problem: null })
    const { place, problem } = await twice('4')
    expect(place).toBeUndefined()
    expect(problem?.noVerdict).toMatchObject({ reason: 'identity', code: 'TRC_IDENTITY' })
    expect(problem?.noVerdict.message).toContain('expected one cavity; found 3 and 4')
  })

  it('name the place and not the part', async () => {
    const { reads: named, place, problem } = await decided(true, '3')
    expect([named.map((r) => r.text), place, problem]).toEqual([['SN-7'], { cavity: '3' }, null])
  })

  it('hold a part whose place is missing or no name, unless it may be missing', async () => {
    expect((await decided(true, null)).problem?.noVerdict.message).toContain('a read of nest')
    expect((await decided(false, null)).problem).toBeNull()
    const { problem } = await decided(false, '3\u0007')
    expect(problem?.noVerdict).toMatchObject({ reason: 'identity', code: 'TRC_IDENTITY' })
    expect(problem?.text).toEqual({
      zh: '读码结果不是模穴或夹具名称',
      en: 'The read names no cavity or fixture',
    })
  })
})
