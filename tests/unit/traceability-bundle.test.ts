import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { makeBundle, openPartStore, proofOfPart, verifyBundle } from '../../traceability/index.ts'
import { signNow, temporary } from './samples/signed-log.ts'
import { newEvent, triggerSubject, uuidv7 } from '../../contracts/index.ts'
import {
  context,
  gateFailed,
  gs1Code,
  passVerdict,
  request,
  reviewed,
} from './samples/traceability-requests.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

/** A part that is seen again and again, as a carrier or a reference piece is. */
const SEEN = 1_010
const place = temporary()
beforeAll(async () => {
  const store = await openPartStore({ dataDir: place.dir, synchronous: 'normal', spoolAfterMs: 60_000 })
  const asks = Array.from({ length: SEEN }, (_, n) =>
    request(n + 1, passVerdict({ codes: [gs1Code('AGAIN')] }), { image: null }),
  )
  await Promise.all(asks.map((ask) => store.capture(ask)))
  const last = asks.at(-1)
  if (last !== undefined) await store.emit({ ...reviewed(last.inspectionId), subject: 'unit/AGAIN' })
  await store.close()
  await signNow(place.dir)
})
afterAll(() => place.dispose())

it('the evidence about a part that was seen more than a thousand times leaves nothing out', async () => {
  const bundle = await makeBundle(place.dir, 'AGAIN', null)
  expect(bundle.events).toHaveLength(SEEN + 1)
  expect(verifyBundle(JSON.stringify(bundle))).toMatchObject({
    state: 'intact',
    events: SEEN + 1,
    signed: SEEN + 1,
  })
  expect((await proofOfPart(place.dir, 'AGAIN'))?.events).toHaveLength(SEEN + 1)
})

it('where less may be handed out it is refused, and where it is to be had is said', async () => {
  const said = /^TRC_BUNDLE: .*expected at most 1000 events about a part; found 1011; .*--bundle part\.json/
  await expect(makeBundle(place.dir, 'AGAIN', null, { events: 1_000 })).rejects.toThrow(said)
  await expect(proofOfPart(place.dir, 'AGAIN', 1_000)).rejects.toThrow(said)
})

it('what the gate did, a stray read and what people decided are among the evidence', async () => {
  const store = await openPartStore({ dataDir: place.dir, synchronous: 'normal', spoolAfterMs: 60_000 })
  const [part, other] = [SEEN + 1, SEEN + 2].map((n) =>
    request(n, passVerdict({ codes: [gs1Code(`ONCE${n}`)] }), { image: null }),
  )
  if (part === undefined || other === undefined) throw new Error('two parts')
  for (const { inspectionId, ...ask } of [part, other]) {
    await store.capture({ inspectionId, ...ask })
    await store.annotate(inspectionId, { gate: gateFailed(inspectionId) })
    const data = {
      reader: 'r1',
      text: 'X',
      symbologyId: '',
      readAt: ask.startedAt,
      reason: 'late',
      message: '',
    }
    await store.emit(
      newEvent({
        type: 'qe.read.stray.v1',
        source: '/plants/p1/lines/caps-a/stations/st10',
        subject: triggerSubject(ask),
        partitionkey: 'caps-a',
        data: { ...data, station: ask.station, trigger: ask.trigger, attempt: ask.attempt },
      }),
    )
  }
  const decided = {
    kind: 'dispose',
    unit: `unit/ONCE${SEEN + 1}`,
    disposition: 'scrap',
    reason: 'r',
    by: 'li',
  }
  await store.recordFact({ ...decided, id: uuidv7(), at: new Date().toISOString() } as never, {
    plant: context.plant,
    line: context.line,
  })
  await store.close()
  await signNow(place.dir)
  const bundle = await makeBundle(place.dir, `ONCE${SEEN + 1}`, null)
  expect(bundle.events.map((e) => (JSON.parse(e.json) as { type: string }).type)).toEqual([
    'qe.inspection.completed.v1',
    'qe.gate.failed.v1',
    'qe.read.stray.v1',
    'qe.unit.dispositioned.v1',
  ])
  expect(verifyBundle(JSON.stringify(bundle))).toMatchObject({ state: 'intact', events: 4 })
  // As PowerShell and editors of Windows save text.
  expect(verifyBundle(`\uFEFF${JSON.stringify(bundle)}`)).toMatchObject({ state: 'intact', events: 4 })
})
