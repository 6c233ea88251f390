import { CodedError } from '../../contracts/index.ts'
import { lockDataDir } from './data-dir-lock.ts'
import { lineAddress } from './line-address.ts'

/**
 * Changes something in a data directory: through the line that works in it, or directly when none does.
 *
 * @throws CFG_DATA_DIR when another program works there that has no address
 */
export async function inDataDir<T>(
  dir: string,
  { throughLine, alone }: { throughLine: (url: string) => Promise<T>; alone: () => Promise<T> },
): Promise<T> {
  let unlock: () => void
  try {
    unlock = lockDataDir(dir)
  } catch (error) {
    const address = lineAddress(dir)
    if (address === null) throw error
    return throughLine(address.url)
  }
  try {
    return await alone()
  } finally {
    unlock()
  }
}

/** Posts to a running line. @returns its answer, a refusal too @throws CFG_DATA_DIR when it gives none */
export async function postToLine<T>(
  url: string,
  path: string,
  body: object,
): Promise<{ status: number; answer: Partial<T> }> {
  try {
    const res = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { status: res.status, answer: (await res.json()) as Partial<T> }
  } catch (cause) {
    throw new CodedError('CFG_DATA_DIR', {
      expected: `the line at ${url}`,
      actual: 'no answer',
      hint: 'its dashboard must be reachable from here, or stop the line',
      cause,
    })
  }
}
