import { expect, it } from 'vitest'
import { type InspectOutcome, monoMs, noVerdict } from '../../contracts/index.ts'
import { PendingInspection } from '../../inspection/queue/pending-inspection.ts'
import { job, passed, RECIPE } from './samples/queue-samples.ts'

/** The main thread gives nobody a turn for so long. */
const starve = (ms: number): void => {
  const until = monoMs() + ms
  while (monoMs() < until);
}

/** A frame that is out with the workers; whoever takes it over here says that its time is over. */
function sent(withinMs: number): PendingInspection {
  const tooLate: InspectOutcome = {
    ...passed('here'),
    verdict: noVerdict(RECIPE, { reason: 'deadline', code: 'INS_DEADLINE', message: 'too late' }),
  }
  const here = () => ({ outcome: Promise.resolve(tooLate), settled: Promise.resolve(null) })
  const times = { reserveMs: 0, graceMs: 5_000, onSilence: () => undefined }
  return new PendingInspection(job(withinMs), RECIPE.sha256, here, times)
}

it('an answer that is heard after the deadline, before any timer, is late and decides nothing', async () => {
  const pending = sent(20)
  starve(60)
  expect(pending.answer(passed('far'))).toBe(false)
  const { verdict, worker } = await pending.outcome
  expect([worker, verdict.noVerdict?.code, verdict.disposition]).toEqual(['here', 'INS_DEADLINE', 'hold'])
  expect(await pending.settled).toMatchObject({ outcome: { worker: 'far' }, lateByMs: expect.any(Number) })
})

it('an answer in time decides', async () => {
  const pending = sent(60_000)
  expect(pending.answer(passed('far'))).toBe(true)
  expect((await pending.outcome).worker).toBe('far')
  expect(await pending.settled).toBeNull()
})
