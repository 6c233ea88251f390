import { CodedError, type I18n, type InspectJob, type InspectOutcome } from '../../contracts/index.ts'
import { orSilence } from './canary.ts'
import { noWorkers } from './degraded.ts'
import type { WorkerSeat } from './worker-seat.ts'

/** A worker that takes longer than this for what is no frame of the line is replaced, ms. */
const STUCK_MS = 30_000
const STUCK: I18n = {
  en: 'stuck in a shadow judgement or a golden template',
  zh: '影子判定或黄金模板判定卡住',
}

/**
 * The worker that may do what nobody waits for: an idle one, when `keepFree` others stay idle for the frames that come
 * meanwhile. The last seat, because frames go to the first.
 */
export function spareSeat(seats: readonly WorkerSeat[], keepFree: number): WorkerSeat | null {
  const idle = seats.filter((s) => s.state === 'idle')
  return idle.length > keepFree ? (idle.at(-1) ?? null) : null
}

/** @throws INS_WORKER_LOST when the worker ended, or was replaced for taking too long */
export async function judgeOnSpare(seat: WorkerSeat | null, job: InspectJob): Promise<InspectOutcome> {
  if (!seat) throw new CodedError('INS_WORKER_LOST', { actual: 'no worker to spare' })
  const { life } = seat
  // A thread that hangs in native code never says that it has ended.
  const outcome = await orSilence(seat.judge(job, 0), STUCK_MS)
  if (outcome) return outcome
  if (seat.life === life) seat.recycle(STUCK)
  throw new CodedError('INS_WORKER_LOST', { actual: STUCK.en })
}

/**
 * The first worker that can; like a frame it gets another one when a worker is lost with it.
 *
 * @param judge undefined = the worker has failed
 * @throws INS_WORKER_LOST when two workers were lost with it, or none is left
 */
export async function judgeOnFirst(
  seats: readonly WorkerSeat[],
  judge: (seat: WorkerSeat) => Promise<InspectOutcome | undefined>,
): Promise<InspectOutcome> {
  let losses = 0
  for (const seat of [...seats, ...seats]) {
    try {
      const outcome = await judge(seat)
      if (outcome) return outcome
    } catch (error) {
      losses += 1
      if (losses > 1) throw error
    }
  }
  throw new CodedError('INS_WORKER_LOST', { actual: noWorkers(seats).en })
}
