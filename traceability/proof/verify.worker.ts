import { parentPort, workerData } from 'node:worker_threads'
import { openSql } from '../store/open-sql.ts'
import { checkRange, type Range } from './range-check.ts'

/** Checks pieces of a log as they are asked for, each answered by one message; ends with its port. */
export interface VerifyWorkerData {
  file: string
  tiles: { dir: string; size: number }
}

const { file, tiles } = workerData as VerifyWorkerData
const db = openSql(file, { synchronous: 'normal', readOnly: true })
parentPort?.on('message', (range: Range | null) => {
  if (range !== null) return parentPort?.postMessage(checkRange(db, range, tiles))
  db.close()
  parentPort?.close()
})
