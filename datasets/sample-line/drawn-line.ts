import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { endThread, spawnWorker } from '../../contracts/index.ts'

export interface DrawnLineOrder {
  seed: number
  /** Null = until it is closed. */
  count: number | null
  /** Share of boards with defects, 0..1. */
  defectRate: number
  firstSerial: number
}

export interface DrawnBoard {
  pixels: Uint8Array
  widthPx: number
  heightPx: number
  serial: string
  defects: string[]
}

export interface DrawnLine {
  boards(): AsyncGenerator<DrawnBoard>
  close(): Promise<void>
}

/**
 * The seeded sample line, drawn in a thread of its own. Resolves when the first board is drawn, so that no trigger
 * waits for the thread to start.
 */
export async function drawSampleLine(order: DrawnLineOrder): Promise<DrawnLine> {
  const worker = spawnWorker(new URL('./drawn-line.worker.ts', import.meta.url), { workerData: order })
  let next = await nextBoard(worker)
  return {
    async *boards() {
      while (next) {
        const upcoming = nextBoard(worker)
        yield next
        next = await upcoming
      }
    },
    close: async () => void (await endThread(worker)),
  }
}

/** @throws what the thread died of */
async function nextBoard(worker: Worker): Promise<DrawnBoard | null> {
  worker.postMessage('next')
  const [board] = (await once(worker, 'message')) as [DrawnBoard | null]
  return board
}
