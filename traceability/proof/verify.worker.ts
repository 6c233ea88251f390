import { parentPort, workerData } from 'node:worker_threads'
import type { SqlDatabase } from '../../contracts/index.ts'
import { asCoded } from '../../contracts/thread.ts'
import { openSql } from '../store/open-sql.ts'
import type { WireError } from '../store/store-ops.ts'
import { damagedPages } from './damaged-pages.ts'
import { keepFewPages } from './few-pages.ts'
import { inspectedLinks } from './inspected-links.ts'
import { type ProvenTiles, type Range, RangeWalk } from './range-walk.ts'

/** Which file, and the statements that make what it lacks, empty, for a connection. */
export interface PieceData {
  file: string
  absent: readonly string[]
}

export interface PieceAsk {
  range: Range
  tiles: ProvenTiles
}

/** A piece of the log, or the pages of its file; each is answered by one message. Null ends the thread. */
export type Ask = PieceAsk | 'pages'

/** The result is a `RangeResult`, or what is damaged. An error object would lose its code on the way. */
export type Answer = { ok: true; result: unknown } | { ok: false; error: WireError }

const data = workerData as PieceData
let db: SqlDatabase | null = null

function open({ file, absent }: PieceData): SqlDatabase {
  const opened = keepFewPages(openSql(file, { synchronous: 'normal', readOnly: true }))
  for (const statement of absent) opened.exec(statement)
  return opened
}

/** What looks at rows one by one is loaded when there is such a row. */
async function answer(ask: Ask): Promise<Answer> {
  try {
    db ??= open(data)
    if (ask === 'pages') return { ok: true, result: damagedPages(db) }
    const { range, tiles } = ask
    const walk = new RangeWalk(db, range, tiles, inspectedLinks(db))
    const result = walk.asSigned() ? walk.result() : (await import('./range-check.ts')).finishRange(db, walk)
    return { ok: true, result }
  } catch (error) {
    const { toWire } = await import('../store/store-ops.ts')
    return { ok: false, error: toWire(asCoded(error, 'TRC_PROOF')) }
  }
}

/** One after the other, in the order they were asked for. */
let turn = Promise.resolve()
parentPort?.on('message', (ask: Ask | null) => {
  turn = turn.then(async () => {
    if (ask !== null) return parentPort?.postMessage(await answer(ask))
    db?.close()
    parentPort?.close()
  })
})
