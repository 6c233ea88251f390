import { asCoded, errorText, type LineSpec, newEvent, type PartStore } from '../../contracts/index.ts'
import type { AccountPort, LineState } from '../../dashboard/index.ts'
import { AccountBook } from '../accounts/account-book.ts'
import { log } from '../setup/log.ts'

/** How often what happened to accounts, here or by a command, is taken over into the log, ms. */
const TELL_EVERY_MS = 2_000
const AT_ONCE = 100

export interface LineAccounts {
  /** Absent = their file cannot be read: nobody signs in, and the line goes on. */
  accounts?: AccountPort
  close(): Promise<void>
}

/** The accounts of a line; what happens to them is an event of its log, `qe.audit.v1`. */
export function openLineAccounts(
  dataDir: string,
  spec: LineSpec,
  store: Pick<PartStore, 'emit'>,
  notices: LineState['degraded'],
): LineAccounts {
  let book: AccountBook
  try {
    book = AccountBook.open(dataDir)
  } catch (error) {
    const why = asCoded(error, 'TRC_OPEN')
    log.error({ code: why.code, error: why.message }, 'the accounts cannot be read: nobody can sign in')
    const { en, zh } = errorText(why)
    notices.push({
      id: 'accounts',
      text: {
        en: `the accounts cannot be read, nobody can sign in: ${en}`,
        zh: `账户无法读取,无法登录:${zh}`,
      },
    })
    return { close: () => Promise.resolve() }
  }
  const tell = async (): Promise<void> => {
    for (const { id, at, audit } of book.audits({ open: true, limit: AT_ONCE })) {
      const { plant, line } = spec
      const event = newEvent({
        type: 'qe.audit.v1',
        source: `/plants/${plant}/lines/${line}`,
        subject: `account/${audit.account}`,
        partitionkey: line,
        data: audit,
      })
      await store.emit({ ...event, id, time: at })
      book.logged(id)
    }
  }
  let telling: Promise<void> = Promise.resolve()
  const soon = (): Promise<void> =>
    (telling = telling.then(tell).catch((error: unknown) => {
      // They stay open and are told with the next.
      const why = asCoded(error, 'TRC_WRITE')
      log.warn({ code: why.code, error: why.message }, 'what happened to accounts is not in the log yet')
    }))
  void soon()
  const timer = setInterval(() => void soon(), TELL_EVERY_MS)
  return {
    accounts: book,
    async close() {
      clearInterval(timer)
      await soon()
      book.close()
    },
  }
}
