/** At once: opening thousands of files together fails. */
const LANES = 8

/**
 * Works through a list, some at a time, keeping the order. Each piece of work begins in the order of the list. After a
 * failure nothing more begins, and what has begun ends before the failure is thrown.
 */
export async function mapInOrder<T, R>(
  list: readonly T[],
  work: (item: T, n: number) => Promise<R>,
  lanes = LANES,
): Promise<R[]> {
  const out: R[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    try {
      for (let n = next++; n < list.length; n = next++) out[n] = await work(list[n] as T, n)
    } catch (error) {
      next = list.length
      throw error
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: Math.min(lanes, list.length) }, lane))
  const failure = ends.find((e) => e.status === 'rejected')
  if (failure !== undefined) throw failure.reason
  return out
}
