import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { partIdentity } from '../../bin/line/part-identity.ts'
import {
  type Recipe,
  type StationSpec,
  type TraceFact,
  traceFactSchema,
  uuidv7,
} from '../../contracts/index.ts'
import {
  type HoldBoard,
  identify,
  openHoldBoard,
  openPartStore,
  openSql,
  type TraceStore,
} from '../../traceability/index.ts'
import { openTraceQuery, QueryProcess } from '../../traceability/query/index.ts'

const at = '2026-01-05T06:00:00.000Z'
const base = () => ({ id: uuidv7(), at, by: 'li' })
const product = { id: 'cap' }
const facts = { station: 'st10', recipe: 'r@1', product }
const code = { tool: 'dm', ok: true, symbology: '', symbologyId: '', text: 'SN-1', corners: [] }
const part = identify([code], product, 'required')

let dir: string
let store: TraceStore
const closers: (() => Promise<void> | void)[] = []
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sightline-holds-'))
  store = await openPartStore({ dataDir: dir, synchronous: 'normal' })
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
  await store.close()
  rmSync(dir, { recursive: true, force: true })
})

const state = (...list: TraceFact[]) =>
  Promise.all(list.map((fact) => store.recordFact(fact, { plant: 'p', line: 'l' })))
const board = (options: Parameters<typeof openHoldBoard>[2]): HoldBoard => {
  const holds = openHoldBoard(dir, (listener) => store.onAppend(listener), options)
  closers.push(() => holds.close())
  return holds
}

/** A unit of one lot, that was made of `width` lots, each from one supplier. */
async function madeOf(width: number): Promise<void> {
  await state({ ...base(), kind: 'commission', unit: 'unit/SN-1', product: 'cap', lot: 'L1' })
  for (let n = 0; n < width; n++)
    await state({ ...base(), kind: 'receive', lot: `M${n}`, product: 'raw', supplier: `s${n}` })
  await state(
    ...Array.from({ length: width }, (_, n): TraceFact => ({
      ...base(),
      kind: 'transform',
      child: 'lot/L1',
      parent: `lot/M${n}`,
      certainty: 'certain',
    })),
  )
}

describe('the holds of a line', () => {
  it('are found over few origins on the spot, and over many in another process', async () => {
    await madeOf(3)
    let asked = 0
    const queries = new QueryProcess({ dataDir: dir })
    closers.push(() => queries.close())
    const holds = board({
      walk: (starts) => {
        asked += 1
        return queries.questions.holdOver(starts)
      },
      walkMs: 10_000,
    })
    expect(await holds.over(part, facts)).toBeNull()
    await state({ ...base(), kind: 'hold', target: 'supplier/s2', reason: 'bad melt' })
    expect((await holds.over(part, facts))?.en).toContain('supplier/s2 is on hold: bad melt (li)')
    expect(asked).toBe(0)

    await state(
      ...Array.from({ length: 500 }, (_, n): TraceFact => ({
        ...base(),
        kind: 'associate',
        child: 'lot/L1',
        parent: `carrier/c${n}`,
        certainty: 'certain',
      })),
    )
    await state({ ...base(), kind: 'release', target: 'supplier/s2', reason: 'melt is fine' })
    await state({ ...base(), kind: 'hold', target: 'supplier/nobody', reason: 'x' })
    expect(await holds.over(part, facts)).toBeNull()
    expect(asked).toBe(1)
  }, 30_000)

  it('reach a part through any number of lots that each took in some of the one before', async () => {
    await madeOf(1)
    for (let n = 1; n <= 60; n++)
      await state(
        { ...base(), kind: 'receive', lot: `M${n}`, product: 'raw', supplier: 's' },
        { ...base(), kind: 'transform', child: `lot/M${n - 1}`, parent: `lot/M${n}`, certainty: 'certain' },
      )
    const queries = new QueryProcess({ dataDir: dir })
    closers.push(() => queries.close())
    const holds = board({ walk: (starts) => queries.questions.holdOver(starts), walkMs: 10_000 })
    await state({ ...base(), kind: 'hold', target: 'lot/M20', reason: 'bad melt' })
    expect((await holds.over(part, facts))?.en).toContain('lot/M20 is on hold')
    await state({ ...base(), kind: 'release', target: 'lot/M20', reason: 'fine' })
    await state({ ...base(), kind: 'hold', target: 'lot/M60', reason: 'bad melt' })
    expect((await holds.over(part, facts))?.en).toContain('lot/M60 is on hold')
  }, 30_000)

  // GTIN 09506000134352 as company prefix 9506000 and item 13435 with indicator 0 (TDS 1.13, 6.3.1 and 6.4).
  it.each([
    ['unit', 'https://id.gs1.org/01/09506000134352/21/A1?17=291231'],
    ['unit', 'https://id.gs1.org/01/09506000134352/10/L7/21/A1'],
    ['unit', 'https://qr.maker.example/p/01/09506000134352/21/A1'],
    ['unit', 'HTTPS://ID.GS1.ORG/01/09506000134352/21/A1'],
    ['unit', 'urn:epc:id:sgtin:9506000.013435.A1'],
    ['lot', 'https://qr.maker.example/01/09506000134352/10/L7?17=291231'],
    ['lot', 'urn:epc:class:lgtin:9506000.013435.L7'],
  ])('stop a %s by any spelling, %s', async (kind, target) => {
    const unit = 'https://id.gs1.org/01/09506000134352/21/A1'
    const lot = 'https://id.gs1.org/01/09506000134352/10/L7'
    await state({ ...base(), kind: 'commission', unit, product: 'cap' })
    await state({ ...base(), kind: 'transform', child: unit, parent: lot, certainty: 'certain' })
    await state({ ...base(), kind: 'hold', target, reason: 'x' })
    const query = openTraceQuery(dir)
    closers.push(() => query.close())
    const held = async () => (await query.unitLives(unit))[0]?.hold?.target ?? null
    expect(await held()).toBe(kind === 'unit' ? unit : lot)
    expect(query.recall({ target }).units).toMatchObject([{ uri: unit, held: true }])
    await state({ ...base(), kind: 'release', target, reason: 'y' })
    expect(await held()).toBeNull()
  })

  // As programs before recorded them: the text that was stated, even where it is no URI.
  it.each([
    'https://id.gs1.org/01/09506000134352/21/A1?17=291231',
    'https://id.gs1.org/01/09506000134352/10/L7/21/A1',
    'urn:epc:id:sgtin:9506000.013435.A1',
    'urn:maker:100%',
  ])('of %s, as it came, end by that text and are repeated', async (text) => {
    const unit = 'https://id.gs1.org/01/09506000134352/21/A1'
    const isUnit = !text.startsWith('urn:maker')
    await state({ ...base(), kind: 'commission', unit, product: 'cap' })
    const hold: TraceFact = { ...base(), kind: 'hold', target: isUnit ? text : 'urn:maker:x', reason: 'x' }
    await state(hold)
    const db = openSql(join(dir, 'trace.db'), { synchronous: 'normal' })
    const kept = isUnit ? unit : hold.target
    db.run('drop trigger event_no_update')
    db.run('update event set json = replace(json, ?, ?) where position = 2', `"${kept}"`, `"${text}"`)
    db.run('update trace_fact set subject = ? where position = 2', text)
    db.run('update hold set target = ?', text)
    db.close()
    const query = openTraceQuery(dir)
    closers.push(() => query.close())
    expect(query.recall({ target: unit }).units).toMatchObject([{ uri: unit, held: isUnit }])
    if (isUnit) expect(await state(hold)).toMatchObject([{ position: 2, repeated: true }])
    await state({ ...base(), kind: 'release', target: text, reason: 'y' })
    expect(query.holds()[0]).toMatchObject({ target: text, releaseReason: 'y' })
    if (!isUnit) return
    await state({ ...hold, id: uuidv7() })
    await state({ ...base(), kind: 'release', target: text, reason: 'z' })
    expect(query.holds().filter((h) => h.releasedAt === null)).toEqual([])
  })

  it('stop what lies in a holder on hold, as reader, frame or line file name it', async () => {
    await state({ ...base(), kind: 'hold', target: 'fixture/F-12', reason: 'worn' })
    const holds = board({ walk: () => Promise.resolve(null), walkMs: 10_000 })
    const held = async (named: string | undefined, own: string | undefined) => {
      const who = partIdentity({
        station: { camera: { adapter: 'replay' }, place: { fixture: own } } as StationSpec,
        stations: [],
        context: { line: 'l', plant: 'p', station: 'st10', product: 'cap', shift: 'day' },
        canary: { faultOf: () => null },
        holds,
        challenges: { of: () => undefined, holds: () => null },
        firstArticles: { holds: () => null },
        before: [],
      })
      const recipe = { recipe: 'r', version: 1, product, identity: 'none', tools: [] } as unknown as Recipe
      const place = named === undefined ? {} : { fixture: named }
      return (await who({ trigger: 1, recipe, codes: [], place, problem: null }).hold('release'))?.en
    }
    expect(await held('F-12', undefined)).toContain('fixture/F-12 is on hold: worn (li)')
    expect(await held(undefined, 'F-12')).toContain('fixture/F-12')
    // Who names it nearer to the part is right.
    expect(await held('F-13', 'F-12')).toBeUndefined()
  })

  it('hold a part whose origins cannot be walked in time, or at all', async () => {
    await madeOf(1)
    await state(
      { ...base(), kind: 'hold', target: 'supplier/nobody', reason: 'x' },
      ...Array.from({ length: 500 }, (_, n): TraceFact => ({
        ...base(),
        kind: 'associate',
        child: 'lot/L1',
        parent: `carrier/c${n}`,
        certainty: 'certain',
      })),
    )
    const never = board({ walk: () => new Promise(() => undefined), walkMs: 30 })
    expect((await never.over(part, facts))?.en).toContain('expected an answer within 30 ms')
    const broken = board({ walk: () => Promise.reject(new Error('gone')), walkMs: 1_000 })
    expect((await broken.over(part, facts))?.zh).toContain('无法确认工件是否被隔离')
    // The same question of a person takes its time.
    const query = openTraceQuery(dir)
    expect((await query.unitLives('SN-1'))[0]?.hold).toBeNull()
    query.close()
  }, 30_000)
})

it('holds a lot with the longest names, and releases it by the URI that the list of holds gives', async () => {
  const [lot, of] = ['批'.repeat(128), '产'.repeat(128)]
  const says = (fact: object) => state(traceFactSchema.parse({ ...base(), ...fact }))
  await says({ kind: 'receive', lot, product: of, supplier: 's1' })
  await says({ kind: 'hold', target: `lot/${lot}`, reason: 'cracks' })
  const query = openTraceQuery(dir)
  closers.push(() => query.close())
  const target = query.holds()[0]?.target ?? ''
  expect(target.length).toBe('urn:sightline:lot::'.length + 2 * 128 * '%E6%89%B9'.length)
  await says({ kind: 'release', target, reason: 'all looked at' })
  expect(query.holds()[0]?.releasedAt).toBe(at)
})
