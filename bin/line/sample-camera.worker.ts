import { parentPort, workerData } from 'node:worker_threads'
import { sampleLine } from '../../datasets/index.ts'
import type { SampleCameraOrder, SampleCameraPicture } from './sample-camera.ts'

// Boards are drawn in a thread of their own: a board takes as long as a part may wait for the event loop.
const order = workerData as SampleCameraOrder
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
  const picture: SampleCameraPicture = {
    pixels,
    widthPx,
    heightPx,
    serial: truth.serial,
    defects: truth.defects.map((d) => d.class),
  }
  parentPort?.postMessage(picture, [pixels.buffer as ArrayBuffer])
})
