import { once } from 'node:events'
import type { GeneratedFrame } from '../camera/index.ts'
import { type CameraSpecOf, spawnWorker } from '../contracts/index.ts'

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

/**
 * Frames of the seeded sample line. Serials continue with the trigger number, so that a line that was restarted
 * does not make the same serial twice.
 */
export async function* sampleFrames(
  spec: CameraSpecOf<'sample-line'>,
  firstTrigger: number,
): AsyncGenerator<GeneratedFrame> {
  const order: SampleCameraOrder = {
    seed: spec.seed,
    count: spec.count ?? null,
    defectRate: spec.defectRate,
    firstSerial: firstTrigger,
  }
  const worker = spawnWorker(new URL('./sample-camera.worker.ts', import.meta.url), { workerData: order })
  try {
    for (;;) {
      worker.postMessage('next')
      const [picture] = (await once(worker, 'message')) as [SampleCameraPicture | null]
      if (!picture) return
      yield {
        bytes: picture.pixels,
        format: { kind: 'raw', pixel: 'mono8', widthPx: picture.widthPx, heightPx: picture.heightPx },
        source: `sample-line board ${picture.serial}${picture.defects.length ? ` (${picture.defects.join(', ')})` : ''}`,
      }
    }
  } finally {
    await worker.terminate()
  }
}
