import { chmodSync, closeSync, openSync, statSync } from 'node:fs'
import { CodedError } from '../../contracts/index.ts'
import { OwnFile } from '../../traceability/index.ts'

/** For nobody else to read. */
const PRIVATE = 0o600

const AWAY = {
  en: 'put it back where it was, or start again: until then nobody is known by this file',
  zh: '请将其放回原处,或重新启动;在此之前不按此文件识别任何人',
}

/** Makes the file of the accounts where there is none yet. @throws TRC_OPEN */
export function makeAccountFile(file: string): void {
  refuseEmpty(file)
  makePrivate(file)
}

/**
 * The files that are open, database and write-ahead log: what a command changes in others, as the removal of an account,
 * would not be known here.
 */
export function ownAccountFiles(file: string): OwnFile[] {
  return [file, `${file}-wal`].map((path) => {
    const own = new OwnFile(path, AWAY)
    own.note()
    return own
  })
}

/** SQLite makes a new database of it, without accounts and with another key. @throws TRC_OPEN */
function refuseEmpty(file: string): void {
  if (statSync(file, { throwIfNoEntry: false })?.size !== 0) return
  throw new CodedError('TRC_OPEN', {
    file,
    expected: 'a database of accounts',
    actual: 'a file of 0 bytes: it was emptied',
    hint: 'put the newest copy back; where there is none, remove the file, and make the accounts again by `sightline account add`',
    zh: {
      expected: '账户数据库',
      actual: '0 字节的文件:内容已被清空',
      hint: '请恢复最新的副本;没有副本时请删除该文件,并用 `sightline account add` 重新建立账户',
    },
  })
}

/** Before the database is opened: what SQLite lays beside it has the mode that the file has then. @throws TRC_OPEN */
function makePrivate(file: string): void {
  try {
    closeSync(openSync(file, 'a', PRIVATE))
    chmodSync(file, PRIVATE)
  } catch (cause) {
    throw new CodedError('TRC_OPEN', {
      path: file,
      expected: 'a file that can be written',
      actual: String(cause),
      cause,
    })
  }
}
