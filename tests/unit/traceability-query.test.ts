import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { QEvent } from '../../contracts/index.ts'
import { uuidv7 } from '../../contracts/index.ts'
import type { ImageReader, PartQueries } from '../../dashboard/index.ts'
import { openSql, renderLife, type TraceQuery, type TraceStore } from '../../traceability/index.ts'
import {
  at,
  context,
  failedRead,
  failVerdict,
  gateFailed,
  gs1Code,
  missed,
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

describe('query surface', () => {
  it('is what the dashboard asks for', () => {
    const queries: PartQueries = query
    const images: ImageReader = query
    expect([typeof queries.recentParts, typeof images.path]).toEqual(['function', 'function'])
  })

  it('says how many defects there are where it gives but some', async () => {
    const one = failVerdict().findings[0]
    if (!one) throw new Error('the sample has a finding')
    const findings = Array.from({ length: 300 }, (_, n) => ({ ...one, id: `pair/${n}` }))
    const { inspectionId } = await store.capture(
      request(1, failVerdict({ findings, defects: findings.map((f) => f.id) })),
    )
    const [row] = await query.recentParts({ limit: 1 })
    expect([row?.defects.length, row?.defectCount]).toEqual([50, 300])
    const part = await query.part(inspectionId)
    expect(part?.row.defectCount).toBe(300)
    const life = await query.bySerial(part?.row.serial ?? '')
    expect(life && renderLife(life, 'en')).toContain('scratch × 50, and 250 more\n')
    expect(life && renderLife(life, 'zh')).toContain('scratch × 50，另有 250 处\n')
  })

  it('lists parts newest first, by page, station and result', async () => {
    await store.capture(request(1, passVerdict()))
    await store.capture(request(2, failVerdict()))
    await store.capture(missed(3))
    await store.capture(request(1, passVerdict(), { station: 'st20' }))
    const triggers = async (f: Parameters<TraceQuery['recentParts']>[0]) =>
      (await query.recentParts(f)).map((r) => `${r.station}/${r.trigger}`)
    expect(await triggers({ limit: 10 })).toEqual(['st20/1', 'st10/3', 'st10/2', 'st10/1'])
    expect(await triggers({ limit: 2, beforePosition: 4 })).toEqual(['st10/3', 'st10/2'])
    expect(await triggers({ limit: 10, station: 'st10', result: 'pass' })).toEqual(['st10/1'])
    expect(await triggers({ limit: 10, class: 'scratch' })).toEqual(['st10/2'])
    expect(await triggers({ limit: 10, class: "x' or 1=1" })).toEqual([])
    const id = async (trigger: number) =>
      (await query.recentParts({ limit: 10, station: 'st10' })).find((r) => r.trigger === trigger)
        ?.inspectionId ?? ''
    expect(await triggers({ limit: 10, first: await id(2) })).toEqual(['st20/1', 'st10/3', 'st10/2'])
    expect(await triggers({ limit: 10, first: await id(2), last: await id(3) })).toEqual(['st10/3', 'st10/2'])
    expect(await triggers({ limit: 10, first: 'of-no-inspection' })).toEqual([])
    const [row] = await query.recentParts({ limit: 1, result: 'fail' })
    expect(row).toMatchObject({
      serial: 'caps-a.st10.2',
      identifiedBy: 'trigger',
      result: 'fail',
      disposition: 'scrap',
      severity: 'major',
      reasons: [{ zh: '划痕', en: 'Scratch' }],
      defects: [{ class: 'scratch', score: 0.93, box: [10, 20, 30, 44] }],
      image: { widthPx: 4, heightPx: 2 },
      totalMs: 11,
      budgetMs: 120,
      at: at(2),
    })
    expect(row).not.toHaveProperty('defectCount')
    expect((await query.recentParts({ limit: 1, result: 'inconclusive' }))[0]).toMatchObject({
      noVerdict: 'missed',
      image: null,
      reasons: [{ en: 'No usable frame for this trigger' }],
    })
  })

  it('shows what happened to the part where the gate did otherwise than the rules', async () => {
    const told = async (
      trigger: number,
      action: 'release' | 'reject' | 'hold',
      ok: boolean,
      verdict = passVerdict(),
    ): Promise<string> => {
      const { inspectionId } = await store.capture(
        request(trigger, verdict, trigger === 2 ? { identity: 'none' } : {}),
      )
      const disposition = action === 'hold' ? 'hold' : verdict.disposition
      await store.annotate(inspectionId, {
        gate: {
          command: {
            station: 'st10',
            trigger,
            inspectionId,
            action,
            result: verdict.result,
            disposition,
            deadlineMs: 1,
          },
          ack: ok ? { ok: true, atMs: 1 } : { ok: false, code: 'CAM_IO', message: 'no answer', atMs: 1 },
        },
      })
      return inspectionId
    }
    await told(1, 'release', true)
    const late = await told(2, 'hold', true, passVerdict({ codes: [gs1Code('A2')] }))
    await told(3, 'release', false)
    await told(4, 'reject', false, failVerdict())
    await store.capture(request(5, passVerdict()))
    const shown = (await query.recentParts({ limit: 9 })).map((r) => [
      r.trigger,
      r.ruledDisposition,
      r.disposition,
    ])
    expect(shown).toEqual([
      [5, 'release', 'release'],
      [4, 'scrap', 'scrap'],
      // Without an acknowledged release the PLC diverts the part.
      [3, 'release', 'hold'],
      [2, 'release', 'hold'],
      [1, 'release', 'release'],
    ])
    const reasons = (await query.recentParts({ limit: 9 })).map((r) => r.reasons.map((reason) => reason.en))
    // Nothing is to be explained where the part went where its verdict says.
    expect(reasons).toEqual([[], ['Scratch'], ['The gate did not acknowledge the release'], [], []])
    const unserved = await query.bySerial('caps-a.st10.3')
    expect(unserved && renderLife(unserved, 'zh')).toContain('剔除口未确认放行')
    const detail = await query.part(late)
    expect(detail).toMatchObject({
      row: { result: 'pass', disposition: 'hold', ruledDisposition: 'release' },
      verdict: { disposition: 'release' },
      gate: [{ command: { action: 'hold' }, ack: { ok: true } }],
      siblings: [{ disposition: 'hold' }],
    })
    const life = await query.bySerial('A2')
    expect(life?.inspections.map((i) => i.disposition)).toEqual(['hold'])
    if (life === null) throw new Error('no life')
    expect(renderLife(life, 'en')).toContain('pass → hold (by rule release)')
    expect(renderLife(life, 'zh')).toContain('合格 → 隔离 (规则判为 放行)')
  })

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

  it('keeps a part whose code holds NUL: an invalid read, no identity, the text visible', async () => {
    // A URL parser drops a NUL at the end of a Digital Link, and a driver cuts text there.
    for (const [n, text] of ['AB\0CD', 'https://id.gs1.org/01/09506000134352/21/A1\0', '\0'].entries()) {
      const read = { ...gs1Code(''), text, symbologyId: ']d1', error: 'odd\0' }
      const ack = await store.capture(
        request(n + 1, passVerdict({ codes: [read] }), { identity: 'required' }),
      )
      expect(ack).toMatchObject({ durable: 'store', serial: `caps-a.st10.${n + 1}` })
      expect((await query.record(ack.inspectionId))?.outcome.verdict.codes).toEqual([read])
    }
    const db = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
    expect(db.all('select ok, text, error from carrier_read order by position')).toEqual([
      { ok: 0, text: 'AB␀CD', error: 'odd␀' },
      { ok: 0, text: 'https://id.gs1.org/01/09506000134352/21/A1␀', error: 'odd␀' },
      { ok: 0, text: '␀', error: 'odd␀' },
    ])
    expect(db.all('select * from identity_alias')).toEqual([])
    db.close()
    expect([await query.bySerial('AB\0CD'), await query.serialsFrom('L\0', 9)]).toEqual([null, []])
  })

  it('gives one part with everything, and its capture back as it was handed over', async () => {
    const r = request(1, failVerdict({ codes: [gs1Code('A1', 'L7'), failedRead] }), { context: lotted })
    await store.capture(r)
    const { image: _pixels, ...expected } = r
    expect(await query.record(r.inspectionId)).toEqual(expected)
    await store.annotate(r.inspectionId, {
      gate: {
        command: {
          station: 'st10',
          trigger: 1,
          inspectionId: r.inspectionId,
          action: 'reject',
          result: 'fail',
          disposition: 'scrap',
          deadlineMs: 5,
        },
        ack: { ok: true, atMs: 4 },
      },
    })
    await store.annotate(r.inspectionId, { late: { ...r.outcome, verdict: passVerdict() } })
    const again = request(9, passVerdict({ codes: [gs1Code('A1', 'L7')] }), { context: lotted })
    await store.capture(again)
    const review: Omit<QEvent, 'sequence'> = {
      specversion: '1.0',
      id: uuidv7(),
      source: '/plants/p1/review',
      type: 'qe.verdict.reviewed.v1',
      subject: `inspection/${r.inspectionId}`,
      time: at(10),
      datacontenttype: 'application/json',
      dataschema: 'urn:sightline:schema:qe.verdict.reviewed.v1',
      partitionkey: 'caps-a',
      data: {
        inspectionId: r.inspectionId,
        reviewer: 'qa1',
        before: 'fail',
        after: 'pass',
        reason: 'dust',
        labels: [],
      },
    }
    await store.emit(review)
    const part = await query.part(r.inspectionId)
    expect(part).toMatchObject({
      row: { inspectionId: r.inspectionId, serial: 'A1', lot: 'L7' },
      verdict: r.outcome.verdict,
      timing: r.outcome.timing,
      images: [{ role: 'frame', view: 'top', widthPx: 4, heightPx: 2 }],
      worker: 'local/0',
      simulated: true,
      source: 'sample',
      gate: [{ command: { action: 'reject' }, ack: { ok: true, atMs: 4 } }],
      late: [{ result: 'pass' }],
      reviews: [{ reviewer: 'qa1', before: 'fail', after: 'pass' }],
      review: review.id,
    })
    expect(part?.siblings.map((s) => s.trigger)).toEqual([1, 9])
    const types = part?.events.map((e) => e.type)
    expect(types?.filter((t) => t === 'qe.inspection.completed.v1')).toHaveLength(2)
    expect(types?.at(-1)).toBe('qe.verdict.reviewed.v1')
    expect(await query.part(uuidv7())).toBeNull()

    const retracting = { inspectionId: r.inspectionId, before: 'pass' as const, retracts: review.id }
    await store.emit(reviewed(r.inspectionId, retracting))
    expect(await query.part(r.inspectionId)).toMatchObject({ review: null, reviews: [{}, {}] })
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

  it('reads the parts of a station in the order of the log, and nothing else by that index', () => {
    const db = openSql(join(dataDir, 'trace.db'), { readOnly: true, synchronous: 'full' })
    const plan = (sql: string): string =>
      db
        .all<{ detail: string }>(`explain query plan ${sql}`)
        .map((p) => p.detail)
        .join('; ')
    const listed = plan(
      `select serial from inspection where station || '' = 'st10' and result = 'fail' order by position desc limit 9`,
    )
    const before = plan(
      `select 1 from inspection e where e.unit = 'a' and e.position < 9 and e.station = 'st10'`,
    )
    db.close()
    expect(listed).toBe('SEARCH inspection USING INDEX inspection_station (<expr>=?)')
    expect(before).toContain('inspection_unit (unit=? AND position<?)')
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

  it('counts per station, reason and class, for all time and since a time, also while parts come in', async () => {
    await store.capture(request(1, passVerdict()))
    await store.capture(request(2, failVerdict()))
    expect(query.counters()).toEqual([
      { station: 'st10', inspected: 2, pass: 1, fail: 1, inconclusive: 0, noVerdict: {} },
    ])
    expect(query.defectPareto()).toEqual([{ class: 'scratch', count: 1 }])
    await store.capture(missed(3))
    await store.capture(request(4, failVerdict()))
    await store.capture({ ...request(3, passVerdict()), attempt: 2 })
    await store.openTrigger({ station: 'st10', trigger: 5, attempt: 1, at: at(5) })
    expect(query.counters()).toEqual([
      { station: 'st10', inspected: 4, pass: 2, fail: 2, inconclusive: 0, noVerdict: { missed: 1 } },
    ])
    expect(query.counters(at(4))).toEqual([
      { station: 'st10', inspected: 1, pass: 0, fail: 1, inconclusive: 0, noVerdict: {} },
    ])
    expect(query.defectPareto()).toEqual([{ class: 'scratch', count: 2 }])
    expect(query.defectPareto(at(3))).toEqual([{ class: 'scratch', count: 1 }])
    expect(await query.recentParts({ limit: 9, class: 'scratch', from: at(3) })).toHaveLength(1)
    expect(await query.recentParts({ limit: 9, class: 'scratch', to: at(3) })).toHaveLength(1)
    expect(query.triggerBalance()).toEqual([
      { station: 'st10', triggers: 6, verdicts: 4, noVerdicts: 1, open: 1, closed: true },
    ])
    expect(query.triggerBalance()).toEqual(await store.balance())
    expect(query.triggerBalance(at(4))).toEqual([
      { station: 'st10', triggers: 2, verdicts: 1, noVerdicts: 0, open: 1, closed: true },
    ])
    expect(query.lastPosition()).toBe(5)
    expect(query.eventsAfter(4, 10).map((e) => e.position)).toEqual([5])
  })

  it('gives image bytes back only when they are what was stored', async () => {
    const jpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0xd9)
    const r = request(1, failVerdict(), { image: jpeg })
    if (r.meta) r.meta.format = { kind: 'encoded', mime: 'image/jpeg' }
    await store.capture(r)
    const sha256 = (await query.part(r.inspectionId))?.images[0]?.sha256 ?? ''
    expect(await query.image(sha256)).toEqual({
      path: join(dataDir, `images/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}.jpg`),
      mime: 'image/jpeg',
      bytes: 4,
    })
    expect((await query.imageBytes(sha256)).bytes).toEqual(Buffer.from(jpeg))
    writeFileSync((await query.path(sha256)) ?? '', 'altered')
    await expect(query.imageBytes(sha256)).rejects.toMatchObject({ code: 'TRC_IMAGE' })
    await expect(query.imageBytes('00'.repeat(32))).rejects.toMatchObject({ code: 'TRC_NOT_FOUND' })
    expect(await query.path('00'.repeat(32))).toBeNull()
  })

  it('keeps colour frames as PPM and pixels of a wrong size as they came', async () => {
    const rgb = request(1, passVerdict(), { image: Uint8Array.of(1, 2, 3, 4, 5, 6) })
    if (rgb.meta) rgb.meta.format = { kind: 'raw', pixel: 'rgb8', widthPx: 2, heightPx: 1 }
    await store.capture(rgb)
    const short = request(2, passVerdict(), { image: Uint8Array.of(1, 2, 3) })
    await store.capture(short)
    const bytes = async (id: string) => {
      const sha256 = (await query.part(id))?.images[0]?.sha256 ?? ''
      return query.imageBytes(sha256)
    }
    expect(await bytes(rgb.inspectionId)).toEqual({
      mime: 'image/x-portable-pixmap',
      bytes: Buffer.concat([Buffer.from('P6\n2 1\n255\n'), Uint8Array.of(1, 2, 3, 4, 5, 6)]),
    })
    expect(await bytes(short.inspectionId)).toEqual({
      mime: 'application/octet-stream',
      bytes: Buffer.from([1, 2, 3]),
    })
  })

  it('stores a large verdict compressed and gives it back whole', async () => {
    const map = {
      tool: 'pair',
      widthPx: 128,
      heightPx: 128,
      data: Buffer.alloc(16_384, 7).toString('base64'),
      min: 0,
      max: 1,
    }
    const r = request(1, failVerdict({ maps: [map] }))
    await store.capture(r)
    expect((await query.part(r.inspectionId))?.verdict.maps).toEqual([map])
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
