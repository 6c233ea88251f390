import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type QEvent, uuidv7 } from '../../contracts/index.ts'
import type { ImageReader, PartQueries } from '../../dashboard/index.ts'
import { IdentityChanges } from '../../traceability/genealogy/identity-changes.ts'
import { uriOf } from '../../traceability/genealogy/things.ts'
import { openSql, renderLife, type TraceQuery, type TraceStore } from '../../traceability/index.ts'
import {
  at,
  context,
  failedRead,
  failVerdict,
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

  it('lists the parts of a lot, however often they were judged and whoever named the lot', async () => {
    const other = { ...context, lot: 'M2' }
    await store.capture(request(1, failVerdict(), { context: lotted }))
    await store.capture(request(2, failVerdict(), { context: other }))
    await store.capture(request(3, passVerdict({ codes: [gs1Code('A3')] }), { context: lotted }))
    await store.capture(
      request(3, failVerdict({ codes: [gs1Code('A3')] }), { context: lotted, station: 'st20' }),
    )
    // Its code names a lot of its own, beside that of its material.
    await store.capture(request(4, failVerdict({ codes: [gs1Code('A4', 'C9')] }), { context: other }))
    const of = async (f: Omit<Parameters<TraceQuery['recentParts']>[0], 'limit'>) =>
      (await query.recentParts({ limit: 10, ...f })).map((r) => `${r.station}/${r.trigger}`)
    expect(await of({ lot: 'M1' })).toEqual(['st20/3', 'st10/3', 'st10/1'])
    expect(await of({ lot: 'M1', result: 'fail' })).toEqual(['st20/3', 'st10/1'])
    expect(await of({ lot: 'M2' })).toEqual(['st10/4', 'st10/2'])
    expect(await of({ lot: 'C9' })).toEqual(['st10/4'])
    expect(await of({ lot: 'm1' })).toEqual([])
  })

  it('lists the parts of a lot under each of its names', async () => {
    const lots = ['M1', 'M1-old', 'Caf\u00e9']
    for (const [n, lot] of lots.entries())
      await store.capture(request(n + 1, passVerdict(), { context: { ...context, lot } }))
    const of = async (name: string) =>
      (await query.recentParts({ limit: 10, lot: name })).map((r) => r.trigger)
    expect(await of('M1')).toEqual([1])
    expect(await of('Cafe\u0301')).toEqual([3])
    const db = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
    try {
      const [canonical = '', other = ''] = ['lot/M1', 'lot/M1-old'].map((name) => uriOf(db, name))
      const changes = new IdentityChanges(db, store, { plant: 'p1', line: 'caps-a' })
      await changes.change({ kind: 'merge', canonical, uris: [other], by: 'li', reason: 'relabelled' })
    } finally {
      db.close()
    }
    expect(await of('M1')).toEqual([2, 1])
    expect(await of('M1-old')).toEqual([2, 1])
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
})
