import { CodedError, type InspectJob, type InspectOutcome } from '../../contracts/index.ts'
import type { WorkerSeat } from './worker-seat.ts'

/** A worker that takes longer than this for what is no frame of the line is replaced, ms. */
const STUCK_MS = 30_000

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
  const stuck = setTimeout(() => {
    if (seat.life === life)
      seat.recycle({
        en: 'stuck in a shadow judgement or a golden template',
        zh: '影子判定或黄金模板判定卡住',
      })
  }, STUCK_MS)
  try {
    return await seat.judge(job, 0)
  } finally {
    clearTimeout(stuck)
  }
}
