import { parentPort, workerData } from 'node:worker_threads'
import type { DrawnBoard, DrawnLineOrder } from './drawn-line.ts'
import { sampleLine } from './line.ts'

// Boards are drawn in a thread of their own: a board takes as long as a part may wait for the event loop.
const order = workerData as DrawnLineOrder
const boards = sampleLine(order.seed, {
  count: order.count ?? Infinity,
  defectRate: order.defectRate,
  firstSerial: order.firstSerial,
})

parentPort?.on('message', async () => {
  const next = await boards.next()
  if (next.done) {
    parentPort?.postMessage(null)
    return
  }
  const { pixels, widthPx, heightPx, truth } = next.value
  const board: DrawnBoard = {
    pixels,
    widthPx,
    heightPx,
    serial: truth.serial,
    defects: truth.defects.map((d) => d.class),
  }
  parentPort?.postMessage(board, [pixels.buffer as ArrayBuffer])
})
