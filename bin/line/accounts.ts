import { join } from 'node:path'
import {
  type AccountAudit,
  asCoded,
  CodedError,
  errorText,
  type LineSpec,
  newEvent,
  type PartStore,
} from '../../contracts/index.ts'
import type { AccountPort, LineState } from '../../dashboard/index.ts'
import type { SqliteEventLog } from '../../traceability/index.ts'
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
  events: Pick<SqliteEventLog, 'newestOf'>,
  notices: LineState['degraded'],
): LineAccounts {
  let book: AccountBook
  try {
    book = openNewest(dataDir, events)
  } catch (error) {
    const why = asCoded(error, 'TRC_OPEN')
    log.error({ code: why.code, error: why.message }, 'the accounts cannot be read: nobody can sign in')
    notices.push(unread(why))
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
  const look = fileLook(book, notices)
  const timer = setInterval(() => {
    look()
    void soon()
  }, TELL_EVERY_MS)
  return {
    accounts: book,
    async close() {
      clearInterval(timer)
      await soon()
      book.close()
    },
  }
}

const unread = (why: CodedError): LineState['degraded'][number] => {
  const { en, zh } = errorText(why)
  return {
    id: 'accounts',
    text: {
      en: `the accounts cannot be read, nobody can sign in: ${en}`,
      zh: `账户无法读取,无法登录:${zh}`,
    },
  }
}

/** Says while the file is not in its place that nobody is known by it. */
function fileLook(book: AccountBook, notices: LineState['degraded']): () => void {
  let said: LineState['degraded'][number] | null = null
  return () => {
    const astray = book.astray()
    if (astray && !said) {
      log.error({ code: astray.code, error: astray.message }, 'the accounts are not in their place')
      notices.push((said = unread(astray)))
    } else if (!astray && said) {
      log.warn('the accounts are in their place again')
      notices.splice(notices.indexOf(said), 1)
      said = null
    }
  }
}

/**
 * An older copy would have accounts that were removed, and passwords that were changed; one that was begun anew has none.
 *
 * @throws TRC_OPEN where the file lacks what the log tells last of accounts
 */
function openNewest(dataDir: string, events: Pick<SqliteEventLog, 'newestOf'>): AccountBook {
  const book = AccountBook.open(dataDir)
  try {
    const told = events.newestOf<AccountAudit>('account', 'qe.audit.v1')
    if (told === null || book.follows(told.id)) return book
    const { action, account } = told.data
    throw new CodedError('TRC_OPEN', {
      file: join(dataDir, 'accounts.db'),
      expected: `what the event log tells last of the accounts: ${account} ${action}, ${told.time}`,
      actual:
        'a file without it: it was emptied or taken away, is an older copy, or lacks its write-ahead log (-wal)',
      hint: 'put the newest copy back; where there is none, see by `sightline account list` what is there, say by `account add`, `set` or `remove` what is to be, and start again',
      zh: {
        expected: `事件日志中最后一条账户记录:${account} ${action},${told.time}`,
        actual: '文件中没有该记录:文件已被清空或移走,是较旧的副本,或缺少预写日志(-wal)',
        hint: '请恢复最新的副本;没有副本时请用 `sightline account list` 查看现有账户,用 `account add`、`set` 或 `remove` 确定应有的账户,然后重新启动',
      },
    })
  } catch (error) {
    book.close()
    throw error
  }
}
