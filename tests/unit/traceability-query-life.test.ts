import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { uuidv7 } from '../../contracts/index.ts'
import { openSql, renderLife, type TraceQuery, type TraceStore } from '../../traceability/index.ts'
import {
  at,
  context,
  failVerdict,
  gateFailed,
  gs1Code,
  passVerdict,
  request,
  reviewed,
} from './samples/traceability-requests.ts'
import { storeForEach } from './samples/store-for-each.ts'

let dataDir: string
let store: TraceStore
let query: TraceQuery
storeForEach((open) => ({ dataDir, store, query } = open))

const lotted = { ...context, lot: 'M1', supplier: 'acme' }

describe('the life of a part', () => {
  it('tells the life of a part with what its gate did not take and what people found, of that part alone', async () => {
    const one = await store.capture(request(1, passVerdict({ codes: [gs1Code('A1')] })))
    const other = await store.capture(request(2, passVerdict({ codes: [gs1Code('A2')] })))
    for (const { inspectionId } of [one, other]) {
      await store.annotate(inspectionId, { gate: gateFailed(inspectionId) })
      await store.emit(reviewed(inspectionId, { before: 'pass', after: 'fail' }))
    }
    const life = await query.bySerial('A1')
    expect(life?.events.map((e) => [e.type, e.inspectionId])).toEqual([
      ['qe.inspection.completed.v1', one.inspectionId],
      ['qe.gate.failed.v1', one.inspectionId],
      ['qe.verdict.reviewed.v1', one.inspectionId],
    ])
    if (life === null) throw new Error('no life')
    expect(renderLife(life, 'en')).toContain('not served by the gate')
  })

  it('tells of reads beside the camera those of the part, not of the same trigger on another line', async () => {
    const { inspectionId } = await store.capture(request(1, passVerdict({ codes: [gs1Code('A1')] })))
    const stray = (line: string) =>
      store.emit({
        ...reviewed(inspectionId),
        id: uuidv7(),
        type: 'qe.read.stray.v1',
        source: `/plants/p1/lines/${line}/stations/st10`,
        subject: 'trigger/st10/1/1',
        partitionkey: line,
        data: {
          reader: `of ${line}`,
          text: 'X',
          symbologyId: '',
          readAt: at(1),
          reason: 'late',
          station: 'st10',
          trigger: 1,
          attempt: 1,
          message: 'late',
        },
      })
    for (const line of ['caps-b', 'caps-a']) await stray(line)
    const positions = (events: readonly { position: number; type: string }[] = []) =>
      events.filter((e) => e.type === 'qe.read.stray.v1').map((e) => e.position)
    expect(positions((await query.bySerial('A1'))?.events)).toEqual([3])
    expect(positions((await query.part(inspectionId))?.events)).toEqual([3])
  })

  it('leaves no inspection out of a life of which more was said than is shown', async () => {
    const capture = (n: number) => store.capture(request(n, passVerdict({ codes: [gs1Code('A1')] })))
    const first = await capture(1)
    const say = () => store.emit(reviewed(first.inspectionId, { before: 'pass', after: 'fail' }))
    await Promise.all(Array.from({ length: 1_001 }, say))
    const last = await capture(2)
    const life = await query.bySerial('A1')
    expect(life?.inspections).toHaveLength(2)
    expect(
      life?.events.flatMap((e) => (e.type === 'qe.inspection.completed.v1' ? e.inspectionId : [])),
    ).toEqual([first.inspectionId, last.inspectionId])
    expect(life?.events).toHaveLength(1_002)
  })

  it('finds a part by serial, URI, label text and bracketed elements, and follows lot and supplier', async () => {
    const code = gs1Code('A1', 'L7')
    await store.capture(request(1, passVerdict({ codes: [code] }), { context: lotted }))
    await store.capture(request(2, passVerdict({ codes: [gs1Code('A2', 'L7')] }), { context: lotted }))
    const unit = 'https://id.gs1.org/01/09506000134352/21/A1'
    for (const name of ['A1', unit, code.text, '(01)09506000134352(21)A1']) {
      const life = await query.bySerial(name)
      expect(life?.inspections.map((i) => i.trigger)).toEqual([1])
    }
    expect((await query.bySerial('A1'))?.edges).toEqual(
      expect.arrayContaining([
        {
          kind: 'associate',
          child: unit,
          parent: 'https://id.gs1.org/01/09506000134352/10/L7',
          certainty: 'certain',
        },
        {
          kind: 'associate',
          child: unit,
          parent: 'https://id.gs1.org/01/09506000134352/10/M1',
          certainty: 'certain',
        },
        {
          kind: 'associate',
          child: 'https://id.gs1.org/01/09506000134352/10/M1',
          parent: 'urn:sightline:supplier:acme',
          certainty: 'certain',
        },
      ]),
    )
    expect(await query.bySerial('A9')).toBeNull()
    // Cells of a spreadsheet, copied as it shows them.
    expect((await query.bySerial("'A1"))?.inspections.map((i) => i.trigger)).toEqual([1])
    expect((await query.unitLives("'A1")).map((u) => u.uri)).toEqual([unit])
    for (const name of ["''A1", "'A9", "'"]) expect(await query.bySerial(name)).toBeNull()
    expect(query.recall({ target: "'L7" }).units.map((u) => u.serial)).toEqual(['A1', 'A2'])
    // A recall by either lot, by name.
    for (const lot of ['L7', 'M1'])
      expect(query.recall({ target: `lot/${lot}` }).units.map((u) => u.serial)).toEqual(['A1', 'A2'])
  })

  it('finds serials by how they begin, in the order of their bytes, and no more than asked for', async () => {
    for (const [n, serial] of ['AB2', 'AB10', 'ab1', 'AB%', 'AC1'].entries())
      await store.capture(request(n + 1, passVerdict({ codes: [gs1Code(serial)] })))
    expect(await query.serialsFrom('AB', 9)).toEqual(['AB%', 'AB10', 'AB2'])
    expect(await query.serialsFrom('AB', 2)).toEqual(['AB%', 'AB10'])
    expect(await query.serialsFrom('B', 9)).toEqual([])
    const db = openSql(join(dataDir, 'trace.db'), { readOnly: true, synchronous: 'full' })
    const plan = db.all<{ detail: string }>(
      `explain query plan select distinct serial collate binary as name from identity
         where serial collate binary >= 'A' and serial collate binary < 'B' order by name limit 9`,
    )
    db.close()
    expect(plan.map((p) => p.detail)).toEqual([
      'SEARCH identity USING COVERING INDEX identity_serial (serial>? AND serial<?)',
    ])
  })

  it('keeps the units of two products with one serial apart in the genealogy', async () => {
    const lid = { id: 'lid', revision: 'A' }
    const plain = { ...gs1Code(''), symbologyId: ']d1', text: 'X1' }
    await store.capture(
      request(1, passVerdict({ codes: [plain] }), { product: { id: 'cap', revision: 'A' } }),
    )
    await store.capture(request(2, failVerdict({ codes: [plain] }), { product: lid }))
    const both = await query.bySerial('X1')
    expect(both?.inspections.map((i) => i.product)).toEqual(['cap', 'lid'])
    const one = await query.bySerial('urn:sightline:serial:lid:X1')
    expect(one?.inspections.map((i) => i.product)).toEqual(['lid'])
    expect(one?.events.filter((e) => e.type === 'qe.inspection.completed.v1')).toHaveLength(1)
  })
})

describe('the life of a part as text', () => {
  it('tells inspections, genealogy and events in both languages', async () => {
    await store.capture(request(1, failVerdict({ codes: [gs1Code('A1', 'L7')] }), { context: lotted }))
    await store.capture(request(2, passVerdict({ codes: [gs1Code('A1', 'L7')] }), { context: lotted }))
    const life = await query.bySerial('A1')
    if (life === null) throw new Error('no life')
    const en = renderLife(life, 'en')
    expect(en.split('\n').slice(0, 7)).toEqual([
      'Serial: A1 (identified by its code)',
      'Product: cap    Lot: L7',
      '',
      'Inspections (2)',
      `  ${at(1)}  st10  trigger 1  fail → scrap  recipe cap-top@4  11.0 ms`,
      '      Scratch',
      '      defects: scratch × 1',
    ])
    expect(en).toContain(
      'https://id.gs1.org/01/09506000134352/21/A1 → https://id.gs1.org/01/09506000134352/10/L7',
    )
    expect(en).toContain(`#1  ${at(1)}  inspected  fail`)
    const zh = renderLife(life, 'zh')
    expect(zh.split('\n')[0]).toBe('序列号: A1 (由条码识别)')
    expect(zh).toContain('不合格 → 报废')
    expect(zh).toContain('划痕')
    expect(zh).not.toMatch(/undefined|null/)
  })
})
