import type { CodedError, SqlDatabase } from '../../contracts/index.ts'
import { OwnFile } from './own-file.ts'

const FILE_AWAY = {
  en: 'put it back where it was; where it is lost, stop the line and restore the whole data directory from a backup',
  zh: '请将其放回原处;若已丢失,请停止产线,并从备份恢复整个数据目录',
}
const LOG_AWAY = {
  en: 'stop the line and start it again: what was recorded is in the database',
  zh: '请停止产线并重新启动:已记录的内容在数据库中',
}

/** Whether what the connection writes is what the next start will read: `trace.db` and the write-ahead log beside it. */
export class OwnDatabase {
  readonly #db: SqlDatabase
  readonly #file: OwnFile
  readonly #log: OwnFile
  #folded = false

  /** @param db has written or read already, so that both files are there */
  constructor(db: SqlDatabase, path: string) {
    this.#db = db
    this.#file = new OwnFile(path, FILE_AWAY)
    this.#log = new OwnFile(`${path}-wal`, LOG_AWAY)
    this.#file.note()
    this.#log.note()
  }

  /** TRC_WRITE where it is not: nothing that is written now is durable. */
  astray(): CodedError | null {
    const file = this.#file.astray()
    if (file !== null) return file
    const log = this.#log.astray()
    if (log !== null) this.#fold()
    return log
  }

  /**
   * What was recorded before the log was taken away lies in it, and is gone with this process. What somebody still reads
   * holds the rest back, so it is tried until all is there: a part of it alone is a damaged file.
   */
  #fold(): void {
    if (this.#folded) return
    try {
      const done = this.#db.get('pragma wal_checkpoint(passive)')
      this.#folded = done?.['busy'] === 0 && done['log'] === done['checkpointed']
    } catch {
      // The close of the connection does the same.
    }
  }
}
