import type { GeneratedFrame } from '../../camera/index.ts'
import type { CameraSpecOf } from '../../contracts/index.ts'
import { drawSampleLine } from '../../datasets/index.ts'

export interface SampleCamera {
  frames(): AsyncGenerator<GeneratedFrame>
  close(): Promise<void>
}

/**
 * The seeded sample line as a camera. Serials continue with the trigger number: a line that was restarted does not make
 * the same serial twice.
 */
export async function openSampleCamera(
  spec: CameraSpecOf<'sample-line'>,
  firstTrigger: number,
): Promise<SampleCamera> {
  const line = await drawSampleLine({
    seed: spec.seed,
    count: spec.count ?? null,
    defectRate: spec.defectRate,
    firstSerial: firstTrigger,
  })
  return {
    async *frames() {
      for await (const { pixels, widthPx, heightPx, serial, defects } of line.boards())
        yield {
          bytes: pixels,
          format: { kind: 'raw', pixel: 'mono8', widthPx, heightPx },
          source: `sample-line board ${serial}${defects.length ? ` (${defects.join(', ')})` : ''}`,
        }
    },
    close: () => line.close(),
  }
}
