import { totalmem } from 'node:os'
import { CodedError } from '../contracts/index.ts'
import type { FramePool, FrameSlot } from '../contracts/index.ts'

/** A frame pool that sources can also wait on; back-pressure policy `wait`. */
export interface SharedFramePool extends FramePool {
  /**
   * The next free slot, first come, first served; null once `signal` aborts. Waiters come before a later
   * `acquire()`, so that a source that may wait is not starved by one that may not.
   */
  acquireLater(signal: AbortSignal): Promise<FrameSlot | null>
}

/**
 * Fixed set of shared slots, allocated once. A released slot is handed to the longest waiter.
 *
 * @throws CFG_INVALID for sizes below one, or more than the machine has; CAM_SLOT from `release()` of a slot that is not taken
 */
export function createFramePool(size: { slots: number; slotBytes: number }): SharedFramePool {
  const { slots, slotBytes } = size
  for (const [path, value] of Object.entries(size)) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new CodedError('CFG_INVALID', { path: `frames.${path}`, expected: '>= 1', actual: String(value) })
  }
  const buffers = allocate(slots, slotBytes)
  const free = Array.from({ length: slots }, (_, i) => slots - 1 - i)
  const waiters: ((slot: FrameSlot) => void)[] = []

  const take = (index: number): FrameSlot => {
    const buffer = buffers[index]
    if (buffer === undefined) throw new CodedError('CAM_SLOT', { actual: `slot ${index} of ${slots}` })
    let taken = true
    return {
      index,
      buffer,
      release() {
        // The flag belongs to this loan: a late second release must not free the slot's next borrower.
        if (!taken) {
          throw new CodedError('CAM_SLOT', {
            expected: 'one release per acquired slot',
            actual: `a second release of slot ${index}`,
            hint: 'somebody else may be reading these pixels: find the owner who released too early',
          })
        }
        taken = false
        const waiter = waiters.shift()
        if (waiter) waiter(take(index))
        else free.push(index)
      },
    }
  }

  const acquire = (): FrameSlot | null => {
    const index = free.pop()
    return index === undefined ? null : take(index)
  }

  return {
    slots,
    slotBytes,
    buffers,
    get free() {
      return free.length
    },
    acquire,
    acquireLater(signal) {
      if (signal.aborted) return Promise.resolve(null)
      const now = acquire()
      if (now) return Promise.resolve(now)
      return new Promise((resolve) => {
        const give = (slot: FrameSlot): void => {
          signal.removeEventListener('abort', stop)
          resolve(slot)
        }
        const stop = (): void => {
          const at = waiters.indexOf(give)
          if (at >= 0) waiters.splice(at, 1)
          resolve(null)
        }
        waiters.push(give)
        signal.addEventListener('abort', stop, { once: true })
      })
    },
  }
}

/** The system gives memory that it does not have, and takes the process when the frames come to fill it. */
function allocate(slots: number, slotBytes: number): SharedArrayBuffer[] {
  const refused = (expected: string, cause?: unknown): CodedError =>
    new CodedError('CFG_INVALID', {
      path: 'frames',
      expected,
      actual: `${slots} slots of ${slotBytes} bytes`,
      hint: 'lower frames.slots or frames.slotBytes',
      cause,
    })
  if (slots * slotBytes > totalmem()) throw refused(`at most ${totalmem()} bytes, the memory of this machine`)
  try {
    return Array.from({ length: slots }, () => new SharedArrayBuffer(slotBytes))
  } catch (error) {
    throw refused('as much memory as the system gives', error)
  }
}
