import { describe, expect, it } from 'vitest'
import { type NcrComparison, type NcrStep, shiftsSchema, uuidv7 } from '../../contracts/index.ts'
import {
  openTraceQuery,
  renderNcr,
  renderUnitLife,
  type TraceQuery,
  type TraceStore,
} from '../../traceability/index.ts'
import { keepShifts } from '../../traceability/query/index.ts'
import { at, failVerdict, gs1Code, request } from './samples/traceability-requests.ts'
import { storeForEach } from './samples/store-for-each.ts'

let dataDir: string
let store: TraceStore
let query: TraceQuery
storeForEach((open) => ({ dataDir, store, query } = open))

const line = { plant: 'p1', line: 'caps-a' }
type Asked = { [K in NcrStep['kind']]: Omit<Extract<NcrStep, { kind: K }>, 'id' | 'by'> }[NcrStep['kind']]
const take = (step: Asked, by = 'li') => store.recordNcrStep({ id: uuidv7(), by, ...step } as NcrStep, line)
const none = { inspections: [], classes: [] }
const open = async (over: object = {}): Promise<string> =>
  (
    await take({
      kind: 'open',
      title: 'scratches',
      severity: 'major',
      targets: ['lot/L7'],
      evidence: none,
      ...over,
    } as Asked)
  ).ncr
const hold = async (target: string): Promise<string> => {
  const id = uuidv7()
  await store.recordFact({ id, at: at(1), by: 'li', kind: 'hold', target, reason: 'scratches' }, line)
  return id
}
const release = (target: string) =>
  store.recordFact({ id: uuidv7(), at: at(2), by: 'wang', kind: 'release', target, reason: 'sorted' }, line)

const action = uuidv7()
const act = (ncr: string, due = '2026-02-01'): Asked => ({
  kind: 'act',
  ncr,
  action,
  text: 'new tray',
  owner: 'zhang',
  due,
})
const done = (ncr: string): Asked => ({ kind: 'done', ncr, action, note: 'in use' })
const cause = (ncr: string): Asked => ({
  kind: 'cause',
  ncr,
  category: 'material',
  whys: ['parts rub', 'tray too wide'],
})
/** 12 of 100 before and 2 of 100 after: chi-square 7.68, p = 0.0056 (scipy.stats.chi2_contingency, no correction). */
const better: NcrComparison = {
  n: 100,
  bad: 2,
  beforeN: 100,
  beforeBad: 12,
  ratio: 1 / 6,
  low: 0.04,
  high: 0.73,
  method: 'chi-square',
  p: 0.0056,
}
const verify = (ncr: string, over: object = {}): Asked =>
  ({
    kind: 'verify',
    ncr,
    change: at(50),
    effective: true,
    reason: 'rate fell',
    comparison: better,
    ...over,
  }) as Asked
const close = (ncr: string): Asked => ({ kind: 'close', ncr, reason: 'done' })
const refused = (code: string, text: RegExp) => ({
  code,
  message: expect.stringMatching(text) as string,
})

describe('a report', () => {
  it('goes from opening to closing, each step an event of its own', async () => {
    const ncr = await open()
    expect(ncr).toMatch(/^caps-a-20\d\d-0001$/)
    const states = [query.ncr(ncr)?.state]
    const step = async (s: Asked) => {
      await take(s)
      states.push(query.ncr(ncr)?.state)
    }
    await step({ kind: 'contain', ncr, holds: [await hold('lot/L7')] })
    await step(cause(ncr))
    await step(act(ncr))
    await step(done(ncr))
    await step(verify(ncr))
    await release('lot/L7')
    states.push(query.ncr(ncr)?.state)
    await step(close(ncr))
    expect(states).toEqual(['contain', 'cause', 'act', 'act', 'verify', 'release', 'close', 'closed'])
    const events = query.eventsAfter(0, 50).map((e) => e.event)
    expect(events.map((e) => e.type).filter((t) => t.startsWith('qe.ncr'))).toEqual([
      'qe.ncr.opened.v1',
      'qe.ncr.contained.v1',
      'qe.ncr.cause.stated.v1',
      'qe.ncr.action.stated.v1',
      'qe.ncr.action.done.v1',
      'qe.ncr.verified.v1',
      'qe.ncr.closed.v1',
    ])
    expect(events[0]).toMatchObject({
      subject: `ncr/${ncr}`,
      correlationid: `ncr/${ncr}`,
      source: '/plants/p1/lines/caps-a/ncr',
      data: { by: 'li', targets: ['lot/L7'] },
    })
    expect(query.ncr(ncr)?.history.map((h) => [h.kind, h.by])).toEqual(
      ['open', 'contain', 'cause', 'act', 'done', 'verify', 'close'].map((k) => [k, 'li']),
    )
    for (const lang of ['zh', 'en'] as const) {
      const text = renderNcr(query.ncr(ncr) ?? expect.fail('gone'), lang)
      expect(text).toContain('12/100 → 2/100')
      expect(text).toContain('parts rub ← tray too wide')
    }
  })

  it('is not closed without a step, and the refusal names each that is missing', async () => {
    const ncr = await open()
    await expect(take(close(ncr))).rejects.toMatchObject(
      refused('TRC_NCR', /containment, its cause, its corrective actions done, its effectiveness shown/),
    )
    await take({ kind: 'contain', ncr, holds: [await hold('lot/L7')] })
    await take(cause(ncr))
    await take(act(ncr))
    await expect(take(verify(ncr))).rejects.toMatchObject(refused('TRC_NCR', /corrective actions done/))
    await take(done(ncr))
    await take(verify(ncr))
    await expect(take(close(ncr))).rejects.toMatchObject(
      refused('TRC_NCR', /holds released.*lot\/L7 on hold/),
    )
    await expect(take({ kind: 'withdraw', ncr, reason: 'r' })).rejects.toMatchObject({ code: 'TRC_NCR' })
    await release('lot/L7')
    // An action stated later takes the effectiveness back.
    await take({ ...act(ncr), action: uuidv7() } as Asked)
    await expect(take(close(ncr))).rejects.toMatchObject(
      refused('TRC_NCR', /actions done, its effectiveness/),
    )
    const later = query.ncr(ncr)?.actions.find((a) => a.state === 'open')
    await take({ kind: 'drop', ncr, action: later?.id ?? '', note: 'twice' })
    await take(verify(ncr, { effective: false }))
    await expect(take(close(ncr))).rejects.toMatchObject(refused('TRC_NCR', /effectiveness shown before/))
    await take(verify(ncr))
    await take(close(ncr), 'wang')
    expect(query.ncr(ncr)?.ended).toMatchObject({ kind: 'closed', by: 'wang' })
    await expect(take(cause(ncr))).rejects.toMatchObject(refused('TRC_NCR', /reopen it first/))
    await take({ kind: 'reopen', ncr, reason: 'again' })
    expect(query.ncr(ncr)).toMatchObject({ state: 'verify', ended: null, verification: null })
    await expect(take({ kind: 'reopen', ncr, reason: 'again' })).rejects.toMatchObject({ code: 'TRC_NCR' })
  })

  it('is effective by the counts, or against them only with a word why', async () => {
    const ncr = await open()
    for (const s of [cause(ncr), act(ncr), done(ncr)]) await take(s)
    // 3 of 100 and 0 of 100: Fisher p = 0.246 (scipy.stats.fisher_exact).
    const few = { ...better, bad: 0, beforeBad: 3, ratio: null, low: null, high: null, p: 0.246 }
    await expect(take(verify(ncr, { comparison: few }))).rejects.toMatchObject(
      refused('TRC_NCR', /3 of 100 before, 0 of 100 after, p = 0.25/),
    )
    const worse = { ...better, bad: 30, p: 0.002 }
    await expect(take(verify(ncr, { comparison: worse }))).rejects.toMatchObject({ code: 'TRC_NCR' })
    await expect(take(verify(ncr, { comparison: { ...few, n: 0 }, despite: 'x' }))).rejects.toMatchObject(
      refused('TRC_NCR', /wait for parts/),
    )
    await expect(take(verify(ncr, { from: at(60) }))).rejects.toMatchObject(refused('TRC_NCR', /between/))
    await take(verify(ncr, { comparison: few, despite: 'the tray cannot touch any more' }))
    expect(query.ncr(ncr)?.verification).toMatchObject({ effective: true, comparison: few })
  })

  it('is not shown to be effective where what failed before is only inconclusive now', async () => {
    const ncr = await open()
    for (const s of [cause(ncr), act(ncr), done(ncr)]) await take(s)
    // 12 of 100 and 1 of 88: chi2_contingency([[1, 87], [12, 88]], correction=False) of SciPy gives p = 0.0034.
    const grey = { ...better, n: 88, bad: 1, p: 0.0034, undecided: 12, beforeUndecided: 0 }
    await expect(take(verify(ncr, { comparison: grey }))).rejects.toMatchObject(
      refused('TRC_NCR', /, 0 inconclusive and not reviewed before, 12 after, p = 0.0034.*review what is/),
    )
    // 4 of 100 were neither before: not good were 16 of 104, and are 11 of 98.
    const asBefore = { ...grey, undecided: 10, beforeUndecided: 4 }
    await take(verify(ncr, { comparison: asBefore }))
    expect(query.ncr(ncr)?.verification).toMatchObject({ effective: true, comparison: asBefore })
  })

  it('is corrected by another step; both stay in the log', async () => {
    const ncr = await open()
    await take({ kind: 'amend', ncr, severity: 'critical', reason: 'sharp edge' })
    await take({ kind: 'contain', ncr, holds: [], note: 'all parts are here' })
    await take(act(ncr))
    await take(act(ncr, '2026-03-01'))
    const found = query.ncr(ncr)
    expect(found).toMatchObject({
      title: 'scratches',
      severity: 'critical',
      due: '2026-03-01',
      owner: 'zhang',
    })
    expect(found?.actions).toHaveLength(1)
    expect(found?.history).toHaveLength(5)
    await take({ kind: 'withdraw', ncr, reason: 'wrong lot' })
    expect(query.ncrs({ open: true }).reports).toEqual([])
    expect(query.ncrs().reports).toMatchObject([{ id: ncr, state: 'withdrawn', missing: [] }])
  })

  it('is recorded once by the id of its step', async () => {
    const id = uuidv7()
    const step = {
      id,
      by: 'li',
      kind: 'open',
      title: 't',
      severity: 'minor',
      targets: ['lot/L7'],
      evidence: none,
    }
    const first = await store.recordNcrStep(step as NcrStep, line)
    expect(await store.recordNcrStep(step as NcrStep, line)).toEqual({ ...first, repeated: true })
    await expect(store.recordNcrStep({ ...step, title: 'u' } as NcrStep, line)).rejects.toMatchObject({
      code: 'TRC_DUPLICATE',
    })
    const amend = { id: uuidv7(), by: 'li', kind: 'amend', ncr: first.ncr, title: 'u', reason: 'r' }
    await store.recordNcrStep(amend as NcrStep, line)
    await take({ kind: 'amend', ncr: first.ncr, severity: 'major', reason: 'r' })
    expect(await store.recordNcrStep(amend as NcrStep, line)).toMatchObject({ repeated: true })
    expect((await store.recordNcrStep({ ...step, id: uuidv7() } as NcrStep, line)).ncr).toMatch(/-0002$/)
    expect(query.ncrs().total).toBe(2)
  })

  it.each<[string, object, string]>([
    ['no target', { targets: [] }, 'EVT_SCHEMA'],
    ['a target of no kind', { targets: ['planet/mars'] }, 'TRC_GENEALOGY'],
    ['an unknown unit', { targets: ['unit/none'] }, 'TRC_NOT_FOUND'],
    ['an unknown inspection', { evidence: { inspections: [uuidv7()], classes: [] } }, 'TRC_NOT_FOUND'],
    ['no title', { title: ' ' }, 'EVT_SCHEMA'],
    ['an unknown severity', { severity: 'bad' }, 'EVT_SCHEMA'],
    ['an unknown key', { colour: 'red' }, 'EVT_SCHEMA'],
  ])('is not opened with %s', async (_name, over, code) => {
    await expect(open(over)).rejects.toMatchObject({ code })
    expect(query.lastPosition()).toBe(0)
  })

  it('refuses steps of what nobody knows, and names that are nobody', async () => {
    const ncr = await open()
    await expect(take(cause('caps-a-2026-9999'))).rejects.toMatchObject({ code: 'TRC_NOT_FOUND' })
    await expect(take({ kind: 'contain', ncr, holds: [uuidv7()] })).rejects.toMatchObject({
      code: 'TRC_NOT_FOUND',
    })
    await expect(take({ kind: 'contain', ncr, holds: [] })).rejects.toMatchObject({ code: 'TRC_NCR' })
    await expect(take(done(ncr))).rejects.toMatchObject({ code: 'TRC_NOT_FOUND' })
    await expect(take({ kind: 'amend', ncr, reason: 'r' })).rejects.toMatchObject({ code: 'TRC_NCR' })
    await expect(take(act(ncr, '1.2.2026'))).rejects.toMatchObject({ code: 'EVT_SCHEMA' })
    await expect(take(cause(ncr), '  ')).rejects.toMatchObject({ code: 'EVT_SCHEMA' })
    await take(act(ncr))
    await take(done(ncr))
    await expect(take(done(ncr))).rejects.toMatchObject(refused('TRC_NCR', /done before/))
    const event = query.eventsAfter(0, 1)[0]?.event ?? expect.fail('no event')
    await expect(store.emit({ ...event, id: uuidv7() })).rejects.toMatchObject({ code: 'EVT_SCHEMA' })
  })
})

describe('lists', () => {
  it('take an action for overdue by the day where the line stands, wherever this machine does', async () => {
    const ncr = await open({ targets: ['lot/L7'] })
    // On Kiritimati (UTC+14) it is always a later day than on Niue (UTC-11): 25 hours lie between them.
    const day = (timeZone: string): string =>
      new Intl.DateTimeFormat('sv-SE', { timeZone }).format(new Date())
    const overdue = async (timeZone: string): Promise<(number | undefined)[]> => {
      keepShifts(
        dataDir,
        shiftsSchema.parse({ timeZone, calendar: [{ name: 'all', from: '06:00', to: '06:00' }] }),
      )
      const there = openTraceQuery(dataDir)
      try {
        return [there.ncrs().reports[0]?.overdue, there.ncr(ncr)?.overdue]
      } finally {
        there.close()
      }
    }
    await take(act(ncr, day('Pacific/Niue')))
    expect([await overdue('Pacific/Kiritimati'), await overdue('Pacific/Niue')]).toEqual([
      [1, 1],
      [0, 0],
    ])
  })

  it('leave out no report that is open, however many newer ones there are', async () => {
    const ids: string[] = []
    for (let n = 0; n < 5; n++) ids.push(await open({ targets: [`lot/M${n}`] }))
    await take(act(ids[0] ?? '', '2026-02-01'))
    for (const ncr of [ids[1] ?? '', ids[3] ?? '', ids[4] ?? ''])
      await take({ kind: 'withdraw', ncr, reason: 'a double' })
    const { total, reports } = query.ncrs({ today: '2026-02-02', limit: 2 })
    expect(reports.map((r) => [r.id, r.overdue])).toEqual([
      [ids[4], 0],
      [ids[3], 0],
      [ids[2], 0],
      [ids[0], 1],
    ])
    expect(total).toBe(5)
    expect(query.ncrs({ open: true, limit: 1 }).reports.map((r) => r.id)).toEqual([ids[2], ids[0]])
  })

  it('show what is overdue, and what is about a thing', async () => {
    const ncr = await open({ targets: ['supplier/acme', 'station/st10'] })
    await open({ targets: ['lot/L8'], title: 'other' })
    await take(act(ncr, '2026-02-01'))
    const overdue = (today: string) =>
      query.ncrs({ today, target: 'supplier/acme' }).reports.map((r) => r.overdue)
    expect([overdue('2026-02-01'), overdue('2026-02-02')]).toEqual([[0], [1]])
    await take(done(ncr))
    expect(overdue('2026-02-02')).toEqual([0])
    expect(query.ncrs({ target: 'lot/L8' }).reports.map((r) => r.title)).toEqual(['other'])
    expect(query.ncrs({ target: 'lot/L9' }).reports).toEqual([])
    expect(() => query.ncrs({ target: 'mars' })).toThrow(/TRC_GENEALOGY/)
    expect(query.ncr('none')).toBeNull()
    expect(query.ncr('\0')).toBeNull()
  })

  it('are the same for a reader that was there all along and one that reads the log anew', async () => {
    const ncr = await open()
    expect(query.ncrs().total).toBe(1)
    for (const s of [cause(ncr), act(ncr), done(ncr)]) await take(s)
    await open({ title: 'second' })
    const fresh = openTraceQuery(dataDir)
    expect(fresh.ncrs()).toEqual(query.ncrs())
    fresh.close()
    expect(query.ncrs().reports.map((r) => [r.title, r.state])).toEqual([
      ['second', 'contain'],
      ['scratches', 'contain'],
    ])
  })
})

describe('the life of a part', () => {
  it('shows reports about it, its lot, and those that name its inspection', async () => {
    const ack = await store.capture(request(1, failVerdict({ codes: [gs1Code('A1', 'L7')] })))
    await store.capture(request(2, failVerdict({ codes: [gs1Code('A2', 'L9')] })))
    await open({ title: 'by lot' })
    await open({ title: 'itself', targets: ['unit/A1'] })
    await open({
      title: 'evidence',
      targets: ['station/st10'],
      evidence: { inspections: [ack.inspectionId], classes: ['scratch'] },
    })
    const titles = async (serial: string) =>
      (await query.unitLives(serial)).map((u) => u.ncrs.map((n) => n.title))
    expect(await titles('A1')).toEqual([['by lot', 'itself', 'evidence']])
    expect(await titles('A2')).toEqual([[]])
    const [life] = await query.unitLives('A1')
    expect(renderUnitLife(life ?? expect.fail('gone'), 'zh')).toContain('不合格报告: caps-a-')
    const about = query.ncrs().reports[0]
    expect(query.ncr(about?.id ?? '')?.inspections).toMatchObject([{ serial: 'A1', station: 'st10' }])
  })
})
