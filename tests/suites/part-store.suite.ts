import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EventLog } from '../../contracts/index.ts'
import type { TraceQuery, TraceStore } from '../../traceability/index.ts'
import { EVENT_DATA, envelopeSchema, uuidv7 } from '../../contracts/index.ts'
import {
  at,
  context,
  failVerdict,
  gateFailed,
  gs1Code,
  missed,
  passVerdict,
  RECIPE,
  request,
} from '../unit/samples/traceability-requests.ts'

export interface StoreUnderTest {
  store: TraceStore
  log: EventLog
  /** The read side over a connection of its own; whoever asks for it closes it. */
  query(): Promise<TraceQuery>
  /** Closes both and opens them again on the same data. */
  reopen(): Promise<StoreUnderTest>
  dispose(): Promise<void>
}

/** Contract of PartStore and EventLog; every engine runs it. */
export function partStoreSuite(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`PartStore: ${name}`, () => {
    let s: StoreUnderTest
    beforeEach(async () => {
      s = await open()
    })
    afterEach(async () => {
      await s.dispose()
    })

    it('acknowledges a capture with serial and sequence, and logs one event of the schema', async () => {
      const r = request(1, failVerdict({ codes: [gs1Code('A1', 'L7')] }))
      const ack = await s.store.capture(r)
      expect(ack).toEqual({
        inspectionId: r.inspectionId,
        durable: 'store',
        serial: 'A1',
        sequence: '00000000000000000001',
      })
      const events = s.log.read(0, 100)
      expect(events.map((e) => e.event.type)).toEqual(['qe.inspection.completed.v1'])
      for (const { event } of events) {
        expect(envelopeSchema.safeParse(event).error).toBeUndefined()
        expect(EVENT_DATA[event.type as keyof typeof EVENT_DATA].safeParse(event.data).error).toBeUndefined()
      }
      expect(events[0]?.event).toMatchObject({
        id: r.inspectionId,
        source: '/plants/p1/lines/caps-a/stations/st10',
        subject: 'unit/A1',
        time: at(1),
        partitionkey: 'caps-a',
        data: {
          unit: { serial: 'A1', product: 'cap', lot: 'L7', identifiedBy: 'code' },
          defects: [{ classCode: 'scratch', confidence: 0.93, bbox: [10, 20, 30, 44] }],
          verdict: {
            result: 'fail',
            disposition: 'scrap',
            noVerdict: null,
            pDefect: 0.93,
            rules: ['scratch'],
          },
          timing: { transferMs: 4, totalMs: 11, deadlineMs: 120 },
        },
      })
      expect(events[0]?.event.data).toHaveProperty('genealogy', {
        unit: 'https://id.gs1.org/01/09506000134352/21/A1',
        product: 'https://id.gs1.org/01/09506000134352',
        lots: [{ lot: 'https://id.gs1.org/01/09506000134352/10/L7' }],
      })
    })

    it('takes the same capture twice as one', async () => {
      const r = request(1, passVerdict())
      const first = await s.store.capture(r)
      const [again, twin] = await Promise.all([
        s.store.capture(structuredClone(r)),
        s.store.capture(structuredClone(r)),
      ])
      expect([again, twin]).toEqual([first, first])
      expect(s.log.read(0, 100)).toHaveLength(1)
    })

    it('refuses other content for a recorded cycle: verdict, image, id', async () => {
      const r = request(1, passVerdict())
      await s.store.capture(r)
      const others = [
        { ...r, outcome: { ...r.outcome, verdict: failVerdict() } },
        { ...r, image: Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9) },
        request(1, passVerdict()),
      ]
      for (const other of others)
        await expect(s.store.capture(other)).rejects.toMatchObject({ code: 'TRC_DUPLICATE' })
      expect(s.log.read(0, 100)).toHaveLength(1)
      expect(await s.store.capture({ ...request(1, failVerdict()), attempt: 2 })).toMatchObject({
        durable: 'store',
      })
    })

    it('names parts without a code apart when the counter began anew', async () => {
      const acks = [
        await s.store.capture(request(1, failVerdict())),
        await s.store.capture({ ...request(1, passVerdict()), attempt: 1_767_596_500_000 }),
      ]
      expect(acks.map((a) => a.serial)).toEqual(['caps-a.st10.1', 'caps-a.st10.1-1767596500000'])
      const units = s.log
        .read(0, 10)
        .map((e) => (e.event.data as { genealogy: { unit: string } }).genealogy.unit)
      expect(units).toEqual([
        'urn:sightline:trigger:caps-a:st10:1',
        'urn:sightline:trigger:caps-a:st10:1-1767596500000',
      ])
    })

    it('refuses a capture that makes no valid event and commits its neighbours', async () => {
      const bad = request(2, passVerdict(), { startedAt: 'yesterday' })
      const results = await Promise.allSettled([
        s.store.capture(request(1, passVerdict())),
        s.store.capture(bad),
        s.store.capture(request(3, passVerdict())),
      ])
      expect(results.map((r) => r.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      expect(results[1]).toMatchObject({ reason: { code: 'EVT_SCHEMA' } })
      expect(s.log.read(0, 10).map((e) => (e.event.data as { trigger: number }).trigger)).toEqual([1, 3])
    })

    it('numbers positions and the sequences of each source without gaps under a burst', async () => {
      const stations = ['st10', 'st20', 'st30']
      const acks = await Promise.all(
        Array.from({ length: 90 }, (_, i) => {
          const station = stations[i % 3] ?? ''
          return s.store.capture(
            request(
              1 + Math.floor(i / 3),
              i % 2 ? passVerdict() : failVerdict({ codes: [gs1Code(`S${i}`)] }),
              {
                station,
                context: { ...context, station },
              },
            ),
          )
        }),
      )
      expect(new Set(acks.map((a) => a.durable))).toEqual(new Set(['store']))
      const events = s.log.read(0, 1000)
      expect(events.map((e) => e.position)).toEqual(events.map((_, i) => i + 1))
      const last = new Map<string, number>()
      for (const { event } of events) {
        expect(Number(event.sequence)).toBe((last.get(event.source) ?? 0) + 1)
        last.set(event.source, Number(event.sequence))
      }
      expect(last.size).toBe(3)
    })

    it('goes on counting after a restart', async () => {
      await s.store.capture(request(1, passVerdict()))
      s = await s.reopen()
      const ack = await s.store.capture(request(2, passVerdict()))
      expect(ack.sequence).toBe('00000000000000000002')
      expect(s.log.read(0, 10).map((e) => e.position)).toEqual([1, 2])
    })

    it('reads the log from a position, by partition, up to a limit, and wakes up on append', async () => {
      let woken = 0
      const stop = s.log.onAppend(() => (woken += 1))
      await s.store.capture(request(1, passVerdict()))
      await s.store.capture(request(2, passVerdict(), { context: { ...context, line: 'caps-b' } }))
      await s.store.capture(request(3, passVerdict()))
      await expect.poll(() => woken).toBeGreaterThan(0)
      stop()
      expect(s.log.read(1, 10).map((e) => e.position)).toEqual([2, 3])
      expect(s.log.read(0, 2).map((e) => e.position)).toEqual([1, 2])
      expect(s.log.read(0, 10, 'caps-b').map((e) => e.position)).toEqual([2])
    })

    it('balances triggers: verdicts + no-verdicts + open', async () => {
      for (const n of [1, 2, 3, 4]) await s.store.openTrigger({ station: 'st10', trigger: n, at: at(n) })
      await s.store.capture(request(1, passVerdict()))
      await s.store.capture(request(2, failVerdict()))
      await s.store.capture(missed(3))
      expect(await s.store.balance()).toEqual([
        { station: 'st10', triggers: 4, verdicts: 2, noVerdicts: 1, open: 1, closed: true },
      ])
      expect(await s.store.balance(at(3))).toEqual([
        { station: 'st10', triggers: 2, verdicts: 0, noVerdicts: 1, open: 1, closed: true },
      ])
      // A number of another count is another part.
      await s.store.capture({ ...request(3, passVerdict()), attempt: 2 })
      expect((await s.store.balance())[0]).toMatchObject({
        triggers: 5,
        verdicts: 3,
        noVerdicts: 1,
        open: 1,
        closed: true,
      })
    })

    it('does not close the balance over a number nobody accounts for', async () => {
      await s.store.capture(request(1, passVerdict()))
      await s.store.capture(request(3, passVerdict()))
      expect((await s.store.balance())[0]).toMatchObject({ triggers: 3, verdicts: 2, closed: false })
    })

    it('closes open triggers and gaps as interrupted, once', async () => {
      await s.store.capture(request(5, passVerdict()))
      await s.store.openTrigger({ station: 'st10', trigger: 6, at: at(6) })
      await s.store.capture(request(8, passVerdict()))
      s = await s.reopen()
      expect(await s.store.lastTrigger('st10')).toEqual({ trigger: 8, attempt: 1 })
      expect(await s.store.lastTrigger('st99')).toBeNull()
      // 6 was announced, 7, 9 and 10 were never seen.
      expect(await s.store.closeInterrupted('st10', { trigger: 11, attempt: 1 }, RECIPE, context)).toBe(4)
      expect(await s.store.closeInterrupted('st10', { trigger: 11, attempt: 1 }, RECIPE, context)).toBe(0)
      expect(await s.store.balance()).toEqual([
        { station: 'st10', triggers: 6, verdicts: 2, noVerdicts: 4, open: 0, closed: true },
      ])
      const reasons = s.log.read(0, 20).flatMap((e) => {
        const data = e.event.data as { trigger: number; verdict: { noVerdict: string | null } }
        return data.verdict.noVerdict === null ? [] : [[data.trigger, data.verdict.noVerdict]]
      })
      expect(reasons).toEqual([6, 7, 9, 10].map((n) => [n, 'interrupted']))
    })

    it('refuses a jump of the counter that no stop can explain', async () => {
      await s.store.capture(request(1, passVerdict()))
      await expect(
        s.store.closeInterrupted('st10', { trigger: 2_000_000, attempt: 1 }, RECIPE, context),
      ).rejects.toMatchObject({
        code: 'EVT_SEQUENCE',
      })
    })

    it('closes everything else beside such a jump, reports it once and names it in the balance', async () => {
      await s.store.capture(request(1, passVerdict()))
      await s.store.capture(request(3, passVerdict()))
      await s.store.openTrigger({ station: 'st10', trigger: 4, at: at(4) })
      await s.store.capture(request(2_000_000, passVerdict()))
      await s.store.openTrigger({ station: 'st10', trigger: 2_000_002, at: at(9) })
      await expect(
        s.store.closeInterrupted('st10', { trigger: 2_000_003, attempt: 1 }, RECIPE, context),
      ).rejects.toMatchObject({
        code: 'EVT_SEQUENCE',
        detail: { actual: '1999995 of station st10 in 1999996 s: 5 to 1999999' },
      })
      // 2, 4, 2000001 and 2000002 are closed; the announced ones are none the less.
      const balance = [
        {
          station: 'st10',
          triggers: 2_000_002,
          verdicts: 3,
          noVerdicts: 4,
          open: 0,
          closed: false,
          unexplained: 1_999_995,
          gaps: [{ first: 5, last: 1_999_999 }],
        },
      ]
      expect(await s.store.balance()).toEqual(balance)
      s = await s.reopen()
      expect(
        await s.store.closeInterrupted('st10', { trigger: 2_000_003, attempt: 1 }, RECIPE, context),
      ).toBe(0)
      expect(await s.store.balance()).toEqual(balance)
    })

    it('finds what was lost since the last start, late announcements, and a counter that was set back', async () => {
      await s.store.capture(request(1000, passVerdict()))
      await s.store.capture(request(1003, passVerdict()))
      expect(await s.store.closeInterrupted('st10', { trigger: 1004, attempt: 1 }, RECIPE, context)).toBe(2)
      await s.store.capture(request(1006, passVerdict()))
      await s.store.capture(request(997, passVerdict()))
      // An announcement of a closed trigger opens nothing.
      await s.store.openTrigger({ station: 'st10', trigger: 1001, at: at(1001) })
      // 998, 999, 1004, 1005.
      expect(await s.store.closeInterrupted('st10', { trigger: 1007, attempt: 1 }, RECIPE, context)).toBe(4)
      expect(await s.store.balance()).toEqual([
        { station: 'st10', triggers: 10, verdicts: 4, noVerdicts: 6, open: 0, closed: true },
      ])
    })

    it('keeps what a gate did not take beside the record and as an event, both or none', async () => {
      const { inspectionId } = await s.store.capture(request(1, failVerdict()))
      const gate = gateFailed(inspectionId)
      await s.store.annotate(inspectionId, { gate })
      const wrong = {
        ...gate,
        failed: { ...gate.failed, id: uuidv7(), data: { ...gate.failed.data, code: 1 } },
      }
      await expect(s.store.annotate(inspectionId, { gate: wrong as never })).rejects.toMatchObject({
        code: 'EVT_SCHEMA',
      })
      await expect(s.store.emit({ ...gate.failed, id: uuidv7() })).rejects.toMatchObject({
        code: 'EVT_SCHEMA',
      })
      expect(s.log.read(1, 10).map((e) => e.event)).toMatchObject([gate.failed])
      const query = await s.query()
      expect((await query.part(inspectionId))?.gate).toEqual([{ command: gate.command, ack: gate.ack }])
      await query.close()
    })

    it('emits events of other kinds once, and refuses wrong ones', async () => {
      const alarm = {
        specversion: '1.0' as const,
        id: '01890000-0000-7000-8000-000000000001',
        source: '/plants/p1/lines/caps-a',
        type: 'qe.station.health.v1',
        subject: 'station/st10',
        time: at(1),
        datacontenttype: 'application/json' as const,
        dataschema: 'urn:sightline:schema:qe.station.health.v1',
        partitionkey: 'caps-a',
        data: { station: 'st10', alarm: 'frozen', active: true, code: 'CAM_FROZEN', message: 'frozen' },
      }
      await s.store.emit(alarm)
      await s.store.emit(alarm)
      expect(s.log.read(0, 10).map((e) => e.event)).toEqual([{ ...alarm, sequence: '00000000000000000001' }])
      await expect(s.store.emit({ ...alarm, data: { station: 'st10' } })).rejects.toMatchObject({
        code: 'EVT_SCHEMA',
      })
      // Both are made with what they tell, in one transaction.
      for (const type of ['qe.inspection.completed.v1', 'qe.image.deleted.v1'])
        await expect(s.store.emit({ ...alarm, type })).rejects.toMatchObject({ code: 'EVT_SCHEMA' })
    })

    it('records what a person decides about a part, about its last inspection, and takes it back', async () => {
      const first = request(1, failVerdict({ codes: [gs1Code('A1')] }))
      await s.store.capture(first)
      const source = { plant: 'p1', line: 'caps-a' }
      const tell = (n: number, rest: object): Promise<{ id: string }> =>
        s.store.recordFact({ id: uuidv7(), at: at(n), by: 'wang', reason: 'seen', ...rest } as never, source)
      const decision = { kind: 'dispose', unit: 'unit/A1', inspection: first.inspectionId }
      const wrong = await tell(2, { ...decision, disposition: 'scrap' })
      const { id } = await tell(3, { ...decision, disposition: 'rework', supersedes: wrong.id })
      await s.store.capture(request(4, passVerdict({ codes: [gs1Code('A1')] })))
      await expect(tell(5, { ...decision, disposition: 'release' })).rejects.toMatchObject({
        code: 'TRC_GENEALOGY',
      })
      await tell(6, { kind: 'retract', supersedes: id })
      const decided = s.log.read(0, 20).filter((e) => e.event.type === 'qe.unit.dispositioned.v1')
      expect(decided.map((e) => e.event.data)).toMatchObject([
        { disposition: 'scrap', inspection: first.inspectionId },
        { disposition: 'rework', inspection: first.inspectionId, supersedes: wrong.id },
      ])
    })

    it('packs, ships, uses and lets go nothing that is under a hold, nor ships what is on hold itself', async () => {
      await s.store.capture(request(1, failVerdict({ codes: [gs1Code('A1', 'L7')] })))
      await s.store.capture(request(2, passVerdict({ codes: [gs1Code('A2', 'L8')] })))
      const source = { plant: 'p1', line: 'caps-a' }
      let n = 2
      const tell = (rest: object): Promise<unknown> =>
        s.store.recordFact({ id: uuidv7(), at: at(++n), by: 'wang', ...rest } as never, source)
      const ship = { kind: 'ship', child: 'pallet/P', shipment: 'S1' }
      const held = { code: 'TRC_HELD' }
      for (const child of ['unit/A1', 'unit/A2']) await tell({ kind: 'aggregate', child, parent: 'box/B' })
      await tell({ kind: 'aggregate', child: 'box/B', parent: 'pallet/P' })
      await expect(tell(ship)).rejects.toMatchObject(held)
      await tell({ kind: 'dispose', unit: 'unit/A1', disposition: 'use-as-is', reason: 'seen' })
      await tell({ kind: 'hold', target: 'lot/L8', reason: 'pits' })
      const decision = { kind: 'dispose', unit: 'unit/A2', disposition: 'release', reason: 'seen' }
      for (const fact of [ship, decision, { kind: 'use', target: 'pallet/P' }])
        await expect(tell(fact)).rejects.toMatchObject(held)
      await tell({ kind: 'release', target: 'lot/L8', reason: 'sorted' })
      await tell(decision)
      await tell(ship)
    })

    it('numbers nonconformance reports by line and year, and checks each step', async () => {
      const source = { plant: 'p1', line: 'caps-a' }
      const about = { title: 't', severity: 'minor' as const, targets: ['lot/L7'] }
      const open = () =>
        s.store.recordNcrStep(
          { id: uuidv7(), by: 'li', kind: 'open', ...about, evidence: { inspections: [], classes: [] } },
          source,
        )
      const [a, b] = await Promise.all([open(), open()])
      expect([a.ncr.slice(-5), b.ncr.slice(-5)]).toEqual(['-0001', '-0002'])
      const close = { id: uuidv7(), by: 'li', kind: 'close' as const, ncr: a.ncr, reason: 'r' }
      await expect(s.store.recordNcrStep(close, source)).rejects.toMatchObject({ code: 'TRC_NCR' })
      s = await s.reopen()
      expect((await open()).ncr).toMatch(/-0003$/)
      expect(s.log.read(0, 9).map((e) => e.event.subject)).toEqual([
        `ncr/${a.ncr}`,
        `ncr/${b.ncr}`,
        expect.stringMatching(/-0003$/),
      ])
    })

    it('keeps cursors and letters of sinks, and shows them newest first, a page at a time', async () => {
      await Promise.all([1, 2, 3, 4, 5].map((n) => s.store.capture(request(n, passVerdict()))))
      const letter = (position: number, state: 'dead' | 'retry', reason: string) =>
        s.store.letter({ sink: 'sink:mes', position, state, attempts: 1, reason, at: at(position) })
      expect(await s.store.cursor('sink:mes')).toBe(0)
      for (const n of [1, 2, 3]) await letter(n, 'dead', 'HTTP 422')
      await s.store.advance('sink:mes', 3, [2])
      await letter(4, 'retry', 'HTTP 503')
      await s.store.advance('resolver', 5)
      await s.store.letter({
        sink: 'sink:cfx',
        position: 5,
        state: 'dead',
        attempts: 9,
        reason: 'rejected',
        at: at(5),
      })
      s = await s.reopen()
      const query = await s.query()
      const retrying = { position: 4, attempts: 1, reason: 'HTTP 503', since: at(4) }
      const cfx = { sink: 'cfx', position: 0, end: 5, behind: 5, retrying: null, dead: 1 }
      expect(query.sinks()).toEqual([cfx, { sink: 'mes', position: 3, end: 5, behind: 2, retrying, dead: 2 }])
      const shown = (ask: { limit: number; before?: number }) =>
        query.sinkLetters({ sink: 'mes', ...ask }).map((l) => [l.position, l.state, l.type])
      const type = 'qe.inspection.completed.v1'
      const page = [
        [4, 'retry', type],
        [3, 'dead', type],
      ]
      expect(shown({ limit: 2 })).toEqual(page)
      expect(shown({ limit: 2, before: 3 })).toEqual([[1, 'dead', type]])
      expect(query.sinkLetters({ sink: 'cfx', limit: 9 })).toEqual([
        {
          position: 5,
          state: 'dead',
          type,
          subject: s.log.read(4, 1)[0]?.event.subject,
          attempts: 9,
          reason: 'rejected',
          at: at(5),
        },
      ])
      expect(query.sinkLetters({ sink: 'no\0ne', limit: 9 })).toEqual([])
      expect((await s.store.deadLetters('sink:mes', 1, 9)).map((l) => l.position)).toEqual([3])
      await s.store.settle('sink:mes', 3)
      // Back, and forth again: what was tried again there is done with.
      await s.store.advance('sink:mes', 0)
      expect(shown({ limit: 9 }).map(([position]) => position)).toEqual([4, 1])
      await s.store.advance('sink:mes', 5)
      expect(shown({ limit: 9 }).map(([position]) => position)).toEqual([1])
      expect(await s.store.cursor('sink:mes')).toBe(5)
      query.close()
    })

    it('reports work done in its health', async () => {
      expect(s.store.health()).toEqual({ state: 'ok', queued: 0, spooled: 0, captured: 0, lastError: null })
      await s.store.capture(request(1, passVerdict()))
      expect(s.store.health()).toMatchObject({ state: 'ok', queued: 0, captured: 1 })
    })

    it('answers nothing after close', async () => {
      await s.store.close()
      await expect(s.store.capture(request(1, passVerdict()))).rejects.toMatchObject({ code: 'TRC_WRITE' })
    })
  })
}
