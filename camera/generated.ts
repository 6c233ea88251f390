import type { FrameFormat, FrameSource } from '../contracts/index.ts'
import type { SharedFramePool } from './frame-pool.ts'
import { pacedSource } from './paced-source.ts'
import type { Picture } from './paced-source.ts'
import { copyIntoSlot } from './slot-frame.ts'

/** A picture made by a program; the bytes are copied before the next one is asked for. */
export interface GeneratedFrame {
  bytes: Uint8Array
  format: FrameFormat
  reference?: { bytes: Uint8Array; format: FrameFormat }
  /** What it is, for people. */
  source: string
  cameraCounter?: number | null
}

export interface GeneratedOptions {
  adapter: string
  station: string
  view: string
  pool: SharedFramePool
  firstTrigger: number
  rate: number | 'max' | 'triggered'
  backPressure: 'wait' | 'miss'
  frames: () => AsyncIterable<GeneratedFrame>
}

/** A simulated camera in front of a generator of frames. One frame is made ahead of its trigger. */
export function generatedSource(options: GeneratedOptions): FrameSource {
  const { frames, ...pace } = options

  async function* pictures(): AsyncGenerator<Picture, void, undefined> {
    let index = 0
    for await (const frame of frames()) {
      const cameraCounter = frame.cameraCounter === undefined ? index : frame.cameraCounter
      index += 1
      yield {
        source: frame.source,
        cameraCounter,
        fill: (target) => copyIntoSlot(target, frame, frame.reference),
      }
    }
  }

  return pacedSource({ ...pace, pictures })
}
