import { CodedError } from '../../contracts/index.ts'
import { AccountBook } from '../accounts/account-book.ts'
import { lockDataDir } from './data-dir-lock.ts'
import { lineAddress } from './line-address.ts'

/** A line to ask. */
export interface LineToAsk {
  url: string
  /** Shows that who asks can read the data directory: the line may not trust everybody on its machine. Null = cannot. */
  token: string | null
}

/**
 * Changes something in a data directory: through the line that works in it, or directly when none does.
 *
 * @throws CFG_DATA_DIR when another program works there that has no address
 */
export async function inDataDir<T>(
  dir: string,
  { throughLine, alone }: { throughLine: (line: LineToAsk) => Promise<T>; alone: () => Promise<T> },
): Promise<T> {
  let unlock: () => void
  try {
    unlock = lockDataDir(dir)
  } catch (error) {
    const address = lineAddress(dir)
    if (address === null) throw error
    const key = AccountBook.keyIn(dir)
    // Who works without a line needs nothing of its server.
    const { dataDirToken } = await import('../../dashboard/index.ts')
    return throughLine({ url: address.url, token: key && dataDirToken(key) })
  }
  try {
    return await alone()
  } finally {
    unlock()
  }
}

/** Posts to a running line. @returns its answer, a refusal too @throws CFG_DATA_DIR when it gives none */
export async function postToLine<T>(
  { url, token }: LineToAsk,
  path: string,
  body: object,
): Promise<{ status: number; answer: Partial<T> }> {
  const post = async (headers: Record<string, string>): Promise<{ status: number; answer: Partial<T> }> => {
    const res = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
    return { status: res.status, answer: (await res.json()) as Partial<T> }
  }
  try {
    const told = await post({})
    // Only then: a line that was started before an update, or whose accounts were exchanged since, refuses the token.
    return told.status === 403 && token !== null ? await post({ authorization: `Bearer ${token}` }) : told
  } catch (cause) {
    throw new CodedError('CFG_DATA_DIR', {
      expected: `the line at ${url}`,
      actual: 'no answer',
      hint: 'its dashboard must be reachable from here, or stop the line',
      cause,
    })
  }
}
