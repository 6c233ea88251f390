import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import type { GeneratedFrame } from '../../camera/index.ts'
import { type CameraSpecOf, endThread, spawnWorker } from '../../contracts/index.ts'

export interface SampleCameraOrder {
  seed: number
  count: number | null
  defectRate: number
  firstSerial: number
}

export interface SampleCameraPicture {
  pixels: Uint8Array
  widthPx: number
  heightPx: number
  serial: string
  defects: string[]
}

export interface SampleCamera {
  frames(): AsyncGenerator<GeneratedFrame>
  close(): Promise<void>
}

/**
 * The seeded sample line, drawn in a thread of its own. Resolves when the first board is drawn, so that no trigger
 * waits for the thread to start. Serials continue with the trigger number: a line that was restarted does not make
 * the same serial twice.
 */
export async function openSampleCamera(
  spec: CameraSpecOf<'sample-line'>,
  firstTrigger: number,
): Promise<SampleCamera> {
  const order: SampleCameraOrder = {
    seed: spec.seed,
    count: spec.count ?? null,
    defectRate: spec.defectRate,
    firstSerial: firstTrigger,
  }
  const worker = spawnWorker(new URL('./sample-camera.worker.ts', import.meta.url), { workerData: order })
  let next = await nextBoard(worker)
  return {
    async *frames() {
      while (next) {
        const picture = next
        const upcoming = nextBoard(worker)
        yield {
          bytes: picture.pixels,
          format: { kind: 'raw', pixel: 'mono8', widthPx: picture.widthPx, heightPx: picture.heightPx },
          source: `sample-line board ${picture.serial}${picture.defects.length ? ` (${picture.defects.join(', ')})` : ''}`,
        }
        next = await upcoming
      }
    },
    close: async () => void (await endThread(worker)),
  }
}

/** @throws what the thread died of */
async function nextBoard(worker: Worker): Promise<SampleCameraPicture | null> {
  worker.postMessage('next')
  const [picture] = (await once(worker, 'message')) as [SampleCameraPicture | null]
  return picture
}
