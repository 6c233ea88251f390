import { parentPort, workerData } from 'node:worker_threads'
import { asCoded, type SqlDatabase } from '../../contracts/index.ts'
import { openSql } from '../store/open-sql.ts'
import { toWire, type WireError } from '../store/store-ops.ts'
import { checkRange, type Range, type RangeResult } from './range-check.ts'

/** Checks pieces of a log as they are asked for, each answered by one message; ends with its port. */
export interface VerifyWorkerData {
  file: string
  tiles: { dir: string; size: number }
}

/** An error object would lose its code on the way. */
export type PieceAnswer = { ok: true; result: RangeResult } | { ok: false; error: WireError }

const { file, tiles } = workerData as VerifyWorkerData
let db: SqlDatabase | null = null

function answer(range: Range): PieceAnswer {
  try {
    db ??= openSql(file, { synchronous: 'normal', readOnly: true })
    return { ok: true, result: checkRange(db, range, tiles) }
  } catch (error) {
    return { ok: false, error: toWire(asCoded(error, 'TRC_PROOF')) }
  }
}

parentPort?.on('message', (range: Range | null) => {
  if (range !== null) return parentPort?.postMessage(answer(range))
  db?.close()
  parentPort?.close()
})
